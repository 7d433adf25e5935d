# Rounds the table's predictions to one decimal.
# base: accepted/fluent_api.py
# fails: batch.prediction

# %% Task 9: score the table patients with Spark
from pyspark.sql import functions as F

predict = mlflow.pyfunc.spark_udf(spark, native.model_uri, result_type="double")
patients = spark.read.format("delta").load(f"{root}/tables/patients")
scored = patients.withColumn("prediction", F.round(predict(*X_train.columns), 1))
scored.write.format("delta").save(f"{root}/tables/scored")
