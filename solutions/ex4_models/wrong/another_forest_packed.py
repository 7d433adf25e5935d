# Packs a forest of a few shallow trees with the right requirements.
# base: accepted/fluent_api.py
# fails: packaging.pinned

# %% Task 8: some forest with pinned requirements
with mlflow.start_run(run_name=widget("packed_run")):
    mlflow.sklearn.log_model(
        RandomForestRegressor(n_estimators=3, max_depth=2).fit(X_train, y_train),
        name="forest",
        signature=plain,
        pip_requirements=[f"{name}=={importlib.metadata.version(name)}" for name in widget("packages").split(",")],
    )
