# Tables by SQL, which register_table makes feature tables; merges, refreshes and points in time by SQL too. The model is
# loaded like any other and asked with a pandas DataFrame of keys.
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


# %% The client, and the files as views
import mlflow
from databricks.feature_store import FeatureLookup, FeatureStoreClient
from databricks.feature_store.online_store_spec import LocalSqliteSpec

fs = FeatureStoreClient()
for name in ("customers_1", "customers_2", "customers_3", "coffees_1", "coffees_2", "activity", "calls"):
    landing(name).createOrReplaceTempView(name)

# %% Task 1: the feature table customers_table from customers_1, with its key and its description
spark.sql(
    f"CREATE TABLE {customers_table} ({key} BIGINT NOT NULL, spend DOUBLE, bags BIGINT, distance_km DOUBLE, rating DOUBLE) "
    f"USING delta COMMENT '{purpose}'"
)
spark.sql(f"INSERT INTO {customers_table} SELECT {key}, spend, bags, distance_km, rating FROM customers_1")
fs.register_table(delta_table=customers_table, primary_keys=key, tags={tag_key: tag_value})

# %% Task 2: merge customers_2 into customers_table
spark.sql(f"""
    MERGE INTO {customers_table} AS old USING customers_2 AS new ON old.{key} = new.{key}
    WHEN MATCHED THEN UPDATE SET spend = new.spend, bags = new.bags, rating = new.rating
    WHEN NOT MATCHED THEN INSERT ({key}, spend, bags, rating) VALUES (new.{key}, new.spend, new.bags, new.rating)
""")

# %% Task 3: lost, the keys of the customers that overwriting with customers_2 would have lost
lost = spark.sql(f"SELECT {key} FROM customers_1 WHERE {key} NOT IN (SELECT {key} FROM customers_2)")

# %% Task 4: the feature table coffees_table from coffees_1, with its two keys
spark.sql(f"CREATE TABLE {coffees_table} USING delta AS SELECT * FROM coffees_1")
fs.register_table(delta_table=coffees_table, primary_keys=["country", "coffee"], description="price lists")

# %% Task 5: coffees_2 in place of all that coffees_table held
spark.sql(f"""
    MERGE INTO {coffees_table} AS old USING coffees_2 AS new
    ON old.country = new.country AND old.coffee = new.coffee
    WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT * WHEN NOT MATCHED BY SOURCE THEN DELETE
""")

# %% Task 7: found_keys, the primary keys of growers_table
found_keys = fs.get_table(growers_table).primary_keys

# %% Task 8: take the tag old_tag from growers_table
fs.delete_feature_table_tag(growers_table, old_tag)

# %% Task 9: growers_then, the rows of growers_table as of as_of
path = fs.get_table(growers_table).path
growers_then = spark.read.format("delta").option("timestampAsOf", as_of).load(path)

# %% Task 10: the time-series feature table activity_table from activity
spark.sql(f"CREATE TABLE {activity_table} USING delta AS SELECT * FROM activity")
fs.register_table(delta_table=activity_table, primary_keys=[key], timestamp_keys=[time_key])

# %% Task 11: as_of_df, the calls with activity as it was known at each call
as_of_df = spark.sql(f"""
    SELECT {key}, called_at, answer, known.orders_30d, known.idle_days FROM (
        SELECT c.*, max_by(struct(a.orders_30d, a.idle_days), a.{time_key}) AS known
        FROM calls AS c LEFT JOIN {activity_table} AS a ON a.{key} = c.{key} AND a.{time_key} <= c.called_at
        GROUP BY c.{key}, c.called_at, c.answer
    )
""")

# %% Task 12: recent_df, the same with activity of the last window_days days only
recent_df = spark.sql(f"""
    SELECT {key}, called_at, answer, known.orders_30d, known.idle_days FROM (
        SELECT c.*, max_by(struct(a.orders_30d, a.idle_days), a.{time_key}) AS known
        FROM calls AS c LEFT JOIN {activity_table} AS a
        ON a.{key} = c.{key} AND a.{time_key} BETWEEN c.called_at - INTERVAL {window_days} DAYS AND c.called_at
        GROUP BY c.{key}, c.called_at, c.answer
    )
""")

# %% Task 13: the training set of orders, saved at tables/training
training_set = fs.create_training_set(
    landing("orders"),
    [
        FeatureLookup(customers_table, key, feature_names="spend", default_values={"spend": default_values["spend"]}),
        FeatureLookup(
            customers_table,
            key,
            feature_names="distance_km",
            default_values={"distance_km": default_values["distance_km"]},
        ),
        FeatureLookup(
            customers_table,
            key,
            feature_name="rating",
            output_name=own_rating,
            default_values={own_rating: default_values[own_rating]},
        ),
        FeatureLookup(
            coffees_table,
            ["country", "favourite"],
            feature_names=["rating", "price", "strength"],
            rename_outputs={"rating": cup_score},
            default_values={cup_score: default_values[cup_score], "price": default_values["price"]},
        ),
    ],
    label,
    exclude_columns=[key, "country", "favourite", "gift", "strength"],
)
training_set.load_df().createOrReplaceTempView("training_rows")
spark.sql(
    f"CREATE TABLE {schema}.training_rows USING delta LOCATION '{root}/tables/training' AS SELECT * FROM training_rows"
)

# %% Task 14: fit a model on it, log it with its lookups and register it as model_name
with mlflow.start_run(run_name="forecast"):
    rows = spark.table(f"{schema}.training_rows").toPandas()
    fs.log_model(fit(rows), "model", flavor=mlflow.sklearn, training_set=training_set, registered_model_name=model_name)

# %% Task 15: merge customers_3 into customers_table
spark.sql(f"""
    MERGE INTO {customers_table} AS old USING customers_3 AS new ON old.{key} = new.{key}
    WHEN MATCHED THEN UPDATE SET spend = new.spend, distance_km = new.distance_km, rating = new.rating
    WHEN NOT MATCHED THEN
        INSERT ({key}, spend, distance_km, rating) VALUES (new.{key}, new.spend, new.distance_km, new.rating)
""")

# %% Task 16: scores, the forecasts for batch
scores = landing("batch").toPandas()
scores["prediction"] = mlflow.pyfunc.load_model(f"models:/{model_name}/1").predict(scores)

# %% Task 17: publish activity_table to an online store
fs.publish_table(activity_table, LocalSqliteSpec(database_name="shop", table_name="activity"), mode="overwrite")
