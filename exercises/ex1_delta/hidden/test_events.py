"""events: compacted, clustered and vacuumed."""

from __future__ import annotations

import json
from itertools import pairwise

from fixtures.bikeshare import Bikeshare
from grader.evidence import Unreadable, files, honesty
from grader.evidence.delta import Commit, Table
from grader.suite.api import Lab, check, hangs_on, mismatch, rows_differ

COLUMNS = ("event_id", "station", "minute", "kind")
FEW = 3
"""So many files count as compacted: the table fits into one many times over."""


def events(lab: Lab, data: Bikeshare) -> tuple[Table, int]:
    """The table and the number of versions it came with: two for its past, one a file, one deletion."""
    came_with = 2 + len(data.events) + 1
    table = lab.table("events", came_with=came_with)
    for commit in table.commits[came_with:]:
        columns = clustered_by(commit)
        if len(columns) == 1 and not lies_in_order(table, commit, columns[0]):
            raise Unreadable(
                "the history of events has a Z-order, and the rows don't lie in its order",
                "a history of events that Delta Lake itself wrote",
            )
    return table, came_with


def same_rows(table: Table, data: Bikeshare) -> None:
    wrong = rows_differ(table.rows(), data.event_rows, COLUMNS)
    if wrong:
        mismatch("the rows of events stay as they are", f"events: {wrong}")


@check("maintain.compact")
def test_compacted(lab: Lab, data: Bikeshare) -> None:
    table, came_with = events(lab, data)
    had, has = len(table.files(came_with - 1)), len(table.files())
    if has > FEW:
        mismatch("events lies in a few files at most", f"events lies in {has} files; it came in {had}")
    same_rows(table, data)


def clustered_by(commit: Commit) -> list[str]:
    if commit.operation != "OPTIMIZE" or not commit.added:
        return []
    try:
        return [str(name) for name in json.loads(commit.parameters.get("zOrderBy") or "[]")]
    except (TypeError, ValueError):
        return []


def by_delta_rs(table: Table, commit: Commit, data: Bikeshare) -> list[str]:
    """The column of a Z-order by delta-rs. Its log names none: the order of the rows shows if it is the right one."""
    optimized = commit.operation == "OPTIMIZE" and commit.added and commit.engine.startswith(honesty.DELTA_RS)
    return [data.zorder_by] if optimized and lies_in_order(table, commit, data.zorder_by) else []


def lies_in_order(table: Table, commit: Commit, column: str) -> bool:
    """Whether the commit's files hold their rows in the column's order, as this lab's Z-order by it leaves them."""
    for file in commit.added:
        if files.is_file(table.path / file.path):
            physical = table.physical(column, commit.version)
            values = [value for value in table.values(file.path, physical) if value is not None]
            if len({type(value) for value in values} - {int, str}) or any(a > b for a, b in pairwise(values)):
                return False
    return True


@check("maintain.zorder")
def test_clustered(lab: Lab, data: Bikeshare) -> None:
    table, came_with = events(lab, data)
    wanted = "an OPTIMIZE in the history that Z-ordered by the column asked for"
    orders = [
        columns
        for commit in table.commits[came_with:]
        if (columns := clustered_by(commit) or by_delta_rs(table, commit, data))
    ]
    if not orders:
        mismatch(wanted, "no OPTIMIZE with a Z-order that rewrote any file")
    if [data.zorder_by] not in orders:
        mismatch(wanted, f"it Z-ordered by {', '.join(orders[-1])}")
    same_rows(table, data)


@check("maintain.vacuum")
def test_vacuumed(lab: Lab, data: Bikeshare) -> None:
    table, came_with = events(lab, data)
    wanted = "the files that events has not needed for more than seven days are gone, by a VACUUM"
    left = [name for name in lab.facts["events"]["expired"] if files.is_file(table.path / name)]
    if left:
        mismatch(wanted, f"{len(left)} of {len(lab.facts['events']['expired'])} such files are still there")
    vacuums = [commit for commit in table.commits[came_with:] if commit.operation == "VACUUM END"]
    if not vacuums:
        mismatch(wanted, "they are gone, and the history has no VACUUM")
    removed = sum(commit.metrics.get("numDeletedFiles", 0) for commit in vacuums)
    expired = len(lab.facts["events"]["expired"])
    if removed < expired:
        mismatch(
            wanted, f"{expired} are gone, and by its own figures VACUUM removed {removed}: the others went otherwise"
        )


@check("maintain.retention")
def test_retained(lab: Lab, data: Bikeshare) -> None:
    table, came_with = events(lab, data)
    wanted = "after the VACUUM, all files within the retention are still there"
    lost = [name for name in lab.facts["events"]["protected"] if not files.is_file(table.path / name)]
    lost += [path for path in table.files(came_with - 1) if not files.is_file(table.path / path)]
    if lost:
        mismatch(wanted, f"{len(lost)} files within the retention are gone")
    if all(files.is_file(table.path / name) for name in lab.facts["events"]["expired"]):
        hangs_on("maintain.vacuum", "no file of events was removed yet")
