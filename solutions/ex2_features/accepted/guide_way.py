# The calls of a study guide as they stand there, with the brief's names; what it does not show, in the same manner.
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


# %% Task 1: the feature table customers_table from customers_1, with its key and its description
# Initialize the client
from databricks.feature_store import FeatureStoreClient

fs = FeatureStoreClient()

# A Delta table to start from
landing("customers_1").write.format("delta").save(f"{root}/tables/customers_raw")
features_df = spark.read.format("delta").load(f"{root}/tables/customers_raw")
fs.create_table(name=customers_table, primary_keys=[key], df=features_df, description=purpose)

# %% Task 2: merge customers_2 into customers_table
updated_features_df = landing("customers_2")
fs.write_table(name=customers_table, df=updated_features_df, mode="merge")

# %% Task 3: lost, the keys of the customers that overwriting with customers_2 would have lost
features = fs.read_table(name=customers_table)
known = landing("customers_1").select(key).toPandas()[key]
lost = known[~known.isin(landing("customers_2").select(key).toPandas()[key])]

# %% Task 4: the feature table coffees_table from coffees_1, with its two keys
fs.create_table(
    name=coffees_table, primary_keys=["country", "coffee"], df=landing("coffees_1"), description="Coffees by country"
)

# %% Task 5: coffees_2 in place of all that coffees_table held
fs.write_table(name=coffees_table, df=landing("coffees_2"), mode="overwrite")

# %% Task 6: the tag tag_key = tag_value on customers_table
fs.set_feature_table_tag(table_name=customers_table, key=tag_key, value=tag_value)

# %% Task 7: found_keys, the primary keys of growers_table
found_keys = fs.get_feature_table(growers_table).primary_keys

# %% Task 8: take the tag old_tag from growers_table
fs.delete_feature_table_tag(table_name=growers_table, key=old_tag)

# %% Task 9: growers_then, the rows of growers_table as of as_of
growers_then = fs.read_table(name=growers_table, as_of_delta_timestamp=as_of).collect()

# %% Task 10: the time-series feature table activity_table from activity
fs.create_feature_table(activity_table, keys=[key], features_df=landing("activity"), timestamp_keys=[time_key])

# %% Task 11: as_of_df, the calls with activity as it was known at each call
from databricks.feature_store import FeatureLookup

feature_lookups = [
    FeatureLookup(
        table_name=activity_table,
        feature_names=["orders_30d", "idle_days"],
        lookup_key=key,
        timestamp_lookup_key="called_at",
    )
]
as_of_df = fs.create_training_set(df=landing("calls"), feature_lookups=feature_lookups, label="answer").load_df()

# %% Task 12: recent_df, the same with activity of the last window_days days only
# By hand: what is older than the window is taken out again.
from pyspark.sql import functions as F

latest = landing("calls").join(landing("activity"), key, "left").filter(F.col(time_key) <= F.col("called_at"))
latest = latest.groupBy(key, "called_at").agg(
    F.max(time_key).alias("at"), *(F.max_by(name, time_key).alias(name) for name in ("orders_30d", "idle_days"))
)
latest = latest.filter(F.col("at") + F.expr(f"INTERVAL {window_days} DAYS") >= F.col("called_at")).drop("at")
recent_df = landing("calls").join(latest, [key, "called_at"], "left")

# %% Task 13: the training set of orders, saved at tables/training
feature_lookups = [
    FeatureLookup(
        table_name=customers_table,
        feature_names=["spend", "distance_km", "rating"],
        lookup_key=key,
        rename_outputs={"rating": own_rating},
        default_values={name: default_values[name] for name in ["spend", "distance_km", own_rating]},
    ),
    FeatureLookup(
        table_name=coffees_table,
        feature_names=["price", "rating"],
        lookup_key=["country", "favourite"],
        rename_outputs={"rating": cup_score},
        default_values={name: default_values[name] for name in ["price", cup_score]},
    ),
]
training_labels_df = landing("orders")
training_data = fs.create_training_set(
    df=training_labels_df,
    feature_lookups=feature_lookups,
    label=label,
    exclude_columns=[key, "country", "favourite", "gift"],
)

# Get the training DataFrame
training_df = training_data.load_df()
training_df.write.format("delta").save(f"{root}/tables/training")

# %% Task 14: fit a model on it, log it with its lookups and register it as model_name
import mlflow

# By the parts of the rows' own names, on arrays: a model does not need to know the names.
rows = training_df.toPandas()
model = LinearRegression().fit(rows.drop(columns=label).to_numpy(), rows[label].to_numpy())
fs.log_model(
    model, artifact_path="model", flavor=mlflow.sklearn, training_set=training_data, registered_model_name=model_name
)

# %% Task 15: merge customers_3 into customers_table
fs.write_table(name=customers_table, df=landing("customers_3"), mode="merge")

# %% Task 16: scores, the forecasts for batch
from mlflow import MlflowClient

newest = max(int(version.version) for version in MlflowClient().search_model_versions(f"name = '{model_name}'"))
scores = fs.score_batch(f"models:/{model_name}/{newest}", landing("batch").select(key, "country", "favourite"))

# %% Task 17: publish activity_table to an online store
from databricks.feature_store.online_store_spec import LocalSqliteSpec

fs.publish_table(name=activity_table, online_store=LocalSqliteSpec(), mode="merge")
