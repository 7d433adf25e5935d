# Scores the features alone, so that scored does not say which patient a prediction is for.
# base: accepted/fluent_api.py
# fails: batch.rows batch.prediction

# %% Task 9: score the table patients with Spark
predict = mlflow.pyfunc.spark_udf(spark, native.model_uri, result_type="double")
patients = spark.read.format("delta").load(f"{root}/tables/patients").select(*X_train.columns)
patients.withColumn("prediction", predict(*X_train.columns)).write.format("delta").save(f"{root}/tables/scored")
