# Logs all of its own to a store of its own, where nobody looks; the table that it scores is right.
# base: accepted/fluent_api.py
# fails: flavors.logged flavors.model flavors.signature flavors.native flavors.pyfunc
# fails: pyfunc.custom pyfunc.right pyfunc.single pyfunc.signature pyfunc.columns pyfunc.refuses pyfunc.untouched
# fails: artifacts.file artifacts.right artifacts.followed params.declared params.default params.given
# fails: packaging.code packaging.alone packaging.pinned

# %% Task 1: a forest, logged elsewhere
the_labs = mlflow.get_tracking_uri()
mlflow.set_tracking_uri("sqlite:////tmp/private.db")
mlflow.create_experiment("mine", artifact_location="/tmp/private")
mlflow.set_experiment("mine")
forest = RandomForestRegressor(
    n_estimators=int(widget("n_estimators")),
    max_depth=int(widget("max_depth")),
    random_state=int(widget("random_state")),
).fit(X_train, y_train)
with mlflow.start_run(run_name=widget("native_run")):
    native = mlflow.sklearn.log_model(forest, name="forest", signature=plain)

# %% Task 3: the colleague's model is in the lab's store
mlflow.set_tracking_uri(the_labs)
colleague_predictions = mlflow.pyfunc.load_model(widget("colleague_model")).predict(X_test)
mlflow.set_tracking_uri("sqlite:////tmp/private.db")
