"""stock: read as of a moment, its bad write found, and the table restored."""

from __future__ import annotations

import hashlib

from fixtures.bikeshare import Bikeshare
from grader.evidence import delta, files
from grader.suite.api import Lab, check, mismatch, rows_differ

COLUMNS = ("station", "day", "bikes")


@check("travel.moment")
def test_as_of(lab: Lab, data: Bikeshare) -> None:
    frame = lab.frame("as_of_df")
    wrong = rows_differ(frame.rows, data.stock_at(data.as_of_version), COLUMNS)
    if wrong:
        mismatch("as_of_df holds stock as the last version before the moment left it", f"as_of_df: {wrong}")


@check("recover.found")
def test_bad_version(lab: Lab, data: Bikeshare) -> None:
    found = lab.value("bad_version", "int")
    if found != data.bad_version:
        mismatch("bad_version is the version that first holds negative counts", f"bad_version is {found}")


@check("recover.rows")
def test_restored(lab: Lab, data: Bikeshare) -> None:
    table = lab.table("stock", came_with=len(data.stock_days))
    rows = table.rows()
    wanted = "stock holds what it held just before the bad write"
    wrong = rows_differ(rows, data.stock_at(data.bad_version - 1), COLUMNS)
    if wrong:
        negative = sum(isinstance(row.get("bikes"), int) and row["bikes"] < 0 for row in rows)
        mismatch(wanted, f"version {table.version}: {wrong}" + (f", {negative} are negative" if negative else ""))


@check("recover.kept")
def test_history_kept(lab: Lab, data: Bikeshare) -> None:
    came_with = len(data.stock_days)
    table = lab.table("stock", came_with=came_with)
    wanted = "the versions that stock came with, and a new one after them"
    log = table.path / "_delta_log"
    for name, digest in lab.facts["stock"].items():
        file = log / name
        content = files.read_bytes(file, delta.MOST_LOG_BYTES) if files.is_file(file) else b""
        if hashlib.sha256(content).hexdigest() != digest:
            mismatch(wanted, f"version {int(file.stem)} is no longer the one that stock came with")
    if len(table.commits) <= came_with:
        mismatch(wanted, "no version was added")
    changed = [c for c in table.commits[came_with:] if c.added or c.removed]
    if not changed:
        mismatch(wanted, "no version that changes the table's rows was added")
    if not all(table.readable(version) for version in range(came_with)):
        mismatch(wanted, "the data files of an older version are gone")
