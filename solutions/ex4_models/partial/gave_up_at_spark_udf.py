# Asks the pandas model with a Spark DataFrame, which raises, and leaves the table without predictions.
# base: accepted/fluent_api.py
# fails: batch.rows batch.prediction

# %% Task 9: copy first, then predict
patients = spark.read.format("delta").load(f"{root}/tables/patients")
patients.write.format("delta").save(f"{root}/tables/scored")
forecast = mlflow.pyfunc.load_model(native.model_uri)
patients = patients.withColumn("prediction", forecast.predict(patients.select(*X_train.columns)))
patients.write.format("delta").mode("overwrite").option("overwriteSchema", True).save(f"{root}/tables/scored")
