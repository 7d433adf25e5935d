# Never tries: the exception is made by hand.
# base: accepted/dataframe_writer.py
# fails: schema.refused schema.clean

# %% Task 10: the bad batch is refused
from pyspark.errors import AnalysisException

refusal = AnalysisException("[DELTA_FAILED_TO_MERGE_FIELDS] Failed to merge fields 'rides' and 'rides'")
