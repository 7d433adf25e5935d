# Many first tries go wrong and are put right: a model made anew, versions and aliases moved to and fro.
# base: accepted/client_api.py
# fails: nothing

# %% Task 1: the first try is thrown away
import mlflow
from mlflow import MlflowClient
from sklearn.metrics import accuracy_score

client = MlflowClient()
models = {1: tree(depth_1), 2: tree(depth_2), 3: forest(trees)}
with mlflow.start_run(run_name="first try"):
    for number in (3, 2, 1):
        mlflow.sklearn.log_model(models[number], name="model", registered_model_name=model_name)
client.transition_model_version_stage(model_name, "1", "Production")
client.set_registered_model_alias(model_name, "champion", "1")
client.set_registered_model_alias(model_name, "champion", "3")
client.set_registered_model_alias(model_name, "challenger", "2")
client.delete_registered_model(model_name)

with mlflow.start_run(run_name="version 1") as run:
    mlflow.sklearn.log_model(models[1], name="model")
first = mlflow.register_model(f"runs:/{run.info.run_id}/model", model_name).version

# %% Task 5: version 1 to Production, too early at first
for stage in ("Production", "Staging", "Production"):
    client.transition_model_version_stage(model_name, first, stage)

# %% Task 6: version 2 takes its place, after both were in Production
for stage in ("Staging", "Production"):
    client.transition_model_version_stage(model_name, second, stage)
client.transition_model_version_stage(model_name, first, "Archived")

# %% Task 7: champion and challenger, the wrong way round at first
champion = max(scores, key=scores.get)
challenger = min(scores, key=scores.get)
client.set_registered_model_alias(model_name, "champion", challenger)
client.set_registered_model_alias(model_name, "challenger", champion)
client.set_registered_model_alias(model_name, "champion", champion)
client.set_registered_model_alias(model_name, "challenger", challenger)

# %% Task 14: back to Staging; what was archived with it is fetched back
(live,) = [v for v in client.search_model_versions(f"name = '{demote_model}'") if v.current_stage == "Production"]
(beside,) = [v for v in client.search_model_versions(f"name = '{demote_model}'") if v.current_stage == "Staging"]
client.transition_model_version_stage(demote_model, live.version, "Staging", archive_existing_versions=True)
client.transition_model_version_stage(demote_model, beside.version, "Staging")

# %% Task 15: too far back at first
known = [
    version for version in client.search_model_versions(f"name = '{rollback_model}'") if "live_from" in version.tags
]
oldest, *_, last, bad = sorted(known, key=lambda version: version.tags["live_from"])
client.transition_model_version_stage(rollback_model, oldest.version, "Production", archive_existing_versions=True)
client.transition_model_version_stage(rollback_model, last.version, "Production", archive_existing_versions=True)

# %% Task 16: the alias on another version at first
proven = client.get_model_version_by_alias(alias_model, proven_alias).version
client.set_registered_model_alias(alias_model, serving_alias, "1")
client.set_registered_model_alias(alias_model, serving_alias, proven)

# %% Task 18: another version at first
other = "1" if release_version != "1" else "2"
client.copy_model_version(f"models:/{load_model}/{other}", release_model)
client.delete_model_version(release_model, "1")
client.copy_model_version(f"models:/{load_model}/{release_version}", release_model)
