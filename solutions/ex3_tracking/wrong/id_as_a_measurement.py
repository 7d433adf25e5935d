# Trains on sample_id as well, and scores with row numbers in its place.
# base: accepted/fluent_api.py
# fails: repeat.metrics

# %% Task 11: a run that can be repeated
version = int(widget("data_version"))
rows = DeltaTable(f"{root}/tables/samples", version=version).to_pandas().sort_values("sample_id")
with mlflow.start_run(run_name=widget("repro_run")):
    mlflow.log_params({"data_version": version, "random_state": random_state})
    mlflow.set_tag("code_version", widget("code_version"))
    model = forest(X=rows.drop(columns="malignant"), y=rows["malignant"])
    tested = X_test.reset_index(drop=True).rename_axis("sample_id").reset_index()
    mlflow.log_metric("accuracy", accuracy_score(y_test, model.predict(tested)))
    mlflow.log_metric("log_loss", log_loss(y_test, model.predict_proba(tested)))
