# Reads with the pandas API on Spark, whose DataFrames are DataFrames too, and writes rows that pandas has read.
# base: accepted/dataframe_writer.py

# %% Task 3: read it back
import pyspark.pandas as ps

rides_df = ps.read_delta(rides)

# %% Task 6: travel to a version
previous_df = ps.read_delta(rides, version=0)

# %% Task 7: travel to a moment
as_of_df = ps.read_delta(stock, timestamp=dbutils.widgets.get("as_of"))

# %% Task 10: the bad batch, read by pandas, is refused
import pandas as pd

try:
    bad = spark.createDataFrame(pd.read_parquet(f"{root}/landing/riders_bad.parquet"))
    bad.writeTo(f"delta.`{riders}`").append()
except Exception as error:
    refusal = error
