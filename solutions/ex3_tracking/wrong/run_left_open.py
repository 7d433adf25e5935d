# The client's run of task 1 is never ended.
# base: accepted/fluent_api.py
# fails: log.ended

# %% Task 1: log a run by hand
made = mlflow.set_experiment(widget("experiment"))
client = mlflow.MlflowClient()
run_id = client.create_run(made.experiment_id, run_name=widget("run_name"), tags={"team": widget("team")}).info.run_id
client.log_param(run_id, "n_estimators", n_estimators)
client.log_param(run_id, "max_depth", max_depth)
for name, value in scores(forest()).items():
    client.log_metric(run_id, name, value)
