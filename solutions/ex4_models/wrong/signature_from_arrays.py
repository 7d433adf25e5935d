# Infers the forest's signature from arrays, so it names no input.
# base: accepted/fluent_api.py
# fails: flavors.signature

# %% Task 1: a forest
forest = RandomForestRegressor(
    n_estimators=int(widget("n_estimators")),
    max_depth=int(widget("max_depth")),
    random_state=int(widget("random_state")),
).fit(X_train.to_numpy(), y_train.to_numpy())
with mlflow.start_run(run_name=widget("native_run")):
    native = mlflow.sklearn.log_model(
        forest, name="forest", signature=infer_signature(X_train.to_numpy(), forest.predict(X_train.to_numpy()))
    )

# %% Task 9: score in pandas, as a tensor takes no columns
patients = spark.read.format("delta").load(f"{root}/tables/patients").toPandas()
patients["prediction"] = forest.predict(patients[list(X_train)].to_numpy())
spark.createDataFrame(patients).write.format("delta").save(f"{root}/tables/scored")
