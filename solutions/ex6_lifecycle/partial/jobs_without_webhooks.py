# Has all jobs, and no webhook that starts or tells anything.
# base: accepted/rest_interface.py
# fails: triggers.start triggers.only triggers.told triggers.signed triggers.quiet webhooks.tried
# fails: chain.measured chain.rejected chain.broken chain.equal chain.promoted chain.deployed chain.tested

# %% Task 7: not yet

# %% Task 8: not yet

# %% Task 9: not yet
