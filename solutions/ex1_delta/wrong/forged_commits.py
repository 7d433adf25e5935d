# Writes commits by hand that say WRITE, RESTORE and OPTIMIZE, and do nothing or not what they say.
# base: accepted/dataframe_writer.py
# fails: create.rows create.derived create.append create.read create.property travel.history travel.version
# fails: recover.rows recover.kept maintain.compact maintain.zorder maintain.vacuum maintain.retention

# %% Task 2: the second batch without its speed, which only the statistics have
import json
import os
import time
from pathlib import Path


def forge(table, *actions, operation, parameters=None, metrics=None):
    log = Path(table) / "_delta_log"
    version = max(int(file.stem) for file in log.glob("*.json")) + 1
    info = {
        "timestamp": int(time.time() * 1000),
        "operation": operation,
        "operationParameters": parameters or {},
        "operationMetrics": metrics or {},
        "isBlindAppend": False,
        "engineInfo": "Apache-Spark/4.2.0 Delta-Lake/4.4.0",
    }
    lines = [json.dumps({"commitInfo": info})] + [json.dumps(action) for action in actions]
    (log / f"{version:020d}.json").write_text("\n".join(lines) + "\n")


def live_files(table):
    """The add actions of the newest version."""
    live = {}
    for commit in sorted((Path(table) / "_delta_log").glob("*.json")):
        for action in map(json.loads, commit.read_text().splitlines()):
            if "add" in action:
                live[action["add"]["path"]] = action["add"]
            elif "remove" in action:
                live.pop(action["remove"]["path"], None)
    return live


def removal(add):
    now = int(time.time() * 1000)
    return {"remove": {"path": add["path"], "deletionTimestamp": now, "dataChange": False, "size": add["size"]}}


import shutil

rows = landed("rides_2").count()
shutil.copy(f"{root}/landing/rides_2.parquet", f"{rides}/part-00000-second.snappy.parquet")
size = os.path.getsize(f"{rides}/part-00000-second.snappy.parquet")
add = {
    "path": "part-00000-second.snappy.parquet",
    "partitionValues": {},
    "size": size,
    "modificationTime": int(time.time() * 1000),
    "dataChange": True,
    "stats": json.dumps({"numRecords": rows, "minValues": {"speed": 6.1}, "maxValues": {"speed": 4000.5}, "nullCount": {"speed": 0}}),
}
forge(
    rides,
    {"add": add},
    operation="WRITE",
    parameters={"mode": "Append", "partitionBy": "[]"},
    metrics={"numFiles": "1", "numOutputRows": str(rows), "numOutputBytes": str(size)},
)

# %% Task 9: a restore without files
forge(
    stock,
    operation="RESTORE",
    parameters={"version": bad_version - 1, "timestamp": None},
    metrics={"numRestoredFiles": "0", "numRemovedFiles": "5"},
)

# %% Task 15: an optimize without files
count = len(live_files(events))
forge(
    events,
    operation="OPTIMIZE",
    parameters={"predicate": "[]", "zOrderBy": json.dumps([zorder_by]), "auto": False, "clusterBy": "[]"},
    metrics={"numRemovedFiles": str(count), "numAddedFiles": "1"},
)
