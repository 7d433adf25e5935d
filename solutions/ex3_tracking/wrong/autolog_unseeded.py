# Autologs a forest without random_state.
# base: accepted/fluent_api.py
# fails: compare.autolog compare.automodel

# %% Task 9: autologging
mlflow.sklearn.autolog()
with mlflow.start_run(run_name=widget("auto_run")):
    RandomForestClassifier(n_estimators=int(widget("auto_trees")), max_depth=max_depth).fit(X_train, y_train)
mlflow.sklearn.autolog(disable=True)
