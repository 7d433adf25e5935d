# Gives a column of the customers another name, and looks it up by that.
# base: accepted/feature_store_client.py
# fails: create.table

# %% Task 1: the feature table customers_table from customers_1, with its key and its description
renamed = landing("customers_1").withColumnRenamed("distance_km", "distance")
fs.create_table(customers_table, [key], renamed, description=purpose)

# %% Task 2: merge customers_2 into customers_table
fs.write_table(customers_table, landing("customers_2"), mode="merge")

# %% Task 13: the training set of orders, saved at tables/training
of_customer, of_coffee = lookups()
of_customer.feature_names = ["spend", "distance", "rating"]
of_customer.rename_outputs = {"rating": own_rating, "distance": "distance_km"}
training_set = fs.create_training_set(landing("orders"), [of_customer, of_coffee], label, exclude_columns=IDS)
training_set.load_df().write.format("delta").mode("overwrite").save(f"{root}/tables/training")
