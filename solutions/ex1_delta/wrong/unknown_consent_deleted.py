# Keeps those who said yes, so riders whose consent is null go as well.
# base: accepted/delta_table_api.py
# fails: change.delete

# %% Task 13: riders who withdrew their consent
riders.delete("NOT coalesce(consent, false)")
