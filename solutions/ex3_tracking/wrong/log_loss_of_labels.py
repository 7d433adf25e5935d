# Takes log_loss from the predicted labels instead of the probabilities.
# base: accepted/fluent_api.py
# fails: log.metrics log.curve

# %% Task 1: log a run by hand
mlflow.set_experiment(widget("experiment"))
with mlflow.start_run(run_name=widget("run_name"), tags={"team": widget("team")}):
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})
    guessed = forest().predict(X_test)
    mlflow.log_metric("accuracy", accuracy_score(y_test, guessed))
    mlflow.log_metric("log_loss", log_loss(y_test, guessed))

# %% Task 2: log_loss with the number of trees as step
with mlflow.start_run(run_name=widget("curve_run")):
    for trees in numbers("trees"):
        mlflow.log_metric("log_loss", log_loss(y_test, forest(trees=trees).predict(X_test)), step=trees)
