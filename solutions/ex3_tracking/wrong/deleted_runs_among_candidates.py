# Searches deleted runs as well.
# base: accepted/fluent_api.py
# fails: read.candidates

# %% Task 6: search the archive
found = mlflow.search_runs(
    experiment_names=[widget("archive")],
    filter_string=(
        f"attributes.status = 'FINISHED' and tags.team = '{widget('past_team')}' and metrics.f1 > {widget('min_f1')}"
    ),
    run_view_type=mlflow.entities.ViewType.ALL,
    order_by=["metrics.f1 DESC"],
)
candidates = list(found["run_id"])
best_run_id = candidates[0]
