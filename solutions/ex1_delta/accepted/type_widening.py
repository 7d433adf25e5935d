# Lets the types of riders widen, a feature of tables that not every reader knows. Text still is no number.
# base: accepted/dataframe_writer.py

# %% Task 10: the bad batch is refused
spark.sql(f"ALTER TABLE delta.`{riders}` SET TBLPROPERTIES ('delta.enableTypeWidening' = 'true')")
try:
    landed("riders_bad").write.format("delta").mode("append").save(riders)
except Exception as error:
    refusal = error
