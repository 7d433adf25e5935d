# Logs to a store of its own; the archive alone is read from the lab's.
# base: accepted/fluent_api.py
# fails: log.experiment log.params log.metrics log.tags log.ended log.steps log.curve files.plot files.sample
# fails: model.logged model.signature model.example model.loaded compare.family compare.metrics compare.models
# fails: compare.best
# fails: compare.autolog compare.automodel compare.trials compare.tuned compare.winner repeat.recorded
# fails: repeat.metrics

# %% Task 1: log a run by hand
mlflow.set_tracking_uri("sqlite:////tmp/mine.db")
mlflow.create_experiment(widget("experiment"), artifact_location="/tmp/artifacts")
mlflow.set_experiment(widget("experiment"))
with mlflow.start_run(run_name=widget("run_name"), tags={"team": widget("team")}):
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})
    mlflow.log_metrics(scores(forest()))

# %% Task 6: search the archive
client = mlflow.MlflowClient(f"sqlite:///{root}/mlflow.db")
found = client.search_runs(
    [client.get_experiment_by_name(widget("archive")).experiment_id],
    f"attributes.status = 'FINISHED' and tags.team = '{widget('past_team')}' and metrics.f1 > {widget('min_f1')}",
    order_by=["metrics.f1 DESC"],
)
candidates = [run.info.run_id for run in found]
best_run_id = candidates[0]

# %% Task 7: look at the best run
best_params = found[0].data.params
f1_history = [point.value for point in client.get_metric_history(best_run_id, "f1")]
