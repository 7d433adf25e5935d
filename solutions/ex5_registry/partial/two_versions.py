# Stops after task 7: there is no version 3.
# base: accepted/client_api.py
# fails: register.third register.versions aliases.promoted

# %% Task 8: to do
