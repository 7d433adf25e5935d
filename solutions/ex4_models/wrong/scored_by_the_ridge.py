# Scores the table with another model than that of task 1.
# base: accepted/fluent_api.py
# fails: batch.prediction

# %% Task 9: score the table patients with a simpler model
with mlflow.start_run(run_name="simpler"):
    simpler = mlflow.sklearn.log_model(base, name="ridge", signature=plain)
predict = mlflow.pyfunc.spark_udf(spark, simpler.model_uri, result_type="double")
patients = spark.read.format("delta").load(f"{root}/tables/patients")
scored = patients.withColumn("prediction", predict(*X_train.columns))
scored.write.format("delta").save(f"{root}/tables/scored")
