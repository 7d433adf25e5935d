# Scores the patients in two batches, and the second overwrites the first.
# base: accepted/fluent_api.py
# fails: batch.rows

# %% Task 9: score the table in two batches
predict = mlflow.pyfunc.spark_udf(spark, native.model_uri, result_type="double")
patients = spark.read.format("delta").load(f"{root}/tables/patients")
elderly = patients["age"] >= 50
for batch in (patients.filter(elderly), patients.filter(~elderly)):
    batch.withColumn("prediction", predict(*X_train.columns)).write.format("delta").mode("overwrite").save(
        f"{root}/tables/scored"
    )
