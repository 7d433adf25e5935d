# Rides and stock are done; nothing after that was begun.
# base: accepted/dataframe_writer.py
# fails: schema.refused schema.clean schema.evolved schema.kept change.update change.delete change.merge
# fails: change.atomic maintain.compact maintain.zorder maintain.vacuum maintain.retention

# %% Task 10: to do

# %% Task 11: to do

# %% Task 12: to do

# %% Task 13: to do

# %% Task 14: to do

# %% Task 15: to do

# %% Task 16: to do
