# Keeps the message of the exception, not the exception.
# base: accepted/dataframe_writer.py
# fails: schema.refused schema.clean

# %% Task 10: the bad batch is refused
try:
    landed("riders_bad").write.format("delta").mode("append").save(riders)
except Exception as error:
    refusal = str(error)
