"""riders: a bad batch refused, the schema grown, rows updated, deleted and merged.

The tasks touch disjoint groups of riders, so each check looks at its own group and at the riders that no task
touches, in whichever version shows it done: what was earned once stays earned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from fixtures.bikeshare import Bikeshare
from grader.evidence.delta import Table
from grader.suite.api import Lab, check, mismatch

Rows = Mapping[Any, list[dict[str, Any]]]
Judgement = Callable[[Rows], str | None]
VALUES = ("plan", "rides", "consent")
REFUSALS = re.compile(
    r"DELTA_FAILED_TO_MERGE_FIELDS|DELTA_MERGE_INCOMPATIBLE_DATATYPE|DELTA_METADATA_MISMATCH|CAST_INVALID_INPUT"
    r"|INCOMPATIBLE_DATA_FOR_TABLE|INCOMPATIBLE_DATA|schema mismatch|Failed to merge",
    re.IGNORECASE,
)


def by_key(table: Table, version: int, data: Bikeshare) -> Rows:
    grouped: dict[Any, list[dict[str, Any]]] = {}
    for row in table.rows(version):
        grouped.setdefault(row.get(data.key), []).append(row)
    return grouped


def in_some_version(
    lab: Lab, data: Bikeshare, wanted: str, judgement: Judgement, harmless_to: tuple[str, ...] = ()
) -> int:
    """The first version that the judgement finds right; else a mismatch with what it says of the newest.

    The version that makes it right must leave these columns of the riders that no task touches as they were
    just before. What an earlier mistake did to them is held against that mistake alone.
    """
    table = lab.table("riders", came_with=1)
    if len(table.commits) == 1:
        mismatch(wanted, "riders is as it came: no version was added")
    said = "no version of riders can be read"
    right_before = False
    for commit in table.commits[1:]:
        if not (table.readable(commit.version) and table.readable(commit.version - 1)):
            continue
        rows = by_key(table, commit.version, data)
        wrong = judgement(rows)
        if wrong is None and not right_before:
            hurt = bystanders_hurt(rows, by_key(table, commit.version - 1, data), data, harmless_to)
            if hurt is None:
                return commit.version
            said = f"version {commit.version}: {hurt}"
        elif wrong is not None:
            said = wrong
        right_before = wrong is None
    mismatch(wanted, said)


def differing(rows: Rows, keys: Any, wanted: Mapping[Any, Mapping[str, Any]], columns: tuple[str, ...]) -> int:
    """How many of these keys have not exactly one row, or one with other values in these columns."""
    return sum(
        len(rows.get(key, ())) != 1 or any(rows[key][0].get(name) != wanted[key][name] for name in columns)
        for key in keys
    )


def bystanders_hurt(rows: Rows, before: Rows, data: Bikeshare, columns: tuple[str, ...]) -> str | None:
    there = {key: before[key][0] for key in data.bystanders if len(before.get(key, ())) == 1}
    hurt = differing(rows, there, there, columns) if columns else 0
    return f"{hurt} riders who were to stay as they are were changed, removed or doubled" if hurt else None


@check("schema.refused")
def test_refused(lab: Lab) -> None:
    refused(lab)


def refused(lab: Lab) -> None:
    refusal = lab.raised("refusal")
    if not REFUSALS.search(refusal.text or ""):
        mismatch("the refusal of a batch whose types are not those of the table", f"another {refusal.type}")


@check("schema.clean")
def test_clean(lab: Lab, data: Bikeshare) -> None:
    refused(lab)  # A table that nobody tried to write the batch to has kept nothing out.
    table = lab.table("riders", came_with=1)
    bad = {row[data.key] for row in data.riders_bad}
    for commit in table.commits:
        if table.readable(commit.version) and bad & by_key(table, commit.version, data).keys():
            mismatch("no row of riders_bad in any version of riders", f"version {commit.version} holds some")
    before = lab.table("riders", came_with=1).columns(0)
    if table.columns().get("rides") != before["rides"]:
        mismatch("rides stays a whole number", f"rides is of type {table.columns().get('rides')}")


@check("schema.evolved")
def test_evolved(lab: Lab, data: Bikeshare) -> None:
    evolved_version(lab, data)


def evolved_version(lab: Lab, data: Bikeshare) -> int:
    batch = {row[data.key]: row for row in data.riders_2}

    def judgement(rows: Rows) -> str | None:
        missing = differing(rows, batch, batch, (data.key, *VALUES, data.extra))
        return (
            f"{missing} of {len(batch)} riders of the second batch are missing or not as in the file"
            if missing
            else None
        )

    return in_some_version(lab, data, "every rider of riders_2, the new column included", judgement)


@check("schema.kept")
def test_kept(lab: Lab, data: Bikeshare) -> None:
    version = evolved_version(lab, data)
    table = lab.table("riders", came_with=1)
    wanted = "the riders of the first batch keep their rows, with null in the new column"
    rows, before = by_key(table, version, data), by_key(table, version - 1, data)
    hurt = bystanders_hurt(rows, before, data, VALUES)
    if hurt:
        mismatch(wanted, f"version {version}: {hurt}")
    for then in (rows, by_key(table, table.version, data)):
        filled = sum(row.get(data.extra) is not None for key in data.bystanders for row in then.get(key, ()))
        if filled:
            mismatch(wanted, f"{filled} of them have a value in the new column")


@check("change.update")
def test_update(lab: Lab, data: Bikeshare) -> None:
    others = {row[data.key]: row for row in data.riders_1 if row[data.key] in data.deleted_keys}

    def judgement(rows: Rows) -> str | None:
        lacking = [k for k in data.gold_keys if [row["plan"] for row in rows.get(k, ())] != ["gold"]]
        if lacking:
            return f"{len(lacking)} of {len(data.gold_keys)} frequent riders are not on plan gold"
        too_many = [k for k in others if any(row["plan"] == "gold" for row in rows.get(k, ()))]
        if too_many:
            return f"{len(too_many)} riders with fewer rides are on plan gold"
        return None

    wanted = "plan gold from the threshold on, and nobody else's row changed"
    in_some_version(lab, data, wanted, judgement, harmless_to=("plan", "rides"))


@check("change.delete")
def test_delete(lab: Lab, data: Bikeshare) -> None:
    kept = {row[data.key]: row for row in data.riders_1 if row[data.key] in data.gold_keys | data.updated_keys}

    def judgement(rows: Rows) -> str | None:
        left = len(data.deleted_keys & rows.keys())
        if left:
            return f"{left} riders without consent are still there"
        lost = sum(len(rows.get(key, ())) != 1 for key in kept)
        return f"{lost} riders who gave consent are gone or doubled" if lost else None

    wanted = "riders whose consent is false are gone, all others are there"
    in_some_version(lab, data, wanted, judgement, harmless_to=("consent",))


def merged(rows: Rows, data: Bikeshare, keys: frozenset[int]) -> int:
    """How many of these keys do not have their one row as the updates say."""
    wanted = {row[data.key]: row for row in data.riders_updates}
    return differing(rows, keys, wanted, VALUES)


@check("change.merge")
def test_merge(lab: Lab, data: Bikeshare) -> None:
    def judgement(rows: Rows) -> str | None:
        updated, added = merged(rows, data, data.updated_keys), merged(rows, data, data.inserted_keys)
        if updated:
            return f"{updated} of {len(data.updated_keys)} known riders don't have the new values, once"
        if added:
            return f"{added} of {len(data.inserted_keys)} new riders are missing, doubled or not as in the file"
        return None

    wanted = "known riders with the new values, new riders added, each once"
    in_some_version(lab, data, wanted, judgement, harmless_to=VALUES)


@check("change.atomic")
def test_atomic(lab: Lab, data: Bikeshare) -> None:
    table = lab.table("riders", came_with=1)
    wanted = "one version in which known riders change and new riders arrive together"
    for commit in table.commits[1:]:
        if not (table.readable(commit.version - 1) and table.readable(commit.version)):
            continue
        before, after = by_key(table, commit.version - 1, data), by_key(table, commit.version, data)
        # Known riders must be there until they change: one who is deleted first is missing to a reader in between.
        nothing_yet = data.updated_keys <= before.keys()
        nothing_yet = nothing_yet and merged(before, data, data.updated_keys) == len(data.updated_keys)
        nobody_yet = not data.inserted_keys & before.keys()
        if nothing_yet and nobody_yet and not merged(after, data, data.updated_keys | data.inserted_keys):
            return
    mismatch(wanted, "no version of riders does both")
