# Looks up in a copy of the customers that nobody keeps up to date: old features in training, and in scoring.
# base: accepted/feature_store_client.py
# fails: training.customers

# %% Task 1: the feature table customers_table from customers_1, with its key and its description
fs.create_table(customers_table, [key], landing("customers_1"), description=purpose)
fs.create_table(f"{schema}.my_customers", [key], fs.read_table(customers_table))

# %% Task 2: merge customers_2 into customers_table
# The copy is forgotten.
fs.write_table(customers_table, landing("customers_2"), mode="merge")

# %% Task 13: the training set of orders, saved at tables/training
of_customer, of_coffee = lookups()
of_customer.table_name = f"{schema}.my_customers"
training_set = fs.create_training_set(landing("orders"), [of_customer, of_coffee], label, exclude_columns=IDS)
training_set.load_df().write.format("delta").mode("overwrite").save(f"{root}/tables/training")
