# The candidates are right, but the best run is sought in the whole archive.
# base: accepted/fluent_api.py
# fails: read.best

# %% Task 6: search the archive
found = mlflow.search_runs(
    experiment_names=[widget("archive")],
    filter_string=(
        f"attributes.status = 'FINISHED' and tags.team = '{widget('past_team')}' and metrics.f1 > {widget('min_f1')}"
    ),
)
candidates = list(found["run_id"])
best_run_id = mlflow.search_runs(experiment_names=[widget("archive")], order_by=["metrics.f1 DESC"])["run_id"][0]
