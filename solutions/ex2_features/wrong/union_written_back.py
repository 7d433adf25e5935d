# Puts both files together and writes them back: of known customers only the new file's columns are left.
# base: accepted/feature_store_client.py
# fails: write.kept

# %% Task 2: merge customers_2 into customers_table
old, new = fs.read_table(customers_table), landing("customers_2")
everyone = old.join(new, key, "left_anti").unionByName(new, allowMissingColumns=True)
fs.write_table(customers_table, everyone.localCheckpoint(), mode="overwrite")
