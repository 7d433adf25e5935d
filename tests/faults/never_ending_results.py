# Results that never come to an end, or are too large, cost no others.

# %% binds
class DataFrame:
    schema = property(lambda self: self._forever())

    def _forever(self):
        while True:
            pass


DataFrame.__module__ = "pyspark.sql.dataframe"
rides_df = DataFrame()
history_df = ["x" * 9_000] * 1_000
bad_version = 4
