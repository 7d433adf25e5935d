# A store with a row of some hundred megabytes.
# %% attack
import os
import sqlite3

with sqlite3.connect("mlflow.db") as store:
    store.execute("INSERT INTO registered_models (name, description) VALUES ('huge', zeroblob(300000000))")
