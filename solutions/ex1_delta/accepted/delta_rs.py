# delta-rs (the package deltalake) and Arrow, with Spark for what it alone can do.
# fails: nothing

# %% Set-up
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake

root = dbutils.widgets.get("root")
key = dbutils.widgets.get("key")
gold_from = int(dbutils.widgets.get("gold_from"))
rides, stock, riders, events = (f"{root}/tables/{name}" for name in ("rides", "stock", "riders", "events"))


def landed(name):
    return pq.read_table(f"{root}/landing/{name}.parquet")


def with_speed(batch):
    metres, minutes = (pc.cast(batch[name], pa.float64()) for name in ("distance_m", "minutes"))
    return batch.append_column("speed", pc.divide(metres, minutes))


# %% Task 1: create rides
write_deltalake(rides, with_speed(landed("rides_1")))

# %% Task 2: append the second batch
write_deltalake(rides, with_speed(landed("rides_2")), mode="append")

# %% Task 3: read it back
rides_df = spark.read.format("delta").load(rides)

# %% Task 4: keep deleted files longer
days = dbutils.widgets.get("retention_days")
DeltaTable(rides).alter.set_table_properties({"delta.deletedFileRetentionDuration": f"interval {days} days"})

# %% Task 5: the history of rides
history_df = spark.sql(f"DESCRIBE HISTORY delta.`{rides}`")

# %% Task 6: before the second batch
previous_df = DeltaTable(rides, version=0).to_pandas()

# %% Task 7: stock at a moment
then = DeltaTable(stock)
then.load_as_version(datetime.fromisoformat(dbutils.widgets.get("as_of")).replace(tzinfo=UTC))
as_of_df = then.to_pandas()

# %% Task 8: the first version with negative counts
versions = range(DeltaTable(stock).version() + 1)
bad_version = next(version for version in versions if DeltaTable(stock, version=version).to_pandas().bikes.min() < 0)

# %% Task 9: restore
DeltaTable(stock).restore(bad_version - 1)

# %% Task 10: the bad batch is refused
try:
    bad = spark.read.parquet(f"{root}/landing/riders_bad.parquet")
    bad.write.format("delta").mode("append").save(riders)
except Exception as error:
    refusal = error

# %% Task 11: the schema grows
write_deltalake(riders, landed("riders_2"), mode="append", schema_mode="merge")

# %% Task 12: update
DeltaTable(riders).update(predicate=f"rides >= {gold_from}", updates={"plan": "'gold'"})

# %% Task 13: delete
DeltaTable(riders).delete("consent = false")

# %% Task 14: merge
updates = DeltaTable(riders).merge(landed("riders_updates"), f"t.{key} = s.{key}", source_alias="s", target_alias="t")
updates.when_matched_update_all().when_not_matched_insert_all().execute()

# %% Task 15: Z-order
DeltaTable(events).optimize.z_order([dbutils.widgets.get("zorder_by")])

# %% Task 16: vacuum, files included that the log no longer knows
DeltaTable(events).vacuum(retention_hours=168, dry_run=False, full=True)
