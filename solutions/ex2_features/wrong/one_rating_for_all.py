# Types one figure in place of the customers' ratings.
# base: accepted/feature_store_client.py
# fails: training.renamed

# %% Task 13: the training set of orders, saved at tables/training
from pyspark.sql import functions as F

training_set = fs.create_training_set(landing("orders"), lookups(), label, exclude_columns=IDS)
rows = training_set.load_df().withColumn(own_rating, F.lit(3.5))
rows.write.format("delta").mode("overwrite").save(f"{root}/tables/training")
