# MlflowClient for all that the registry does; the fluent API logs and loads.
# fails: nothing

# %% Set-up
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

root = dbutils.widgets.get("root")
label = dbutils.widgets.get("label")
random_state = int(dbutils.widgets.get("random_state"))
train, test = (pd.read_parquet(f"{root}/data/{name}.parquet") for name in ("train", "test"))
X_train, y_train = train.drop(columns=label), train[label]
X_test, y_test = test.drop(columns=label), test[label]

# Your own registered model
model_name = dbutils.widgets.get("model_name")
depth_1 = int(dbutils.widgets.get("depth_1"))
depth_2 = int(dbutils.widgets.get("depth_2"))
trees = int(dbutils.widgets.get("trees"))
purpose = dbutils.widgets.get("purpose")
tag_key = dbutils.widgets.get("tag_key")
tag_value = dbutils.widgets.get("tag_value")
note = dbutils.widgets.get("note")
score_key = dbutils.widgets.get("score_key")
fallback_alias = dbutils.widgets.get("fallback_alias")

# The registry as it came
load_model = dbutils.widgets.get("load_model")
load_version = dbutils.widgets.get("load_version")
load_stage = dbutils.widgets.get("load_stage")
load_alias = dbutils.widgets.get("load_alias")
latest_model = dbutils.widgets.get("latest_model")
search_model = dbutils.widgets.get("search_model")
search_key = dbutils.widgets.get("search_key")
search_value = dbutils.widgets.get("search_value")
demote_model = dbutils.widgets.get("demote_model")
rollback_model = dbutils.widgets.get("rollback_model")
alias_model = dbutils.widgets.get("alias_model")
serving_alias = dbutils.widgets.get("serving_alias")
proven_alias = dbutils.widgets.get("proven_alias")
delete_model = dbutils.widgets.get("delete_model")
delete_key = dbutils.widgets.get("delete_key")
delete_value = dbutils.widgets.get("delete_value")
release_model = dbutils.widgets.get("release_model")
release_version = dbutils.widgets.get("release_version")


def tree(depth):
    """A decision tree of this depth, trained."""
    return DecisionTreeClassifier(max_depth=depth, random_state=random_state).fit(X_train, y_train)


def forest(trees):
    """A random forest of so many trees, trained."""
    return RandomForestClassifier(n_estimators=trees, random_state=random_state).fit(X_train, y_train)

# %% Task 1: version 1, from its run
import mlflow
from mlflow import MlflowClient
from sklearn.metrics import accuracy_score

client = MlflowClient()
client.create_registered_model(model_name)
models = {1: tree(depth_1), 2: tree(depth_2), 3: forest(trees)}
with mlflow.start_run(run_name="version 1") as run:
    mlflow.log_param("max_depth", depth_1)
    logged = mlflow.sklearn.log_model(models[1], name="model")
first = client.create_model_version(model_name, source=logged.model_uri, run_id=run.info.run_id).version

# %% Task 2: version 2, while logging
with mlflow.start_run(run_name="version 2"):
    mlflow.log_param("max_depth", depth_2)
    logged = mlflow.sklearn.log_model(models[2], name="model", registered_model_name=model_name)
second = logged.registered_model_version

# %% Task 3: what the model is for
client.update_registered_model(model_name, description=purpose)
client.set_registered_model_tag(model_name, tag_key, tag_value)

# %% Task 4: what the versions are worth
client.update_model_version(model_name, second, description=note)
scores = {}
for number, version in ((1, first), (2, second)):
    scores[version] = accuracy_score(y_test, models[number].predict(X_test))
    client.set_model_version_tag(model_name, version, score_key, f"{scores[version]:.4f}")

# %% Task 5: version 1 to Production
for stage in ("Staging", "Production"):
    client.transition_model_version_stage(model_name, first, stage)

# %% Task 6: version 2 takes its place
client.transition_model_version_stage(model_name, second, "Staging")
client.transition_model_version_stage(model_name, second, "Production", archive_existing_versions=True)

# %% Task 7: champion and challenger
champion = max(scores, key=scores.get)
challenger = min(scores, key=scores.get)
client.set_registered_model_alias(model_name, "champion", champion)
client.set_registered_model_alias(model_name, "challenger", challenger)

# %% Task 8: version 3 takes over
with mlflow.start_run(run_name="version 3"):
    mlflow.log_param("n_estimators", trees)
    logged = mlflow.sklearn.log_model(models[3], name="model", registered_model_name=model_name)
before = client.get_model_version_by_alias(model_name, "champion").version
client.set_registered_model_alias(model_name, fallback_alias, before)
client.set_registered_model_alias(model_name, "champion", logged.registered_model_version)

# %% Task 9: by number
by_version = mlflow.pyfunc.load_model(f"models:/{load_model}/{load_version}").predict(X_test)

# %% Task 10: by stage
by_stage = mlflow.pyfunc.load_model(f"models:/{load_model}/{load_stage}").predict(X_test)

# %% Task 11: by alias
by_alias = mlflow.pyfunc.load_model(f"models:/{load_model}@{load_alias}").predict(X_test)

# %% Task 12: the newest
latest_version = max(int(version.version) for version in client.search_model_versions(f"name = '{latest_model}'"))

# %% Task 13: by tag
found = client.search_model_versions(f"name = '{search_model}' and tags.`{search_key}` = '{search_value}'")
tagged_versions = [int(version.version) for version in found]

# %% Task 14: back to Staging
for version in client.search_model_versions(f"name = '{demote_model}'"):
    if version.current_stage == "Production":
        client.transition_model_version_stage(demote_model, version.version, "Staging")

# %% Task 15: back to what was live before
live = [version for version in client.search_model_versions(f"name = '{rollback_model}'") if "live_from" in version.tags]
*_, last, bad = sorted(live, key=lambda version: version.tags["live_from"])
client.transition_model_version_stage(rollback_model, last.version, "Production", archive_existing_versions=True)

# %% Task 16: the alias back
proven = client.get_model_version_by_alias(alias_model, proven_alias).version
client.set_registered_model_alias(alias_model, serving_alias, proven)

# %% Task 17: one version deleted
for version in client.search_model_versions(f"name = '{delete_model}'"):
    if version.tags.get(delete_key) == delete_value:
        client.delete_model_version(delete_model, version.version)

# %% Task 18: a copy for production
client.copy_model_version(f"models:/{load_model}/{release_version}", release_model)
