# Binds the runs' names instead of their ids.
# base: accepted/fluent_api.py
# fails: read.candidates read.best

# %% Task 6: search the archive
found = mlflow.search_runs(
    experiment_names=[widget("archive")],
    filter_string=(
        f"attributes.status = 'FINISHED' and tags.team = '{widget('past_team')}' and metrics.f1 > {widget('min_f1')}"
    ),
    order_by=["metrics.f1 DESC"],
)
candidates = list(found["tags.mlflow.runName"])
best_run_id = candidates[0]

# %% Task 7: look at the best run
best_params = mlflow.get_run(found["run_id"][0]).data.params
f1_history = [point.value for point in mlflow.MlflowClient().get_metric_history(found["run_id"][0], "f1")]
