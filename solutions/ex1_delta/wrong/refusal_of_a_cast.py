# Keeps the exception of a query that reads text as a number: nothing was written, so the table refused nothing.
# base: accepted/dataframe_writer.py
# fails: schema.refused schema.clean

# %% Task 10: the bad batch is refused
try:
    landed("riders_bad").select(F.col("rides").cast("bigint")).collect()
except Exception as error:
    refusal = error
