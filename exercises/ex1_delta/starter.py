# Databricks exercise 1: Delta Lake operations. The tasks are in the brief: `grade show ex1`.

# %% Set-up: leave this cell as it is
root = dbutils.widgets.get("root")
key = dbutils.widgets.get("key")
extra = dbutils.widgets.get("extra")
retention_days = int(dbutils.widgets.get("retention_days"))
as_of = dbutils.widgets.get("as_of")
gold_from = int(dbutils.widgets.get("gold_from"))
zorder_by = dbutils.widgets.get("zorder_by")

# %% Task 1: create the table rides from rides_1, with the column speed


# %% Task 2: append rides_2 to rides as a new version


# %% Task 3: rides_df, the whole table read back


# %% Task 4: keep deleted files of rides for retention_days days


# %% Task 5: history_df, the history of rides


# %% Task 6: previous_df, rides before the second batch


# %% Task 7: as_of_df, stock as it stood at as_of


# %% Task 8: bad_version, the version of stock that wrote negative counts


# %% Task 9: restore stock to what it held before the bad write


# %% Task 10: append riders_bad and keep the exception in refusal


# %% Task 11: append riders_2, with its new column


# %% Task 12: the plan gold from gold_from rides on


# %% Task 13: remove riders whose consent is false


# %% Task 14: merge riders_updates


# %% Task 15: compact events and Z-order it by zorder_by


# %% Task 16: vacuum events
