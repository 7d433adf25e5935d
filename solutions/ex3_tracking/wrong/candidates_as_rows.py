# Binds the candidates to rows instead of ids, and the history to MLflow's objects instead of values.
# base: accepted/fluent_api.py
# fails: read.candidates read.history

# %% Task 6: search the archive
found = mlflow.search_runs(
    experiment_names=[widget("archive")],
    filter_string=(
        f"attributes.status = 'FINISHED' and tags.team = '{widget('past_team')}' and metrics.f1 > {widget('min_f1')}"
    ),
    order_by=["metrics.f1 DESC"],
)
candidates = found[["run_id", "metrics.f1"]].to_dict("records")
best_run_id = candidates[0]["run_id"]

# %% Task 7: look at the best run
best_params = mlflow.get_run(best_run_id).data.params
f1_history = list(mlflow.MlflowClient().get_metric_history(best_run_id, "f1"))
