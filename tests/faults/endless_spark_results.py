# Results that Spark never comes to an end of: one computes, one waits. They cost no other.

# %% hurries
from lab_guest import capture

capture.RESULT_SECONDS = 3

# %% binds
import time

from pyspark.sql.functions import udf

rides_df = spark.range(10**15).selectExpr("sum(id % 7)")
history_df = spark.range(1).select(udf(lambda _: time.sleep(10**6))("id"))
bad_version = 4
as_of_df = spark.range(3)
