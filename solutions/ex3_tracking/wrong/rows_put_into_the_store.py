# Writes runs with made-up metrics into the store's database, past MLflow.
# base: accepted/fluent_api.py
# fails: log.metrics log.curve repeat.metrics

# %% Task 1: a run as rows
import sqlite3
import time
import uuid

made = mlflow.set_experiment(widget("experiment"))


def insert(connection, table, **values):
    marks = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))


def write(name, params, tags, points):
    now, run_id = int(time.time() * 1000), uuid.uuid4().hex
    with sqlite3.connect(f"{root}/mlflow.db", timeout=30) as connection:
        insert(
            connection,
            "runs",
            run_uuid=run_id,
            name=name,
            source_type="NOTEBOOK",
            source_name="",
            entry_point_name="",
            user_id="learner",
            status="FINISHED",
            start_time=now,
            end_time=now + 1000,
            source_version="",
            lifecycle_stage="active",
            artifact_uri=f"{root}/mlruns/{made.experiment_id}/{run_id}/artifacts",
            experiment_id=int(made.experiment_id),
        )
        for key, value in params.items():
            insert(connection, "params", run_uuid=run_id, key=key, value=str(value))
        for key, value in {"mlflow.runName": name, **tags}.items():
            insert(connection, "tags", run_uuid=run_id, key=key, value=value)
        last = {}
        for key, step, value in points:
            row = dict(run_uuid=run_id, key=key, value=value, timestamp=now, step=step, is_nan=False)
            insert(connection, "metrics", **row)
            last[key] = row
        for row in last.values():
            insert(connection, "latest_metrics", **row)


write(
    widget("run_name"),
    {"n_estimators": n_estimators, "max_depth": max_depth},
    {"team": widget("team")},
    [("accuracy", 0, 0.958), ("log_loss", 0, 0.124)],
)

# %% Task 2: a curve as rows
write(widget("curve_run"), {}, {}, [("log_loss", trees, 0.12 + 0.5 / trees) for trees in numbers("trees")])

# %% Task 11: a run that nobody can repeat
write(
    widget("repro_run"),
    {"data_version": widget("data_version"), "random_state": random_state},
    {"code_version": widget("code_version")},
    [("accuracy", 0, 0.951), ("log_loss", 0, 0.131)],
)
