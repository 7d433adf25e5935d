# The model of one's own is done; the registry as it came was not begun.
# base: accepted/client_api.py
# fails: load.version load.stage load.alias load.latest load.tagged stages.demoted change.rollback
# fails: change.alias change.deleted change.copied

# %% Task 9: to do

# %% Task 10: to do

# %% Task 11: to do

# %% Task 12: to do

# %% Task 13: to do

# %% Task 14: to do

# %% Task 15: to do

# %% Task 16: to do

# %% Task 17: to do

# %% Task 18: to do
