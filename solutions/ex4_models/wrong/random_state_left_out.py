# Leaves random_state out, so the forest is another one each time.
# base: accepted/fluent_api.py
# fails: flavors.model

# %% Task 1: a forest
forest = RandomForestRegressor(n_estimators=int(widget("n_estimators")), max_depth=int(widget("max_depth")))
forest.fit(X_train, y_train)
with mlflow.start_run(run_name=widget("native_run")):
    native = mlflow.sklearn.log_model(forest, name="forest", signature=plain)
