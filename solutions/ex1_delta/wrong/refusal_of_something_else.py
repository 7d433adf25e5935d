# Keeps an exception of Spark's that has nothing to do with the bad batch.
# base: accepted/dataframe_writer.py
# fails: schema.refused schema.clean

# %% Task 10: the bad batch is refused
try:
    spark.read.format("delta").load(riders).select("no_such_column")
except Exception as error:
    refusal = error
