# Databricks notebook source
# The fluent API wherever it has a function, Unity Catalog's name for the registry, stages in small letters.
# fails: nothing

# COMMAND ----------

# DBTITLE 1,Set-up
import mlflow
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.tree import DecisionTreeClassifier

mlflow.set_registry_uri("databricks-uc")
mlflow.set_experiment("/Users/learner/wine")
client = mlflow.MlflowClient(registry_uri="databricks-uc")
widget = dbutils.widgets.get
state = int(widget("random_state"))
train = pd.read_parquet(widget("root") + "/data/train.parquet")
test = pd.read_parquet(widget("root") + "/data/test.parquet")
y_train, y_test = train.pop(widget("label")), test.pop(widget("label"))
name = widget("model_name")
past = widget("load_model")


def known(model):
    """The versions of a registered model, the newest first."""
    found = mlflow.search_model_versions(filter_string=f"name='{model}'")
    return sorted(found, key=lambda version: int(version.version), reverse=True)


# COMMAND ----------

# DBTITLE 1,Task 1: register what a run logged
shallow = DecisionTreeClassifier(max_depth=int(widget("depth_1")), random_state=state).fit(train, y_train)
with mlflow.start_run() as run:
    mlflow.sklearn.log_model(shallow, name="tree", input_example=train.head(3))
one = mlflow.register_model(f"runs:/{run.info.run_id}/tree", name, tags={"made_by": "fluent"})

# COMMAND ----------

# DBTITLE 1,Task 2: register while logging
with mlflow.start_run():
    other = DecisionTreeClassifier(max_depth=int(widget("depth_2")), random_state=state).fit(train, y_train)
    mlflow.sklearn.log_model(other, name="tree", registered_model_name=name)
two = known(name)[0]

# COMMAND ----------

# DBTITLE 1,Task 3: a sentence round the purpose, and the tag
client.update_registered_model(name, f"This model {widget('purpose')}. It is a tree or a forest.")
client.set_registered_model_tag(name, widget("tag_key"), widget("tag_value"))

# COMMAND ----------

# DBTITLE 1,Task 4: notes on versions
client.update_model_version(name, two.version, f"Version {two.version}: {widget('note')}.")
accuracy = {}
for version in (one, two):
    loaded = mlflow.sklearn.load_model(f"models:/{name}/{version.version}")
    accuracy[version.version] = accuracy_score(y_test, loaded.predict(test))
    mlflow.set_model_version_tag(name, version.version, widget("score_key"), round(accuracy[version.version], 2))

# COMMAND ----------

# DBTITLE 1,Task 5: version 1
client.transition_model_version_stage(name, one.version, "staging")
client.transition_model_version_stage(name, one.version, "production")

# COMMAND ----------

# DBTITLE 1,Task 6: version 2, and version 1 to the archive by itself
client.transition_model_version_stage(name, two.version, "staging")
client.transition_model_version_stage(name, one.version, "archived")
client.transition_model_version_stage(name, two.version, "production")

# COMMAND ----------

# DBTITLE 1,Task 7: two aliases
worse, better = sorted(accuracy, key=accuracy.get)
client.set_registered_model_alias(name, alias="challenger", version=worse)
client.set_registered_model_alias(name, alias="champion", version=better)

# COMMAND ----------

# DBTITLE 1,Task 8: the forest
forest = RandomForestClassifier(n_estimators=int(widget("trees")), random_state=state).fit(train, y_train)
with mlflow.start_run():
    model = mlflow.sklearn.log_model(forest, name="forest")
    three = mlflow.register_model(model.model_uri, name)
client.set_registered_model_alias(name, widget("fallback_alias"), better)
client.delete_registered_model_alias(name, "champion")
client.set_registered_model_alias(name, "champion", three.version)

# COMMAND ----------

# DBTITLE 1,Task 9: as a list
by_version = mlflow.pyfunc.load_model(f"models:/{past}/{widget('load_version')}").predict(test).tolist()

# COMMAND ----------

# DBTITLE 1,Task 10: as a Series
by_stage = pd.Series(mlflow.pyfunc.load_model(f"models:/{past}/{widget('load_stage').lower()}").predict(test))

# COMMAND ----------

# DBTITLE 1,Task 11: row by row
model = mlflow.pyfunc.load_model(f"models:/{past}@{widget('load_alias')}")
by_alias = [model.predict(test.iloc[[row]])[0] for row in range(len(test))]

# COMMAND ----------

# DBTITLE 1,Task 12: the version as MLflow gives it
latest_version = known(widget("latest_model"))[0].version

# COMMAND ----------

# DBTITLE 1,Task 13: versions as MLflow gives them
tagged_versions = [
    version.version
    for version in known(widget("search_model"))
    if version.tags.get(widget("search_key")) == widget("search_value")
]

# COMMAND ----------

# DBTITLE 1,Task 14: back to Staging
(live,) = [version for version in known(widget("demote_model")) if version.current_stage == "Production"]
client.transition_model_version_stage(live.name, live.version, "staging", archive_existing_versions=False)

# COMMAND ----------

# DBTITLE 1,Task 15: two moves
been = [version for version in known(widget("rollback_model")) if version.tags.get("live_from")]
bad, good = sorted(been, key=lambda version: pd.Timestamp(version.tags["live_from"]), reverse=True)[:2]
client.transition_model_version_stage(bad.name, bad.version, "archived")
client.transition_model_version_stage(good.name, good.version, "production")

# COMMAND ----------

# DBTITLE 1,Task 16: the alias removed and set
aliases = client.get_registered_model(widget("alias_model")).aliases
client.delete_registered_model_alias(widget("alias_model"), widget("serving_alias"))
client.set_registered_model_alias(widget("alias_model"), widget("serving_alias"), aliases[widget("proven_alias")])

# COMMAND ----------

# DBTITLE 1,Task 17: what the filter finds
condition = f"name = '{widget('delete_model')}' AND tag.{widget('delete_key')} = '{widget('delete_value')}'"
(found,) = mlflow.search_model_versions(filter_string=condition)
client.delete_model_version(found.name, found.version)

# COMMAND ----------

# DBTITLE 1,Task 18: registered from the version's URI
mlflow.register_model(f"models:/{past}/{widget('release_version')}", widget("release_model"))
