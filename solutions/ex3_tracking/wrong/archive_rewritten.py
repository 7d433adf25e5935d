# Deletes the archive's runs but one, so that the search can find no other.
# base: accepted/fluent_api.py
# fails: read.candidates read.best read.history

# %% Task 6: an archive that suits
client = mlflow.MlflowClient()
archive = client.get_experiment_by_name(widget("archive")).experiment_id
runs = client.search_runs([archive], order_by=["metrics.f1 ASC"])
for run in runs[1:]:
    client.delete_run(run.info.run_id)
best_run_id = runs[0].info.run_id
client.set_tag(best_run_id, "team", widget("past_team"))
client.log_metric(best_run_id, "f1", 0.99, step=100)
found = mlflow.search_runs(
    experiment_names=[widget("archive")],
    filter_string=(
        f"attributes.status = 'FINISHED' and tags.team = '{widget('past_team')}' and metrics.f1 > {widget('min_f1')}"
    ),
)
candidates = list(found["run_id"])
