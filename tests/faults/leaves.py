# %% binds a result
bad_version = -1
history_df = [1, 2]

# %% ends
exit()

# %% never runs
bad_version = -2
