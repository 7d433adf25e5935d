# Trains without random_state in the tasks 1 and 2.
# base: accepted/fluent_api.py
# fails: log.metrics log.curve

# %% Task 1: log a run by hand
def unseeded(trees=n_estimators):
    return RandomForestClassifier(n_estimators=trees, max_depth=max_depth).fit(X_train, y_train)


mlflow.set_experiment(widget("experiment"))
with mlflow.start_run(run_name=widget("run_name"), tags={"team": widget("team")}):
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})
    mlflow.log_metrics(scores(unseeded()))

# %% Task 2: log_loss with the number of trees as step
with mlflow.start_run(run_name=widget("curve_run")):
    for trees in numbers("trees"):
        mlflow.log_metric("log_loss", scores(unseeded(trees))["log_loss"], step=trees)
