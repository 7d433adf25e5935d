# Fills the column that the file lacks with nulls, and merges them over what was known.
# base: accepted/feature_store_client.py
# fails: write.kept

# %% Task 2: merge customers_2 into customers_table
from pyspark.sql import functions as F

everything = landing("customers_2").withColumn("distance_km", F.lit(None).cast("double"))
fs.write_table(customers_table, everything, mode="merge")
