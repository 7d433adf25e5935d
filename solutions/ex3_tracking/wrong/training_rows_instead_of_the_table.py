# Trains on X_train as in task 1 and records the version all the same.
# base: accepted/fluent_api.py
# fails: repeat.metrics

# %% Task 11: a run that can be repeated
with mlflow.start_run(run_name=widget("repro_run")):
    mlflow.log_params({"data_version": widget("data_version"), "random_state": random_state})
    mlflow.set_tag("code_version", widget("code_version"))
    mlflow.log_metrics(scores(forest()))
