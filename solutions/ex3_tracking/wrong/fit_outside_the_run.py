# Trains after the run has ended: autologging makes a run of its own, without a name.
# base: accepted/fluent_api.py
# fails: compare.autolog compare.automodel

# %% Task 9: autologging
mlflow.sklearn.autolog()
with mlflow.start_run(run_name=widget("auto_run")):
    model = RandomForestClassifier(
        n_estimators=int(widget("auto_trees")), max_depth=max_depth, random_state=random_state
    )
model.fit(X_train, y_train)
mlflow.sklearn.autolog(disable=True)
