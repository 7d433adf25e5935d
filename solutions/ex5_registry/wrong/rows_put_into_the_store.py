# Writes a registered model, its versions, stages and aliases into the store's database; there are no models.
# base: accepted/client_api.py
# fails: register.first register.second register.third register.versions register.lineage describe.version
# fails: describe.score
# fails: stages.first stages.second stages.archived aliases.champion aliases.challenger aliases.promoted

# %% Task 1: all three versions as rows
import sqlite3
import time
import uuid

import mlflow
from mlflow import MlflowClient
from sklearn.metrics import accuracy_score

client = MlflowClient()
models = {1: tree(depth_1), 2: tree(depth_2)}
now = int(time.time() * 1000)
first, second = 1, 2


def insert(table, **values):
    marks = ", ".join("?" * len(values))
    with sqlite3.connect(f"{root}/mlflow.db", timeout=30) as store:
        store.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))


insert("registered_models", name=model_name, creation_time=now, last_updated_time=now, description="")
for number in (1, 2, 3):
    place = f"{root}/mlruns/0/models/m-{uuid.uuid4().hex}/artifacts"
    insert(
        "model_versions",
        name=model_name,
        version=number,
        creation_time=now,
        last_updated_time=now,
        description="",
        user_id="learner",
        current_stage="None",
        source=place,
        run_id=uuid.uuid4().hex,
        status="READY",
        storage_location=place,
    )

# %% Task 2: version 2 is there already


# %% Task 5: version 1 through the stages
def move(version, *stages):
    with sqlite3.connect(f"{root}/mlflow.db", timeout=30) as store:
        for stage in stages:
            change = "UPDATE model_versions SET current_stage = ? WHERE name = ? AND version = ?"
            store.execute(change, (stage, model_name, version))


move(1, "Staging", "Production")

# %% Task 6: version 2 takes its place
move(2, "Staging", "Production")
move(1, "Archived")

# %% Task 7: champion and challenger as rows
champion, challenger = max(scores, key=scores.get), min(scores, key=scores.get)
insert("registered_model_aliases", name=model_name, alias="champion", version=champion)
insert("registered_model_aliases", name=model_name, alias="challenger", version=challenger)

# %% Task 8: version 3 is there already
insert("registered_model_aliases", name=model_name, alias=fallback_alias, version=champion)
client.set_registered_model_alias(model_name, "champion", "3")
