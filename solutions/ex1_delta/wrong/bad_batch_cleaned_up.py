# Lets the bad batch in and deletes it again; a second attempt is then refused.
# base: accepted/dataframe_writer.py
# fails: schema.clean

# %% Task 10: append the bad batch
bad = landed("riders_bad").withColumn("rides", F.split("rides", " ")[0].cast("bigint"))
bad.write.format("delta").mode("append").save(riders)
DeltaTable.forPath(spark, riders).alias("t").merge(
    bad.alias("s"), f"t.{key} = s.{key}"
).whenMatchedDelete().execute()
try:
    landed("riders_bad").write.format("delta").mode("append").save(riders)
except Exception as error:
    refusal = error
