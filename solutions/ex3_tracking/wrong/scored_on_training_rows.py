# Scores the forest on the rows that it was trained on.
# base: accepted/fluent_api.py
# fails: log.metrics

# %% Task 1: log a run by hand
mlflow.set_experiment(widget("experiment"))
with mlflow.start_run(run_name=widget("run_name"), tags={"team": widget("team")}):
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})
    model = forest()
    mlflow.log_metrics(
        {
            "accuracy": accuracy_score(y_train, model.predict(X_train)),
            "log_loss": log_loss(y_train, model.predict_proba(X_train)),
        }
    )
