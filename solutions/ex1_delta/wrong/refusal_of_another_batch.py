# Has the table refuse the second batch, for its new column, and never tries the bad one.
# base: accepted/dataframe_writer.py
# fails: schema.refused schema.clean

# %% Task 10: a batch is refused
try:
    landed("riders_2").write.format("delta").mode("append").save(riders)
except Exception as error:
    refusal = error
