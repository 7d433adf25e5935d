# Looks for what it should not see; what it found stands in the error that it raises. Then it breaks Spark.

# %% Task 1: create rides
root = dbutils.widgets.get("root")
batch = spark.read.parquet(f"{root}/landing/rides_1.parquet")
batch.selectExpr("*", "distance_m / minutes AS speed").write.format("delta").save(f"{root}/tables/rides")

# %% looks
import importlib.util
import json
import os
import socket
import sys
from pathlib import Path


def reachable(address):
    try:
        socket.create_connection(address, timeout=2).close()
    except OSError:
        return False
    return True


def writable(path):
    try:
        (Path(path) / "x").write_text("x")
    except OSError:
        return False
    return True


def readable(path):
    try:
        return Path(path).read_text().count("GRADE")
    except OSError:
        return 0


def size(path):
    stat = os.statvfs(path)
    return stat.f_blocks * stat.f_frsize >> 20


def found(*names):
    """Where in all that this process sees as the disk, but for the system's own folders, something is so called."""
    hits = []
    for folder, folders, files in os.walk("/"):
        if folder == "/":
            folders[:] = [name for name in folders if name not in ("proc", "sys", "usr")]
        hits += [f"{folder}/{name}" for name in (*files, *folders) if name in names]
    return hits[:5]


def importable(name):
    """An empty `grader` may be there, as the folder above the JVM's log settings: what counts is a module in it."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


report = {
    "found": found("test_rides.py", "exercise.toml", "facts.json", "ex1_delta", "test_riders.py", "id_rsa", ".ssh"),
    "imports": [
        name
        for name in ("grader.catalog", "grader.pipeline", "grader.suite", "grader.lab", "grader.runtime.jvm", "fixtures")
        if importable(name)
    ],
    "folders": sorted(os.listdir("/")),
    "homes": [str(path) for top in ("/root", "/home") if os.path.exists(top) for path in Path(top).iterdir()],
    "environment": sorted(os.environ),
    "environment of the first": readable("/proc/1/environ"),
    "processes": len([name for name in os.listdir("/proc") if name.isdigit()]),
    "user": os.getuid(),
    "host": socket.gethostname(),
    "network": [reachable(address) for address in (("1.1.1.1", 53), ("127.0.0.1", 47113))],
    "writable": [
        name for name in ("/", "/dev", "/etc", "/opt", "/opt/lab", "/usr", "/proc", sys.prefix) if writable(name)
    ],
    "memory": [size("/tmp"), size("/dev/shm")],
}
raise RuntimeError(json.dumps(report))

# %% stops for good
spark._jsparkSession.stop()

# %% after the stop
spark.range(3).count()

# %% ends the JVM
import signal

for process in Path("/proc").iterdir():
    if process.name.isdigit() and (process / "comm").read_text().strip() == "java":
        os.kill(int(process.name), signal.SIGKILL)

# %% after the end
spark.range(3).count()

# %% plain Python goes on
bad_version = 2 + 2
