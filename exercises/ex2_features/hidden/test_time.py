"""Features in time: the series itself, what was known at each call, and the online store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from series import MOST_ROWS, Told, is_series, lacking, own, own_columns, told
from shop import alike, ended_by, known, made_by, passes, real, same

from fixtures.coffee import CHANGING, Coffee, Row
from grader.evidence import Mismatch, Unreadable
from grader.suite.api import Lab, check, hangs_on, mismatch


@check("time.table")
def test_series(lab: Lab, data: Coffee) -> None:
    is_series(lab, data)


def as_of(lab: Lab, data: Coffee, check_id: str) -> Told:
    """What as_of_df tells, for the checks of single features. ``check_id`` is the one that judges the DataFrame."""
    try:
        found = told(lab, data, "as_of_df")
    except Mismatch as missing:
        hangs_on(check_id, f"as_of_df can't be judged: {missing.found}")
    return found


@check("time.none")
def test_every_call(lab: Lab, data: Coffee) -> None:
    every_call(lab, data)


def every_call(lab: Lab, data: Coffee) -> None:
    wanted = "as_of_df has each row of calls once, and null features where no earlier activity is known"
    found = told(lab, data, "as_of_df")
    some = [row for rows in found.rows.values() for row in rows]
    if some and "answer" not in some[0]:
        mismatch("as_of_df has all columns of calls", "it lacks answer")
    absent = sum(not found.of(call) for call in data.calls)
    if absent:
        mismatch(wanted, f"{absent} of {len(data.calls)} calls are missing")
    twice = sum(len(rows := found.of(call)) > 1 and all(row == rows[0] for row in rows) for call in data.calls)
    if twice:
        mismatch(wanted, f"{twice} calls have several equal rows")
    leaks = found.leaks()  # What came later is time.past's to tell, if it shows there.
    chosen = found.never()
    filled = sum(
        any(not found.right(call, row) and not (leaks and found.later(call, row)) for row in found.of(call))
        for call in chosen
    )
    if filled:
        mismatch(wanted, f"{filled} of {len(chosen)} calls without earlier activity have features")
    answers = {(call[data.key], call["called_at"]): call["answer"] for call in data.calls}
    for place, rows in found.rows.items():
        if place not in answers:
            mismatch(wanted, "it has rows of other calls")
        if not all(same(row["answer"], answers[place]) for row in rows):
            mismatch(wanted, "some calls have another answer")


@check("time.past")
def test_no_leak(lab: Lab, data: Coffee) -> None:
    no_leak(lab, data)


def no_leak(lab: Lab, data: Coffee) -> None:
    found = as_of(lab, data, "time.none")
    wanted = "each call has the latest activity from before it"
    absent = lacking(found)
    if absent or not found.features:
        mismatch("as_of_df has orders_30d and idle_days", f"it lacks {' and '.join(absent or CHANGING)}")
    later = several = wrong = looked_at = 0
    for call in found.earlier():
        rows = [row for row in found.of(call) if not found.unknown(call, row)]
        looked_at += bool(rows)
        later += any(found.later(call, row) for row in rows)
        several += len(rows) > 1 and not all(row == rows[0] for row in rows)
        wrong += not all(found.right(call, row) for row in rows)
    if not looked_at:
        causes = {"time.none": every_call, "time.table": is_series}
        ended_by(lab, data, causes, "as_of_df holds no call whose features can be judged", wanted)
    if later:
        mismatch(wanted, f"{later} of {looked_at} calls have features from after the call: the future leaks in")
    if several:
        mismatch(wanted, f"{several} of {looked_at} calls have several rows, with features of different moments")
    if wrong:
        mismatch(wanted, f"{wrong} of {looked_at} calls have features of another row, or none")


@check("time.exact")
def test_of_that_moment(lab: Lab, data: Coffee) -> None:
    of_that_moment(lab, data)


def of_that_moment(lab: Lab, data: Coffee) -> None:
    found = as_of(lab, data, "time.none")
    if not found.features:
        hangs_on("time.past", "as_of_df has no features of activity")
    wanted = "calls with activity of just their time have that activity"
    leaks = found.leaks()
    wrong = looked_at = 0
    for call in found.exact():
        rows = [row for row in found.of(call) if not found.unknown(call, row)]
        if any(found.right(call, row) for row in rows):  # Too many rows are told elsewhere.
            looked_at += 1
        elif rows and not (leaks and any(found.later(call, row) for row in rows)):
            looked_at += 1
            wrong += 1
    if not looked_at:
        causes = {"time.none": every_call, "time.past": no_leak, "time.table": is_series}
        ended_by(lab, data, causes, "as_of_df holds no such call whose features can be judged", wanted)
    if wrong:
        mismatch(wanted, f"{wrong} of {looked_at} such calls have features of another row, or none")


@check("time.window")
def test_window(lab: Lab, data: Coffee) -> None:
    found = told(lab, data, "recent_df")
    wanted = f"recent_df has each call once, with activity that is at most {data.window_days} days old"
    before = _before(lab, data)
    absent = [name for name in lacking(found) if before is None or name in before.features]
    if absent or not found.features:
        mismatch("recent_df has orders_30d and idle_days", f"it lacks {' and '.join(absent or CHANGING)}")
    filler = _filler(before)
    counts = dict.fromkeys(("absent", "twice", "later", "stale", "filled", "edge", "wrong"), 0)
    stale = edge = 0
    for call in data.calls:
        rows, ever, right = found.of(call), data.at(call), data.at(call, data.window)
        at_the_edge = right is not None and call["called_at"] - right[data.time_key] == data.window
        fine = [
            found.right(call, row, data.window)
            or (right is None and filler is not None and alike(row, filler, found.features))
            for row in rows
        ]
        if rows and all(fine) and all(row == rows[0] for row in rows):
            if len(rows) == 1:
                stale += ever is not None and right is None
                edge += at_the_edge
            counts["twice"] += len(rows) > 1 and not (before and len(before.of(call)) > 1)
        elif before and before.wrong(call):
            continue  # Told of as_of_df already.
        elif any(found.unknown(call, row, data.window) for row in rows):
            continue  # The learner's own table does not have it.
        elif not rows:
            counts["absent"] += 1
        elif len(rows) > 1:
            counts["twice"] += 1
        else:
            counts[_how(found, call, rows[0], ever, right, at_the_edge)] += 1
    sentences = {
        "absent": "are missing",
        "twice": "have several rows",
        "later": "have activity from after the call",
        "stale": "have activity that is older",
        "filled": "have features where nothing recent is known",
        "edge": "lack activity of just that age",
        "wrong": "have features of another row, or none",
    }
    if any(counts.values()):
        mismatch(wanted, "; ".join(f"{counts[name]} calls {what}" for name, what in sentences.items() if counts[name]))
    if not (stale and edge):
        causes = {"time.past": no_leak, "time.none": every_call, "time.exact": of_that_moment, "time.table": is_series}
        ended_by(lab, data, causes, "recent_df holds no call by which the window can be judged", wanted)


def _before(lab: Lab, data: Coffee) -> Told | None:
    """What as_of_df tells: a mistake that recent_df only repeats is told once."""
    try:
        found = told(lab, data, "as_of_df")
    except Mismatch:
        return None
    return found if found.features else None


def _filler(before: Told | None) -> Row | None:
    """What as_of_df has in place of nulls, if that is the same everywhere: time.none tells that."""
    rows = [row for call in before.never() for row in before.of(call)] if before else []
    if not before or not rows or before.empty(rows[0]):
        return None
    return rows[0] if all(alike(row, rows[0], before.features) for row in rows) else None


def _how(found: Told, call: Row, row: Row, ever: Row | None, right: Row | None, at_the_edge: bool) -> str:
    """What is wrong with the row of a call."""
    if found.later(call, row):
        return "later"
    if right is None:
        return "stale" if ever is not None and alike(row, ever, found.features) else "filled"
    return "edge" if at_the_edge else "wrong"


@check("score.online")
def test_published(lab: Lab, data: Coffee) -> None:
    table = made_by("time.table", lab, data.activity_table)
    entry = known(lab, data.activity_table)
    wanted = f"{data.activity_table} is published: an online store has the latest row of each customer"
    if not entry.online:
        mismatch(wanted, "it is in no online store")
    faulty, there = not passes(is_series, lab, data), table.columns()
    key = own_columns(lab, data)[0] if faulty else data.key
    columns = [name for name in CHANGING if name in there or not faulty]
    if faulty and (key not in there or not columns):
        hangs_on("time.table", f"{data.activity_table} lacks the columns to judge by")
    accepted = [_counted(data.newest, columns)]
    mine = own(lab, data) if faulty else None
    if mine is not None:
        accepted.append(_counted(mine.newest(), columns))
    if faulty and not entry.timestamp_keys:  # Without a time, every row is published.
        accepted.append(Counter(_row(row.get(key), row, columns) for row in table.rows()[:MOST_ROWS]))
    problem = ""
    for store, name in entry.online:
        try:
            rows = lab.features.published(store, name, (key, *columns))
        except Unreadable as error:
            problem = str(error)
            continue
        found = Counter(_row(row[key], row, columns) for row in rows)
        if found and found in accepted:
            return
        problem = _differs(found, accepted[0])
    mismatch(wanted, problem)


Rows = Counter[tuple[Any, ...]]


def _counted(newest: Mapping[Any, Row], columns: Sequence[str]) -> Rows:
    return Counter(_row(key, row, columns) for key, row in newest.items())


def _row(key: Any, row: Mapping[str, Any], columns: Sequence[str]) -> tuple[Any, ...]:
    """A row as it can be counted: numbers to within rounding."""
    numbers = [real(row[name]) for name in columns]
    return (
        key,
        *(row[name] if number is None else f"{number:.6e}" for number, name in zip(numbers, columns, strict=True)),
    )


def _differs(found: Rows, right: Rows) -> str:
    if found.total() != right.total():
        return f"it has {found.total()} rows, and there should be {right.total()}"
    return f"{(found - right).total()} of its {found.total()} rows are not the customer's latest"
