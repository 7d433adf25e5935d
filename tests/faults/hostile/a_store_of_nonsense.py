# A store whose columns hold what they never hold.
# %% attack
import os
import sqlite3

with sqlite3.connect("mlflow.db") as store:
    store.execute("PRAGMA foreign_keys = OFF")
    for table in ("model_versions", "registered_model_tags", "registered_model_aliases", "model_version_tags"):
        columns = [row[1] for row in store.execute(f"PRAGMA table_info({table})")]
        marks = ", ".join("?" * len(columns))
        for value in (b"\xff\x00", -(1 << 62), 1e308, "\u202e" * 1000):
            store.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", [value] * len(columns))
