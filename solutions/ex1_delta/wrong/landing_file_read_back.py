# Binds rides_df to a landing file, not to the table.
# base: accepted/dataframe_writer.py
# fails: create.read

# %% Task 3: read it back
rides_df = with_speed(landed("rides_1"))
