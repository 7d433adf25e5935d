# Runs the cell a second time with append, so each row is there twice.
# base: accepted/fluent_api.py
# fails: batch.rows

# %% Task 9: score the table, and again
predict = mlflow.pyfunc.spark_udf(spark, native.model_uri, result_type="double")
patients = spark.read.format("delta").load(f"{root}/tables/patients")
for _ in range(2):
    scored = patients.withColumn("prediction", predict(*X_train.columns))
    scored.write.format("delta").mode("append").save(f"{root}/tables/scored")
