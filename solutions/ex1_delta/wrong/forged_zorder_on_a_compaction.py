# Compacts, then writes a commit by hand that claims a Z-order.
# base: accepted/dataframe_writer.py
# fails: maintain.compact maintain.zorder maintain.vacuum maintain.retention

# %% Task 15: compact, and pretend the rest
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


DeltaTable.forPath(spark, events).optimize().executeCompaction()
log = Path(events) / "_delta_log"
newest = sorted(log.glob("*.json"))[-1]
lines = [json.loads(line) for line in newest.read_text().splitlines()]
for line in lines:
    if "commitInfo" in line:
        line["commitInfo"]["operationParameters"]["zOrderBy"] = json.dumps([zorder_by])
newest.write_text("\n".join(json.dumps(line) for line in lines) + "\n")
for checksum in log.glob(f"*{newest.stem}*.crc"):
    checksum.unlink()
