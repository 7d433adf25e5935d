# Updates every rider.
# base: accepted/delta_table_api.py
# fails: change.update

# %% Task 12: the plan gold
riders.update(set={"plan": F.lit("gold")})
