# Takes more rides than the threshold for at least as many.
# base: accepted/delta_table_api.py
# fails: change.update

# %% Task 12: the plan gold
riders.update(condition=F.col("rides") > gold_from, set={"plan": F.lit("gold")})
