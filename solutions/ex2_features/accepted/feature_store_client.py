# The client of the workspace feature store throughout: FeatureStoreClient, its lookups, its tags, its online store.
# fails: nothing

# %% Set-up: leave this cell as it is
import json

from sklearn.linear_model import LinearRegression

# The schema, and a colleague's table in it
root = dbutils.widgets.get("root")
key = dbutils.widgets.get("key")
schema = dbutils.widgets.get("schema")
growers_table = dbutils.widgets.get("growers_table")
spark.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
spark.sql(f"CREATE TABLE IF NOT EXISTS {growers_table} USING delta LOCATION '{root}/tables/growers'")

# Customers
customers_table = dbutils.widgets.get("customers_table")
purpose = dbutils.widgets.get("purpose")
tag_key = dbutils.widgets.get("tag_key")
tag_value = dbutils.widgets.get("tag_value")

# Coffees, and what there is to know of the growers' table
coffees_table = dbutils.widgets.get("coffees_table")
old_tag = dbutils.widgets.get("old_tag")
as_of = dbutils.widgets.get("as_of")

# What customers did, by time
activity_table = dbutils.widgets.get("activity_table")
time_key = dbutils.widgets.get("time_key")
window_days = int(dbutils.widgets.get("window_days"))

# The forecast
label = dbutils.widgets.get("label")
own_rating = dbutils.widgets.get("own_rating")
cup_score = dbutils.widgets.get("cup_score")
default_values = json.loads(dbutils.widgets.get("default_values"))
model_name = dbutils.widgets.get("model_name")


def landing(name):
    """A file of the folder landing, as a Spark DataFrame."""
    return spark.read.parquet(f"{root}/landing/{name}.parquet")


def fit(rows):
    """A linear regression, trained on a pandas DataFrame of features and the label."""
    return LinearRegression().fit(rows.drop(columns=label), rows[label])


# %% The client and the lookups of the forecast
from datetime import timedelta

import mlflow
from databricks.feature_store import FeatureLookup, FeatureStoreClient
from databricks.feature_store.online_store_spec import LocalSqliteSpec

fs = FeatureStoreClient()


def defaults(*names):
    """The default values of these features."""
    return {name: default_values[name] for name in names}


def lookups():
    """The five features of the forecast."""
    return [
        FeatureLookup(
            customers_table,
            key,
            feature_names=["spend", "distance_km", "rating"],
            rename_outputs={"rating": own_rating},
            default_values=defaults("spend", "distance_km", own_rating),
        ),
        FeatureLookup(
            coffees_table,
            ["country", "favourite"],
            feature_names=["price", "rating"],
            rename_outputs={"rating": cup_score},
            default_values=defaults("price", cup_score),
        ),
    ]


IDS = [key, "country", "favourite", "gift"]

# %% Task 1: the feature table customers_table from customers_1, with its key and its description
fs.create_table(customers_table, [key], landing("customers_1"), description=purpose)

# %% Task 2: merge customers_2 into customers_table
fs.write_table(customers_table, landing("customers_2"), mode="merge")

# %% Task 3: lost, the keys of the customers that overwriting with customers_2 would have lost
absent = landing("customers_1").join(landing("customers_2"), key, "left_anti")
lost = [row[key] for row in absent.collect()]

# %% Task 4: the feature table coffees_table from coffees_1, with its two keys
fs.create_table(coffees_table, ["country", "coffee"], landing("coffees_1"), description="what we sell, and where")

# %% Task 5: coffees_2 in place of all that coffees_table held
fs.write_table(coffees_table, landing("coffees_2"), mode="overwrite")

# %% Task 6: the tag tag_key = tag_value on customers_table
fs.set_feature_table_tag(customers_table, tag_key, tag_value)

# %% Task 7: found_keys, the primary keys of growers_table
found_keys = fs.get_table(growers_table).primary_keys

# %% Task 8: take the tag old_tag from growers_table
fs.delete_feature_table_tag(growers_table, old_tag)

# %% Task 9: growers_then, the rows of growers_table as of as_of
growers_then = fs.read_table(growers_table, as_of_delta_timestamp=as_of)

# %% Task 10: the time-series feature table activity_table from activity
fs.create_table(activity_table, key, landing("activity"), timestamp_keys=time_key)

# %% Task 11: as_of_df, the calls with activity as it was known at each call
as_of_lookup = FeatureLookup(activity_table, key, timestamp_lookup_key="called_at")
as_of_df = fs.create_training_set(landing("calls"), [as_of_lookup], "answer").load_df()

# %% Task 12: recent_df, the same with activity of the last window_days days only
recent_lookup = FeatureLookup(
    activity_table, key, timestamp_lookup_key="called_at", lookback_window=timedelta(days=window_days)
)
recent_df = fs.create_training_set(landing("calls"), [recent_lookup], "answer").load_df()

# %% Task 13: the training set of orders, saved at tables/training
training_set = fs.create_training_set(landing("orders"), lookups(), label, exclude_columns=IDS)
training_set.load_df().write.format("delta").mode("overwrite").save(f"{root}/tables/training")

# %% Task 14: fit a model on it, log it with its lookups and register it as model_name
with mlflow.start_run():
    fs.log_model(
        fit(training_set.load_df().toPandas()),
        "model",
        flavor=mlflow.sklearn,
        training_set=training_set,
        registered_model_name=model_name,
    )

# %% Task 15: merge customers_3 into customers_table
fs.write_table(customers_table, landing("customers_3"), mode="merge")

# %% Task 16: scores, the forecasts for batch
scores = fs.score_batch(f"models:/{model_name}/1", landing("batch")).select(key, "prediction")

# %% Task 17: publish activity_table to an online store
fs.publish_table(activity_table, LocalSqliteSpec())
