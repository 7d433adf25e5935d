"""rides: made, appended to, read back, given a property, and looked at as it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from fixtures.bikeshare import Bikeshare
from grader.evidence import Mismatch
from grader.evidence.delta import Table
from grader.evidence.rows import Row, columns_are
from grader.suite.api import Lab, check, hangs_on, mismatch, rows_differ

COLUMNS = ("ride_id", "station", "minutes", "distance_m")
WITH_SPEED = (*COLUMNS, "speed")
HOURS = {"hour": 1, "day": 24, "week": 168}


def filled(table: Table) -> list[int]:
    """The versions that hold rows and can be read: CREATE TABLE may have made an empty one before them."""
    versions = [
        commit.version
        for commit in table.commits
        if table.files(commit.version) and table.readable(commit.version) and table.rows(commit.version)
    ]
    if not versions:
        mismatch("rides holds the rows of rides_1", "rides holds no rows in any version")
    return versions


def with_speed(rows: tuple[dict[str, object], ...]) -> list[dict[str, object]]:
    return [row | {"speed": row["distance_m"] / row["minutes"]} for row in rows]  # type: ignore[operator]


def any_version(versions: list[int], wanted: str, wrong: Callable[[int], str | None]) -> None:
    """Pass when nothing is wrong with one of the versions. Else the mismatch tells what is wrong with the first."""
    told = [(version, wrong(version)) for version in versions]
    if all(reason for _, reason in told):
        version, reason = told[0]
        mismatch(wanted, f"version {version}: {reason}")


@check("create.rows")
def test_first_batch(lab: Lab, data: Bikeshare) -> None:
    table = lab.table("rides")
    wanted = "a version of rides holds the rows of rides_1, with all its columns, and no others"
    any_version(filled(table), wanted, lambda version: rows_differ(table.rows(version), data.rides_1, COLUMNS))


@check("create.derived")
def test_speed(lab: Lab, data: Bikeshare) -> None:
    speed_of_first(lab.table("rides"), data)


def speed_of_first(table: Table, data: Bikeshare) -> None:
    """Judge the derived column of the first batch."""
    right = {row["ride_id"]: row["speed"] for row in with_speed(data.rides_1)}

    def wrong(version: int) -> str | None:
        columns = table.columns(version)
        if "speed" not in columns:
            return columns_are(columns)
        if columns["speed"] != "double":
            return f"speed is of type {columns['speed']}"
        rows = [row for row in table.rows(version) if row.get("ride_id") in right]
        if not rows:
            return "it holds no row of rides_1"
        others = sum(not _is_speed(row, right[row["ride_id"]]) for row in rows)
        return f"speed is wrong in {others} of {len(rows)} rows" if others else None

    any_version(filled(table), "a column speed of type double: distance_m divided by minutes", wrong)


def _is_speed(row: Mapping[str, Any], right: object) -> bool:
    """Whether the row has the ride's speed, or the quotient of what stands in the row: that may be a mistake of another
    check.
    """
    metres, minutes = row.get("distance_m"), row.get("minutes")
    quotients = [right]
    if isinstance(metres, int | float) and isinstance(minutes, int | float) and minutes:
        quotients.append(metres / minutes)
    return any(not rows_differ([row], [{"speed": quotient}], ["speed"]) for quotient in quotients)


@check("create.append")
def test_second_batch(lab: Lab, data: Bikeshare) -> None:
    table = lab.table("rides")
    both = data.rides_1 + data.rides_2
    wanted = "a version that holds both batches, after one that held the first alone"
    versions = filled(table)
    found = ""
    for version in versions:
        if version - 1 not in versions or rows_differ(table.rows(version - 1), data.rides_1, ["ride_id"]):
            continue
        wrong = rows_differ(table.rows(version), both, COLUMNS) or _speed_of_second(table, version, data)
        if not wrong:
            return
        found = found or f"version {version}: {wrong}"
    mismatch(wanted, found or "no version was added to one that held the first batch alone")


def _speed_of_second(table: Table, version: int, data: Bikeshare) -> str | None:
    """What is wrong with the derived column of the second batch. That of the first is another check's."""
    ids = {row["ride_id"] for row in data.rides_2}
    rows = [row for row in table.rows(version) if row["ride_id"] in ids]
    named = "speed" in table.columns(version)
    try:
        speed_of_first(table, data)
    except Mismatch:
        # A wrong name or formula has cost the check of the first batch. Here a column that is there needs a speed.
        lacking = sum(row["speed"] is None for row in rows) if named else 0
        return f"speed is null in {lacking} rows of the second batch" if lacking else None
    if not named:
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
    match = re.fullmatch(r"\s*(?:interval\s+)?'?(\d{1,9})'?\s+(hour|day|week)s?\s*", value, re.IGNORECASE)
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
    told = {row["version"]: row["operation"] for row in frame.rows}  # 3 and 3.0 are the same key
    versions = range(len(told))
    if len(told) < 2 or set(told) != set(versions) or len(frame.rows) != len(told):
        mismatch(wanted, f"history_df has {len(told)} versions in {len(frame.rows)} rows")
    if len(told) > len(table.commits):
        mismatch(wanted, f"history_df has {len(told)} versions; rides has {len(table.commits)}")
    wrong = [v for v in versions if told[v] != table.commits[v].operation]
    if wrong:
        mismatch("history_df has the operations of rides", f"it has another operation for version {wrong[0]}")
    newest = len(told) - 1
    # Where the second batch was never appended, that has cost its own check.
    if newest < table.version and not _has_second(table, newest, data):
        mismatch(wanted, f"history_df ends at version {newest}, before the second batch")


def _has_second(table: Table, version: int, data: Bikeshare) -> bool:
    """Whether all rides of the second batch are in a version; so it is taken of one that can't be read any more."""
    ids = {row["ride_id"] for row in data.rides_2}
    return not table.readable(version) or ids <= {row.get("ride_id") for row in table.rows(version)}


@check("travel.version")
def test_previous(lab: Lab, data: Bikeshare) -> None:
    frame = lab.frame("previous_df")
    table = lab.table("rides")
    own = _before_second(table, data)
    if not own:
        hangs_on(
            "create.append", "rides holds the second batch from its first version on: there is no version before it"
        )
    # What is wrong with the first batch itself has cost the checks of task 1.
    wrong = rows_differ(frame.rows, own, list(own[0]))
    if wrong:
        mismatch("previous_df holds rides as it was before the second batch", f"previous_df: {wrong}")


def _before_second(table: Table, data: Bikeshare) -> tuple[Row, ...]:
    """The rows of the last version before any ride of the second batch was in the table; of the newest if none is.

    Empty if rides of that batch are in the first version with rows.
    """
    ids = {row["ride_id"] for row in data.rides_2}
    before: tuple[Row, ...] = ()
    for version in filled(table):
        rows = table.rows(version)
        if any(row.get("ride_id") in ids for row in rows):
            return before
        before = rows
    return before
