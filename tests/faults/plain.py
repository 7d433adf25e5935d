# Without a sandbox: what is promised there, too.

# %% Task 1: create rides
import json
import os
import sys

root = dbutils.widgets.get("root")
batch = spark.read.parquet(f"{root}/landing/rides_1.parquet")
batch.selectExpr("*", "distance_m / minutes AS speed").write.format("delta").save(f"{root}/tables/rides")

# %% endless
while True:
    pass

# %% sets a daemon loose
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve(sys.executable, ["python", "-c", "import time; time.sleep(86398)"], {})
    os._exit(0)

# %% looks
raise RuntimeError(json.dumps(sorted(os.environ)))

# %% goes on with Spark
assert spark.read.format("delta").load(f"{root}/tables/rides").count() > 100
