# One fault a cell, each survived: what the cells before and after them earn stays earned.

# %% Task 1: create rides
root = dbutils.widgets.get("root")


def with_speed(name):
    batch = spark.read.parquet(f"{root}/landing/{name}.parquet")
    return batch.selectExpr("*", "distance_m / minutes AS speed")


def fails_below(value):
    return 1 / value


with_speed("rides_1").write.format("delta").save(f"{root}/tables/rides")

# %% syntax
x = 1
if x = 2:
    pass

# %% raises
print("one line above")
fails_below(0)

# %% [sql] sql
-- a comment
SELECT 1;

SELECT * FROM delta.`${root}/tables/no_such_table`

# %% endless
while True:
    pass

# %% endless query
spark.range(10**14).selectExpr("sum(id % 7)").collect()

# %% memory
hog = bytearray(8 << 30)

# %% prints
line = "x" * 10_000_000
for _ in range(107):
    print(line)

# %% writes
import os

block = b"x" * 1_000_000
for _ in range(1074):
    os.write(1, block)

# %% subprocess writes
import subprocess

subprocess.run(["yes", "x" * 1000])

# %% one message
from IPython.display import display as show

show({"text/plain": "x" * 100_000_000}, raw=True)

# %% interrupted at its end
import signal

shell = get_ipython()
shell.payload_manager.read_payload = lambda: signal.raise_signal(signal.SIGINT)

# %% interrupted after its end
del shell.payload_manager.read_payload
finish = shell.kernel.finish_metadata
shell.kernel.finish_metadata = lambda *values: (signal.raise_signal(signal.SIGINT), finish(*values))[1]

# %% asks
input("Your name? ")

# %% colours
print("\x1b[2J\x1b]0;title\x07[bold red]loud[/]\x00\x08")
raise ValueError("\x1b[2Jgone [bold red]loud[/] \ud800 \x07")

# %% malformed messages
kernel = get_ipython().kernel
for content in ({"traceback": [1, None]}, {"traceback": 5}, {"ename": {}, "traceback": ["lab-error:" + "[" * 9999]}):
    kernel.session.send(kernel.iopub_socket, "error", content, parent=kernel.get_parent())
kernel.session.send(kernel.iopub_socket, "status", {}, parent=kernel.get_parent())
kernel.session.send(kernel.iopub_socket, "display_data", {"data": 7, "transient": 7}, parent=kernel.get_parent())

# %% patched tools
import builtins
import json

import pytest

json.dumps = json.dump = lambda *_, **__: "{}"
json.loads = json.load = lambda *_, **__: {"passed": True}
pytest.main = pytest.fail = lambda *_, **__: 0
builtins.AssertionError = builtins.ValueError
type(spark.range(1)).collect = lambda self: []

# %% stops
spark.stop()
sc.stop()
SparkSession = type(spark)
SparkSession.builder.getOrCreate().stop()

# %% threads
import threading
import time


def murmur():
    while True:
        print("x" * 1_000)
        time.sleep(0.05)


threading.Thread(target=murmur).start()

# %% objects that equal anything


class Anything:
    def __eq__(self, other):
        return True

    def __getattr__(self, name):
        return self

    def __call__(self, *_, **__):
        return self

    def __iter__(self):
        return iter([self] * 1000)


class DataFrame(Anything):
    pass


class Number(int):
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 7


DataFrame.__module__ = "pyspark.sql.dataframe"
history_df, previous_df, as_of_df = Anything(), DataFrame(), type("DataFrame", (list,), {})([1])
bad_version = Number(3)
refusal = type("AnalysisException", (Exception,), {"java_exception": Anything()})("no")

# %% Task 2: append rides_2
with_speed("rides_2").write.format("delta").mode("append").save(f"{root}/tables/rides")

# %% floods from a thread


def flood():
    while True:
        print("x" * 1_000_000)


threading.Thread(target=flood).start()
time.sleep(10)
