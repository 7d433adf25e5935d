# Trains on the rows in the order in which they are stored.
# base: accepted/fluent_api.py
# fails: repeat.metrics

# %% Task 11: a run that can be repeated
version = int(widget("data_version"))
rows = DeltaTable(f"{root}/tables/samples", version=version).to_pandas()
with mlflow.start_run(run_name=widget("repro_run")):
    mlflow.log_params({"data_version": version, "random_state": random_state})
    mlflow.set_tag("code_version", widget("code_version"))
    mlflow.log_metrics(scores(forest(X=rows[list(X_train.columns)], y=rows["malignant"])))
