# Logs by hand what autologging might have logged: the params asked for and a score.
# base: accepted/fluent_api.py
# fails: compare.autolog compare.automodel

# %% Task 9: no autologging
with mlflow.start_run(run_name=widget("auto_run")):
    trees = int(widget("auto_trees"))
    model = forest(trees=trees)
    mlflow.log_params({"n_estimators": trees, "max_depth": max_depth, "random_state": random_state})
    mlflow.log_metric("training_accuracy_score", accuracy_score(y_train, model.predict(X_train)))
    mlflow.log_metric("training_score", model.score(X_train, y_train))
    mlflow.sklearn.log_model(model, name="model", signature=infer_signature(X_train, model.predict(X_train)))
