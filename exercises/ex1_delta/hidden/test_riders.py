"""riders: a bad batch refused, the schema grown, rows updated, deleted and merged.

The tasks touch disjoint groups of riders, so each check looks at its own group and at the riders that no task
touches, in whichever version shows it done: what was earned once stays earned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fixtures.bikeshare import Bikeshare
from grader.evidence import Mismatch
from grader.evidence.delta import Table
from grader.suite.api import Lab, check, hangs_on, mismatch

Rows = Mapping[Any, list[dict[str, Any]]]
Judgement = Callable[[Rows], str | None]
VALUES = ("plan", "rides", "consent")
REFUSALS = re.compile(
    r"(DELTA_FAILED_TO_MERGE_FIELDS|DELTA_MERGE_INCOMPATIBLE_DATATYPE|CAST_INVALID_INPUT|INCOMPATIBLE_DATA).*\brides\b",
    re.DOTALL,
)
"""What Spark and Delta say of text where the column rides has numbers. They refuse a new column in other words."""
WRITES = re.compile(
    r"QueryExecution\$\$anonfun\$eagerlyExecuteCommands|org\.apache\.spark\.sql\.delta\.sources\.DeltaSink"
    r"|org\.apache\.spark\.sql\.(delta\.DeltaAnalysis|catalyst\.analysis\.(TableOutputResolver|ResolveOutputRelation))"
)
"""Where Spark runs a command (a query is none), writes a stream, or fits rows to a table's columns.

None of them is in the stack trace of an exception that was only made.
"""


def by_key(table: Table, version: int, data: Bikeshare) -> Rows:
    grouped: dict[Any, list[dict[str, Any]]] = {}
    for row in table.rows(version):
        grouped.setdefault(row[data.key], []).append(row)
    return grouped


def in_some_version(
    lab: Lab,
    data: Bikeshare,
    wanted: str,
    achieved: Judgement,
    *,
    spoiled: Judgement = lambda rows: None,
    untouched: Iterable[int] = (),
    columns: tuple[str, ...] = (),
) -> int:
    """The first version that achieves it and spoils nothing; else a mismatch with what was last found wrong.

    Judged is the version in which it comes true. It must not be ``spoiled``, and must leave the ``untouched``
    riders' ``columns`` as they were just before: what another mistake did to them is held against that one.
    """
    table = lab.table("riders", came_with=1)
    if len(table.commits) == 1:
        mismatch(wanted, "riders is as it came: no version was added")
    keys = tuple(untouched)
    said, true_before = "no version of riders can be read", False
    for commit in table.commits[1:]:
        if not (table.readable(commit.version) and table.readable(commit.version - 1)):
            continue
        try:
            rows = by_key(table, commit.version, data)
            wrong = achieved(rows)
            if wrong is None and not true_before:
                wrong_too = spoiled(rows) or hurt(rows, by_key(table, commit.version - 1, data), keys, columns)
                if wrong_too is None:
                    return commit.version
                said = f"version {commit.version}: {wrong_too}"
        except Mismatch as lacking:  # a version without one of the columns
            wrong = f"version {commit.version}: {lacking.found}"
        said = wrong or said
        true_before = wrong is None
    mismatch(wanted, said)


def differing(
    rows: Rows, keys: Iterable[Any], wanted: Mapping[Any, Mapping[str, Any]], columns: tuple[str, ...]
) -> int:
    """How many of these keys have not exactly one row, or one with other values in these columns."""
    return sum(
        len(rows.get(key, ())) != 1 or any(rows[key][0].get(name) != wanted[key][name] for name in columns)
        for key in keys
    )


def hurt(rows: Rows, before: Rows, keys: Iterable[int], columns: tuple[str, ...]) -> str | None:
    there = {key: before[key][0] for key in keys if len(before.get(key, ())) == 1}
    many = differing(rows, there, there, columns)
    return f"{many} riders who were to stay as they are were changed, removed or doubled" if many else None


@check("schema.refused")
def test_refused(lab: Lab) -> None:
    refused(lab)


def refused(lab: Lab) -> None:
    refusal = lab.raised("refusal")
    wanted = "the exception with which Delta refuses a batch whose types are not those of the table"
    if not REFUSALS.search(refusal.text or ""):
        mismatch(wanted, f"refusal holds another refusal, of type {refusal.type}")
    if not WRITES.search(refusal.stack or ""):
        mismatch(wanted, "what refusal holds did not come from a write to a table")


@check("schema.clean")
def test_clean(lab: Lab, data: Bikeshare) -> None:
    table = lab.table("riders", came_with=1)
    bad = {row[data.key] for row in data.riders_bad}
    for commit in table.commits:
        if table.readable(commit.version) and any(row.get(data.key) in bad for row in table.rows(commit.version)):
            mismatch("no row of riders_bad in any version of riders", f"version {commit.version} holds some")
    found, before = table.columns().get("rides", "gone"), table.columns(0)["rides"]
    if found not in (before, "gone"):  # a column that is gone costs the checks that need it
        mismatch("the column rides of riders keeps its type", f"rides is of type {found}")
    try:
        refused(lab)
    except Mismatch as missing:
        # A table that nobody tried to write the batch to has kept nothing out.
        hangs_on("schema.refused", missing.found)


@check("schema.evolved")
def test_evolved(lab: Lab, data: Bikeshare) -> None:
    evolved_version(lab, data)


def evolved_version(lab: Lab, data: Bikeshare) -> int:
    batch = {row[data.key]: row for row in data.riders_2}

    def achieved(rows: Rows) -> str | None:
        missing = differing(rows, batch, batch, (data.key, *VALUES, data.extra))
        return (
            f"{missing} of {len(batch)} riders of the second batch are missing or not as in the file"
            if missing
            else None
        )

    return in_some_version(lab, data, "every rider of riders_2, the new column included", achieved)


@check("schema.kept")
def test_kept(lab: Lab, data: Bikeshare) -> None:
    table = lab.table("riders", came_with=1)
    wanted = "the riders of the first batch keep their rows, with null in the new column"
    try:
        version = evolved_version(lab, data)
    except Mismatch as missing:
        hangs_on("schema.evolved", f"riders_2 was not appended yet: {missing.found}")
    rows, before = by_key(table, version, data), by_key(table, version - 1, data)
    wrong = hurt(rows, before, data.bystanders, VALUES)
    if wrong:
        mismatch(wanted, f"version {version}: {wrong}")
    for then in (rows.values(), [table.rows()]):
        filled = sum(
            row.get(data.key) in data.bystanders and row.get(data.extra) is not None for some in then for row in some
        )
        if filled:
            mismatch(wanted, f"{filled} of them have a value in the new column")


@check("change.update")
def test_update(lab: Lab, data: Bikeshare) -> None:
    def achieved(rows: Rows) -> str | None:
        lacking = sum([row["plan"] for row in rows.get(key, ())] != ["gold"] for key in data.gold_keys)
        return f"{lacking} of {len(data.gold_keys)} frequent riders are not on plan gold" if lacking else None

    def spoiled(rows: Rows) -> str | None:
        others = data.deleted_keys | data.updated_keys
        many = sum(row["plan"] == "gold" for key in others for row in rows.get(key, ()))
        return f"{many} riders with fewer rides are on plan gold" if many else None

    wanted = "plan gold from the threshold on, and nobody else's row changed"
    values = ("plan", "rides")
    in_some_version(lab, data, wanted, achieved, spoiled=spoiled, untouched=data.bystanders, columns=values)


@check("change.delete")
def test_delete(lab: Lab, data: Bikeshare) -> None:
    def achieved(rows: Rows) -> str | None:
        left = len(data.deleted_keys & rows.keys())
        return f"{left} riders without consent are still there" if left else None

    wanted = "riders whose consent is false are gone, all others are there"
    others = data.gold_keys | data.updated_keys | data.bystanders.keys()
    in_some_version(lab, data, wanted, achieved, untouched=others, columns=("consent",))


def merged(rows: Rows, data: Bikeshare, keys: frozenset[int]) -> int:
    """How many of these keys do not have their one row as the updates say."""
    wanted = {row[data.key]: row for row in data.riders_updates}
    # Where the table has no such column, that has cost the check of task 11.
    has_extra = any(data.extra in row for some in rows.values() for row in some)
    return differing(rows, keys, wanted, (*VALUES, data.extra) if has_extra else VALUES)


@check("change.merge")
def test_merge(lab: Lab, data: Bikeshare) -> None:
    def achieved(rows: Rows) -> str | None:
        updated, added = merged(rows, data, data.updated_keys), merged(rows, data, data.inserted_keys)
        if updated:
            return f"{updated} of {len(data.updated_keys)} known riders don't have the new values, once"
        if added:
            return f"{added} of {len(data.inserted_keys)} new riders are missing, doubled or not as in the file"
        return None

    wanted = "known riders with the new values, new riders added, each once"
    in_some_version(lab, data, wanted, achieved, untouched=data.bystanders, columns=VALUES)


@check("change.atomic")
def test_atomic(lab: Lab, data: Bikeshare) -> None:
    table = lab.table("riders", came_with=1)
    wanted = "one version in which known riders change and new riders arrive together"
    arrived = False
    for commit in table.commits[1:]:
        if not (table.readable(commit.version - 1) and table.readable(commit.version)):
            continue
        if any(data.key not in table.columns(version) for version in (commit.version - 1, commit.version)):
            continue
        before, after = by_key(table, commit.version - 1, data), by_key(table, commit.version, data)
        arrive = not data.inserted_keys & before.keys() and data.inserted_keys <= after.keys()
        # Known riders must be there until they change: one who is deleted first is missing to a reader in between.
        there = data.updated_keys <= before.keys() & after.keys()
        change = there and all(values(before[key], data) != values(after[key], data) for key in data.updated_keys)
        if arrive and change:
            return
        arrived = arrived or data.inserted_keys <= after.keys()
    if not arrived:
        hangs_on("change.merge", "some of the new riders did not arrive")
    mismatch(wanted, "no version of riders does both")


def values(rows: list[dict[str, Any]], data: Bikeshare) -> list[tuple[Any, ...]]:
    """What the updates may change of a rider's rows."""
    return [tuple(row.get(name) for name in (*VALUES, data.extra)) for row in rows]
