# Leaves task 6 undone: version 1 stays in Production.
# base: accepted/client_api.py
# fails: stages.second stages.archived

# %% Task 6: to do
