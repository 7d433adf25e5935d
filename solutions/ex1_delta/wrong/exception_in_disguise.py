# Keeps an object that looks like Spark's exception, in its class's name, module and message.
# base: accepted/dataframe_writer.py
# fails: schema.refused schema.clean

# %% Task 10: the bad batch is refused
class AnalysisException(Exception):
    def getCondition(self):
        return "DELTA_FAILED_TO_MERGE_FIELDS"

    getErrorClass = getCondition

    def getSqlState(self):
        return "22005"


AnalysisException.__module__ = "pyspark.errors.exceptions.captured"
refusal = AnalysisException("[DELTA_FAILED_TO_MERGE_FIELDS] Failed to merge fields 'rides' and 'rides'")
