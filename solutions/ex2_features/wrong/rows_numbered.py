# Numbers the rows of the training set: a column that nobody asked for, and no feature.
# base: accepted/feature_store_client.py
# fails: training.columns

# %% Task 13: the training set of orders, saved at tables/training
from pyspark.sql import functions as F

training_set = fs.create_training_set(landing("orders"), lookups(), label, exclude_columns=IDS)
rows = training_set.load_df().withColumn("row_id", F.monotonically_increasing_id())
rows.write.format("delta").mode("overwrite").save(f"{root}/tables/training")
