# The client of Unity Catalog, FeatureEngineeringClient: names of three levels, keywords only, merges only, a Databricks
# online store. Tables are refreshed as any Delta table is.
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


# %% The client
import datetime

import mlflow
from databricks.feature_engineering import FeatureEngineeringClient, FeatureLookup

mlflow.set_registry_uri("databricks-uc")
fe = FeatureEngineeringClient()

# %% Task 1: the feature table customers_table from customers_1, with its key and its description
fe.create_table(
    name=f"main.{customers_table}",
    primary_keys=key,
    schema=landing("customers_1").schema,
    description=f"For everyone: {purpose}.",
    tags={tag_key: "to be told"},
)
fe.write_table(name=f"main.{customers_table}", df=landing("customers_1"))

# %% Task 2: merge customers_2 into customers_table
fe.write_table(name=f"main.{customers_table}", df=landing("customers_2"), mode="merge")

# %% Task 3: lost, the keys of the customers that overwriting with customers_2 would have lost
was = {row[key] for row in landing("customers_1").select(key).collect()}
will_be = {row[key] for row in landing("customers_2").select(key).collect()}
lost = was - will_be

# %% Task 4: the feature table coffees_table from coffees_1, with its two keys
fe.create_table(name=coffees_table, primary_keys=["coffee", "country"], df=landing("coffees_1"))

# %% Task 5: coffees_2 in place of all that coffees_table held
landing("coffees_2").write.mode("overwrite").saveAsTable(coffees_table)

# %% Task 6: the tag tag_key = tag_value on customers_table
fe.set_feature_table_tag(name=customers_table, key=tag_key, value=tag_value)

# %% Task 7: found_keys, the primary keys of growers_table
found_keys = tuple(fe.get_table(name=growers_table).primary_keys)

# %% Task 8: take the tag old_tag from growers_table
fe.delete_feature_table_tag(name=growers_table, key=old_tag)

# %% Task 9: growers_then, the rows of growers_table as of as_of
moment = datetime.datetime.fromisoformat(as_of)
growers_then = fe.read_table(name=growers_table, as_of_delta_timestamp=moment).toPandas()

# %% Task 10: the time-series feature table activity_table from activity
fe.create_table(name=activity_table, primary_keys=[key, time_key], timeseries_column=time_key, df=landing("activity"))

# %% Task 11: as_of_df, the calls with activity as it was known at each call
known = FeatureLookup(
    table_name=activity_table,
    feature_names=["orders_30d", "idle_days"],
    lookup_key=[key],
    timestamp_lookup_key="called_at",
)
as_of_df = fe.create_training_set(df=landing("calls"), feature_lookups=[known], label=None).load_df().toPandas()

# %% Task 12: recent_df, the same with activity of the last window_days days only
known.lookback_window = datetime.timedelta(days=window_days)
recent_df = fe.create_training_set(df=landing("calls"), feature_lookups=[known], label="answer").load_df()

# %% Task 13: the training set of orders, saved at tables/training
customer = FeatureLookup(
    table_name=customers_table,
    lookup_key=key,
    feature_names=["spend", "distance_km", "rating"],
    rename_outputs={"rating": own_rating},
    default_values={name: default_values[name] for name in ("spend", "distance_km", own_rating)},
)
coffee = FeatureLookup(
    table_name=coffees_table,
    lookup_key=["favourite", "country"],
    feature_names=["rating", "price"],
    rename_outputs={"rating": cup_score},
    default_values={name: default_values[name] for name in ("price", cup_score)},
)
training_set = fe.create_training_set(
    df=landing("orders").drop("gift"),
    feature_lookups=[coffee, customer],
    label=label,
    exclude_columns=[key, "favourite", "country"],
)
training_set.load_df().write.save(f"{root}/tables/training")

# %% Task 14: fit a model on it, log it with its lookups and register it as model_name
rows = spark.read.format("delta").load(f"{root}/tables/training").toPandas()
logged = fe.log_model(
    model=fit(rows), name="forecast", flavor=mlflow.sklearn, training_set=training_set, infer_input_example=True
)
mlflow.register_model(logged.model_uri, model_name)

# %% Task 15: merge customers_3 into customers_table
fe.write_table(name=customers_table, df=landing("customers_3"))

# %% Task 16: scores, the forecasts for batch
batch = landing("batch").drop("gift")
scores = fe.score_batch(model_uri=f"models:/{model_name}/1", df=batch, result_type="float")

# %% Task 17: publish activity_table to an online store
fe.create_online_store(name="shop-window", capacity="CU_1")
fe.publish_table(
    online_store=fe.get_online_store(name="shop-window"),
    source_table_name=activity_table,
    online_table_name=f"{schema}.activity_online",
)
