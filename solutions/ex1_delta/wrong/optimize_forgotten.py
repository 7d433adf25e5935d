# Vacuums but never compacts.
# base: accepted/dataframe_writer.py
# fails: maintain.compact maintain.zorder

# %% Task 15: nothing
