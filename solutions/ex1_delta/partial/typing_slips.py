# Three cells do not run: a syntax error, a wrong name and a wrong column. The others stand on their own.
# base: accepted/delta_table_api.py
# fails: travel.moment change.update maintain.compact maintain.zorder

# %% Task 7: stock at a moment
as_of_df = spark.read.format("delta").option("timestampAsOf", as_of.load(stock)

# %% Task 12: the plan gold
riders.update(condition=F.col("ride") >= gold_from, set={"plan": F.lit("gold")})

# %% Task 15: compact and cluster
events.optimise().executeZOrderBy(zorder_by)
