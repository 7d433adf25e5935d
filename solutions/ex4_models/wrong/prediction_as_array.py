# Gives no result type, so each prediction is an array with one double.
# base: accepted/fluent_api.py
# fails: batch.prediction

# %% Task 9: score the table patients with Spark
predict = mlflow.pyfunc.spark_udf(spark, native.model_uri)
patients = spark.read.format("delta").load(f"{root}/tables/patients")
scored = patients.withColumn("prediction", predict(*X_train.columns))
scored.write.format("delta").save(f"{root}/tables/scored")
