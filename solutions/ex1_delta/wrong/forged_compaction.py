# Removes all files but one in a commit by hand and writes statistics of the whole table for that one.
# base: accepted/dataframe_writer.py
# fails: maintain.compact maintain.zorder maintain.vacuum maintain.retention

# %% Task 15: pretend
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


files = list(live_files(events).values())
stats = [json.loads(file["stats"]) for file in files]
kept = dict(files[0])
kept["stats"] = json.dumps(
    {
        "numRecords": sum(s["numRecords"] for s in stats),
        "minValues": {c: min(s["minValues"][c] for s in stats) for c in stats[0]["minValues"]},
        "maxValues": {c: max(s["maxValues"][c] for s in stats) for c in stats[0]["maxValues"]},
        "nullCount": stats[0]["nullCount"],
    }
)
kept["dataChange"] = False
forge(
    events,
    *[removal(file) for file in files[1:]],
    {"add": kept},
    operation="OPTIMIZE",
    parameters={"predicate": "[]", "zOrderBy": json.dumps([zorder_by])},
    metrics={"numRemovedFiles": str(len(files)), "numAddedFiles": "1"},
)
