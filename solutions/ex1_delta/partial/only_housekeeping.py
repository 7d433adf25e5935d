# Only what is one line of SQL; the property of a table that was never made can't be set.
# fails: create.rows create.derived create.append create.read create.property travel.history travel.version
# fails: travel.moment recover.found recover.rows recover.kept schema.refused schema.clean schema.evolved
# fails: schema.kept change.merge change.atomic

# %% Task 4: keep deleted files longer
days = dbutils.widgets.get("retention_days")
root = dbutils.widgets.get("root")
spark.sql(f"ALTER TABLE delta.`{root}/tables/rides` SET TBLPROPERTIES (delta.deletedFileRetentionDuration = 'interval {days} days')")

# %% [sql] Task 12: gold
UPDATE delta.`${root}/tables/riders` SET plan = 'gold' WHERE rides >= ${gold_from}

# %% [sql] Task 13: consent
DELETE FROM delta.`${root}/tables/riders` WHERE consent = false

# %% [sql] Task 15: events
OPTIMIZE delta.`${root}/tables/events` ZORDER BY (${zorder_by})

# %% [sql] Task 16: events
VACUUM delta.`${root}/tables/events`
