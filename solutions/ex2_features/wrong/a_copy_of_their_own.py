# Looks up in a copy of the customers that nobody keeps up to date: old features in training, and in scoring.
# base: accepted/feature_store_client.py
# fails: training.customers training.renamed model.packaged score.current

# %% Task 13: the training set of orders, saved at tables/training
fs.create_table(f"{schema}.my_customers", key, landing("customers_1"))
of_customer, of_coffee = lookups()
of_customer.table_name = f"{schema}.my_customers"
training_set = fs.create_training_set(landing("orders"), [of_customer, of_coffee], label, exclude_columns=IDS)
training_set.load_df().write.format("delta").mode("overwrite").save(f"{root}/tables/training")
