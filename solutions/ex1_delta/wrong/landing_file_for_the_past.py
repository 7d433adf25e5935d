# Takes the landing file for the table as it was: the column speed is missing.
# base: accepted/dataframe_writer.py
# fails: travel.version

# %% Task 6: before the second batch
previous_df = landed("rides_1")
