"""rides: made, appended to, read back, given a property, and looked at as it was."""

from __future__ import annotations

import re

from fixtures.bikeshare import Bikeshare
from grader.evidence.delta import Table
from grader.suite.api import Lab, check, mismatch, rows_differ

COLUMNS = ("ride_id", "station", "minutes", "distance_m")
WITH_SPEED = (*COLUMNS, "speed")
HOURS = {"hour": 1, "day": 24, "week": 168}


def first_filled(table: Table) -> int:
    """The first version that holds rows: CREATE TABLE may have made an empty one before it."""
    for commit in table.commits:
        if table.files(commit.version) and (not table.readable(commit.version) or table.rows(commit.version)):
            return commit.version
    mismatch("rides holds the rows of rides_1", "rides holds no rows in any version")


def with_speed(rows: tuple[dict[str, object], ...]) -> list[dict[str, object]]:
    return [row | {"speed": row["distance_m"] / row["minutes"]} for row in rows]  # type: ignore[operator]


@check("create.rows")
def test_first_batch(lab: Lab, data: Bikeshare) -> None:
    table = lab.table("rides")
    version = first_filled(table)
    wrong = rows_differ(table.rows(version), data.rides_1, COLUMNS)
    if wrong:
        mismatch(
            "the first version with rows holds the rows of rides_1, with all its columns",
            f"version {version}: {wrong}",
        )


@check("create.derived")
def test_speed(lab: Lab, data: Bikeshare) -> None:
    table = lab.table("rides")
    version = first_filled(table)
    wanted = "a column speed of type double: distance_m divided by minutes"
    columns = table.columns(version)
    if "speed" not in columns:
        mismatch(wanted, f"the columns of version {version} are {', '.join(columns)}")
    if columns["speed"] != "double":
        mismatch(wanted, f"speed is of type {columns['speed']}")
    ids = {row["ride_id"] for row in data.rides_1}
    rows = [row for row in table.rows(version) if row["ride_id"] in ids]
    if not rows:
        mismatch(wanted, f"version {version} holds no row of rides_1")
    wrong = sum(bool(rows_differ([row], with_speed((row,)), ["speed"])) for row in rows)
    if wrong:
        mismatch(wanted, f"speed is wrong in {wrong} of {len(rows)} rows")


@check("create.append")
def test_second_batch(lab: Lab, data: Bikeshare) -> None:
    table = lab.table("rides")
    both = with_speed(data.rides_1 + data.rides_2)
    wanted = "a version that holds both batches, after one that held the first alone"
    found = ""
    for commit in table.commits[first_filled(table) + 1 :]:
        version = commit.version
        if not (table.readable(version - 1) and table.readable(version)):
            continue
        if rows_differ(table.rows(version - 1), data.rides_1, ["ride_id"]):
            continue
        wrong = rows_differ(table.rows(version), both, COLUMNS) or _speed_of_second(table, version, data)
        if not wrong:
            return
        found = found or f"version {version}: {wrong}"
    mismatch(wanted, found or "no version was added to the one that held the first batch")


def _speed_of_second(table: Table, version: int, data: Bikeshare) -> str | None:
    """The derived column of the second batch only: that of the first is a check of its own."""
    ids = {row["ride_id"] for row in data.rides_2}
    rows = [row for row in table.rows(version) if row["ride_id"] in ids]
    if "speed" not in table.columns(version):
        return "the column speed is missing"
    wrong = rows_differ(rows, with_speed(data.rides_2), ["ride_id", "speed"])
    return f"speed in the second batch: {wrong}" if wrong else None


@check("create.read")
def test_read_back(lab: Lab) -> None:
    frame = lab.frame("rides_df")
    table = lab.table("rides")
    wanted = "rides_df holds every row and column of rides as it stands"
    wrong = rows_differ(frame.rows, table.rows(), list(table.columns()))
    if wrong:
        mismatch(wanted, f"rides_df: {wrong}")


@check("create.property")
def test_property(lab: Lab, data: Bikeshare) -> None:
    value = lab.table("rides").properties.get("delta.deletedFileRetentionDuration")
    wanted = "delta.deletedFileRetentionDuration is an interval of as many days as the widget retention_days says"
    if value is None:
        mismatch(wanted, "the table has no such property")
    match = re.fullmatch(r"\s*(?:interval\s+)?'?(\d+)'?\s+(hour|day|week)s?\s*", value, re.IGNORECASE)
    if not match or int(match[1]) * HOURS[match[2].lower()] != data.retention_days * 24:
        mismatch(wanted, f"the property is {value!r}")


@check("travel.history")
def test_history(lab: Lab, data: Bikeshare) -> None:
    frame = lab.frame("history_df")
    table = lab.table("rides")
    wanted = "history_df has a row for each version of rides from 0 to the second batch or later"
    lacking = [name for name in ("version", "operation") if name not in frame.columns]
    if lacking:
        mismatch("history_df has the columns version and operation", f"it lacks {' and '.join(lacking)}")
    told = {row["version"]: row["operation"] for row in frame.rows}
    versions = range(len(told))
    if len(told) < 2 or set(told) != set(versions) or len(frame.rows) != len(told):
        mismatch(wanted, f"history_df tells of {len(told)} versions in {len(frame.rows)} rows")
    if len(told) > len(table.commits):
        mismatch(wanted, f"history_df tells of {len(told)} versions; rides has {len(table.commits)}")
    wrong = [v for v in versions if told[v] != table.commits[v].operation]
    if wrong:
        mismatch("history_df tells the operations of rides", f"another operation for version {wrong[0]}")
    ids = {row["ride_id"] for row in data.rides_2}
    newest = max(told)
    if table.readable(newest) and not ids <= {row.get("ride_id") for row in table.rows(newest)}:
        mismatch(wanted, f"history_df ends at version {newest}, before the second batch")


@check("travel.version")
def test_previous(lab: Lab, data: Bikeshare) -> None:
    frame = lab.frame("previous_df")
    lab.table("rides")
    wrong = rows_differ(frame.rows, data.rides_1, COLUMNS)
    if wrong:
        mismatch("previous_df holds the rows of the first batch", f"previous_df: {wrong}")
