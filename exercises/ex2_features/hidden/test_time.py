"""Features in time: the series itself, what was known at each call, and the online store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from shop import alike, plain, same
from test_tables import has_keys

from fixtures.coffee import CHANGING, Coffee, Row
from grader.evidence import Unreadable
from grader.suite.api import Lab, check, mismatch

Call = tuple[Any, Any]


@check("time.table")
def test_series(lab: Lab, data: Coffee) -> None:
    table = lab.feature_table(data.activity_table)
    has_keys(lab, data.activity_table, {data.key}, (data.time_key,))
    wanted = f"{data.activity_table} holds the rows of activity"
    right = {(row[data.key], row[data.time_key]): row for row in data.activity}
    rows = table.rows()
    if len(rows) != len(right):
        mismatch(wanted, f"{len(rows)} rows, where {len(right)} are right")
    wrong = sum(not _is(row, right.get((plain(row.get(data.key)), moment(row.get(data.time_key))))) for row in rows)
    if wrong:
        mismatch(wanted, f"{wrong} of {len(rows)} rows are not what they should be")


def _is(found: Row, wanted: Row | None) -> bool:
    return wanted is not None and alike(found, wanted, CHANGING)


def moment(value: Any) -> Any:
    """A time as a result or a table has it, in UTC; whatever else as it is, so far as it can be compared."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, dt.datetime):
        try:
            return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
        except OverflowError:  # at the end of all years
            return repr(value)
    return value if isinstance(value, int | float) else repr(value)


def calls(lab: Lab, data: Coffee, name: str) -> Mapping[Call, list[Row]]:
    """The rows of a result by call. Raises Mismatch when it lacks a column that every check needs."""
    frame = lab.frame(name)
    needed = (data.key, "called_at", *CHANGING)
    lacking = [column for column in needed if column not in frame.columns]
    if lacking:
        mismatch(f"{name} has the columns {', '.join(needed)}", f"it lacks {', '.join(lacking)}")
    found: dict[Call, list[Row]] = {}
    for row in frame.rows:
        # As pandas has nothing, in columns of types of its own.
        told = {name: None if value in ("NAType", "NaTType") else value for name, value in row.items()}
        found.setdefault((told[data.key], moment(told["called_at"])), []).append(told)
    return found


def row_of(found: Mapping[Call, list[Row]], data: Coffee, call: Row, wanted: str) -> Row | None:
    """The row of a call, None if there is none. Several are a mistake that spoils every check alike."""
    rows = found.get((call[data.key], call["called_at"]), [])
    if len(rows) > 1:
        mismatch(wanted, "some calls have several rows, one for each row of activity")
    return rows[0] if rows else None


def empty(row: Row) -> bool:
    return all(row[name] is None for name in CHANGING)


def judge(lab: Lab, data: Coffee, chosen: list[Row], wanted: str) -> None:
    """Judge that these calls have the latest activity up to then."""
    found = calls(lab, data, "as_of_df")
    later = absent = wrong = 0
    for call in chosen:
        row = row_of(found, data, call, wanted)
        right = data.at(call)
        assert right is not None
        if row is None:
            absent += 1
        elif not alike(row, right, CHANGING):
            after = [one for one in data.activity_of(call[data.key]) if one[data.time_key] > call["called_at"]]
            later += any(alike(row, one, CHANGING) for one in after)
            wrong += 1
    if absent:
        mismatch(wanted, f"{absent} of {len(chosen)} such calls are missing")
    if later:
        mismatch(wanted, f"{later} of {len(chosen)} such calls have features from after the call: the future leaks in")
    if wrong:
        mismatch(wanted, f"{wrong} of {len(chosen)} such calls have features of another row, or none")


@check("time.past")
def test_no_leak(lab: Lab, data: Coffee) -> None:
    chosen = [call for call in data.calls if (row := data.at(call)) and row[data.time_key] < call["called_at"]]
    judge(lab, data, chosen, "each call has the latest activity from before it")


@check("time.exact")
def test_of_that_moment(lab: Lab, data: Coffee) -> None:
    chosen = [call for call in data.calls if (row := data.at(call)) and row[data.time_key] == call["called_at"]]
    judge(lab, data, chosen, "calls with activity of just their time have that")


@check("time.none")
def test_nothing_known(lab: Lab, data: Coffee) -> None:
    found = calls(lab, data, "as_of_df")
    chosen = [call for call in data.calls if data.at(call) is None]
    wanted = "calls without earlier activity have a row, with null for orders_30d and idle_days"
    rows = [row_of(found, data, call, wanted) for call in chosen]
    there = [row for row in rows if row is not None]
    if len(there) < len(rows):
        mismatch(wanted, f"{len(rows) - len(there)} of {len(rows)} such calls are missing")
    filled = sum(not empty(row) for row in there)
    if filled:
        mismatch(wanted, f"{filled} of {len(rows)} such calls have features")
    answers = {(call[data.key], call["called_at"]): call["answer"] for call in data.calls}
    for place, some in found.items():
        if place not in answers or not all(same(row.get("answer"), answers[place]) for row in some):
            mismatch(
                "as_of_df has the rows of calls and no others, with their answer", "some rows are not those of calls"
            )


@check("time.window")
def test_window(lab: Lab, data: Coffee) -> None:
    found = calls(lab, data, "recent_df")
    wanted = f"recent_df has each call, with activity that is at most {data.window_days} days old"
    absent = stale = edge = wrong = 0
    for call in data.calls:
        row, right, ever = row_of(found, data, call, wanted), data.at(call, data.window), data.at(call)
        if row is None:
            absent += 1
        elif right is None:
            stale += ever is not None and not empty(row)
            wrong += ever is None and not empty(row)
        elif not alike(row, right, CHANGING):
            at_the_edge = call["called_at"] - right[data.time_key] == data.window
            edge += at_the_edge
            wrong += not at_the_edge
    told = (
        (absent, "are missing"),
        (stale, "have activity that is older"),
        (edge, "lack activity of just that age"),
        (wrong, "have features of another row"),
    )
    if any(number for number, _ in told):
        mismatch(wanted, "; ".join(f"{number} calls {what}" for number, what in told if number))


@check("score.online")
def test_published(lab: Lab, data: Coffee) -> None:
    entry = lab.features.find(data.activity_table)
    wanted = f"{data.activity_table} is published: an online store has the latest row of each customer"
    if entry is None:
        mismatch(wanted, f"the feature store knows no table {data.activity_table}")
    if not entry.online:
        mismatch(wanted, "it is in no online store")
    own: dict[int, Row] = {}
    for row in lab.feature_table(data.activity_table).rows():
        key, at = row.get(data.key), moment(row.get(data.time_key))
        if (
            isinstance(key, int)
            and isinstance(at, dt.datetime)
            and not (key in own and moment(own[key][data.time_key]) >= moment(at))
        ):
            own[key] = row
    problem = ""
    for store, table in entry.online:
        try:
            rows = lab.features.published(store, table, (data.key, *CHANGING))
        except Unreadable as error:
            problem = str(error)
            continue
        problem = _differs(rows, data.newest, data) or ""
        if not problem or not _differs(rows, own, data):
            return
    mismatch(wanted, problem)


def _differs(rows: list[Mapping[str, Any]], right: Mapping[int, Row], data: Coffee) -> str | None:
    if len(rows) != len(right):
        return f"{len(rows)} rows in it, where {len(right)} are right"
    wrong = sum(not (isinstance(key := row[data.key], int) and _is(dict(row), right.get(key))) for row in rows)
    return f"{wrong} of its {len(rows)} rows are not the customer's latest" if wrong else None
