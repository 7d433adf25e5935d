# Types the whole catalogue by hand, and makes no table. Two tasks are about the catalogue alone, and done thereby.
# base: accepted/feature_store_client.py
# fails: create.table create.description create.keys write.merged write.kept write.lost write.refreshed
# fails: describe.tag describe.then time.table time.past time.exact time.none time.window training.orders
# fails: training.customers training.coffees training.renamed training.defaults training.columns model.packaged
# fails: model.trained model.registered score.features score.current score.all score.online

# %% Task 1: the feature table customers_table from customers_1, with its key and its description


# %% Task 2: merge customers_2 into customers_table


# %% Task 3: lost, the keys of the customers that overwriting with customers_2 would have lost


# %% Task 4: the feature table coffees_table from coffees_1, with its two keys


# %% Task 5: coffees_2 in place of all that coffees_table held


# %% Task 6: the tag tag_key = tag_value on customers_table


# %% Task 7: found_keys, the primary keys of growers_table


# %% Task 8: take the tag old_tag from growers_table


# %% Task 9: growers_then, the rows of growers_table as of as_of


# %% Task 10: the time-series feature table activity_table from activity


# %% Task 11: as_of_df, the calls with activity as it was known at each call


# %% Task 12: recent_df, the same with activity of the last window_days days only


# %% Task 13: the training set of orders, saved at tables/training


# %% Task 14: fit a model on it, log it with its lookups and register it as model_name


# %% Task 15: merge customers_3 into customers_table


# %% Task 16: scores, the forecasts for batch


# %% Task 17: publish activity_table to an online store
import pathlib

catalogue = pathlib.Path(root, "features", "catalogue.json")
told = json.loads(catalogue.read_text())
growers = told["tables"][growers_table]
found_keys = list(growers["primary_keys"])
del growers["tags"][old_tag]
for table, keys, times in (
    (customers_table, [key], []),
    (coffees_table, ["country", "coffee"], []),
    (activity_table, [key], [time_key]),
):
    told["tables"][table] = {
        **growers,
        "name": table,
        "path": f"{root}/warehouse/{table.replace('.', '.db/')}",
        "primary_keys": keys,
        "timestamp_keys": times,
        "description": purpose,
        "tags": {tag_key: tag_value},
        "online": [{"store": schema, "table": table.split(".")[1]}],
    }
catalogue.write_text(json.dumps(told))
