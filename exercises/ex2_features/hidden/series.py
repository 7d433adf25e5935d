"""Activity in time: what was known at each call, and what a result tells of the calls."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shop import alike, has_keys, known, passes

from fixtures.coffee import CHANGING, Coffee, Row, latest
from grader.evidence import Mismatch, Unreadable
from grader.suite.api import Lab, mismatch

Call = tuple[Any, Any]
MOST_ROWS = 5_000
"""Rows of a learner's table, beyond which it is not compared with."""


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


def is_series(lab: Lab, data: Coffee) -> None:
    """Judge the check time.table."""
    table = lab.feature_table(data.activity_table)
    has_keys(lab, data.activity_table, {data.key}, (data.time_key,))
    wanted = f"{data.activity_table} holds the rows of activity"
    right = {(row[data.key], row[data.time_key]): row for row in data.activity}
    absent = [name for name in (data.key, data.time_key, *CHANGING) if name not in table.columns()]
    if absent:
        mismatch(wanted, f"it lacks {' and '.join(absent)}")
    rows = table.rows()
    if len(rows) != len(right):
        mismatch(wanted, f"there are {len(rows)} rows, and there should be {len(right)}")
    found = {(row[data.key], moment(row[data.time_key])): row for row in rows}
    wrong = sum(place not in found or not alike(found[place], row, CHANGING) for place, row in right.items())
    if wrong:
        mismatch(wanted, f"{wrong} of its {len(right)} rows are missing, or have other values")


@dataclass(frozen=True)
class Series:
    """Activity by customer, each row with its time in the column ``time``, and the features that it has."""

    rows: Mapping[Any, Sequence[Row]]
    time: str
    features: tuple[str, ...]

    def at(self, call: Row, key: str, within: dt.timedelta | None = None) -> Row | None:
        """The latest activity at or before a call, None without any, or if it is older than asked for."""
        return latest(self.rows.get(call[key], ()), self.time, call["called_at"], within)

    def after(self, call: Row, key: str) -> Iterator[Row]:
        """The activity after a call."""
        return (row for row in self.rows.get(call[key], ()) if row[self.time] > call["called_at"])

    def newest(self) -> dict[Any, Row]:
        """The latest activity of each customer."""
        return {key: max(rows, key=lambda row: row[self.time]) for key, rows in self.rows.items()}


def own_columns(lab: Lab, data: Coffee) -> tuple[str, str]:
    """The columns with key and time in the learner's table: other names are time.table's to tell."""
    entry = known(lab, data.activity_table)
    there = lab.feature_table(data.activity_table).columns()
    times = entry.timestamp_keys
    keys = [name for name in entry.primary_keys if name not in times]
    key = keys[0] if data.key not in there and len(keys) == 1 else data.key
    return key, times[0] if data.time_key not in there and len(times) == 1 else data.time_key


def planned(data: Coffee) -> Series:
    """The activity as it should be."""
    rows = {key: data.activity_of(key) for key in data.newest}
    return Series(rows, data.time_key, CHANGING)


def own(lab: Lab, data: Coffee) -> Series | None:
    """The activity in the learner's own table, None if that is as it should be, or holds none."""
    if passes(is_series, lab, data):
        return None
    try:
        table = lab.feature_table(data.activity_table)
        key, time = own_columns(lab, data)
        found = table.rows()
    except (Mismatch, Unreadable):
        return None
    features = tuple(name for name in CHANGING if name in table.columns())
    rows: dict[Any, list[Row]] = {}
    for row in found[:MOST_ROWS]:
        at = moment(row.get(time))
        if isinstance(at, dt.datetime) and isinstance(row.get(key), int):
            rows.setdefault(row[key], []).append({**row, time: at})
    return Series(rows, time, features) if rows and features else None


def series(lab: Lab, data: Coffee) -> list[Series]:
    """What features may have been looked up in: the right activity, and that of the learner's own table if it is
    another. Its table has failed its own check then; what is looked up in it is right.
    """
    mine = own(lab, data)
    return [planned(data)] if mine is None else [planned(data), mine]


def plain(row: Row) -> Row:
    """A row with null for what pandas has for nothing, in columns of types of its own."""
    return {name: None if value in ("NAType", "NaTType") else value for name, value in row.items()}


def calls(rows: Iterable[Row], data: Coffee) -> dict[Call, list[Row]]:
    """The rows of a result by call."""
    found: dict[Call, list[Row]] = {}
    for row in map(plain, rows):
        found.setdefault((row[data.key], moment(row["called_at"])), []).append(row)
    return found


@dataclass(frozen=True)
class Told:
    """What a result tells of the calls: ``rows`` by call, the ``features`` that it has, and what it may tell."""

    rows: Mapping[Call, Sequence[Row]]
    features: tuple[str, ...]
    truths: Sequence[Series]
    data: Coffee

    def of(self, call: Row) -> Sequence[Row]:
        """The rows of a call."""
        return self.rows.get((call[self.data.key], call["called_at"]), ())

    def right(self, call: Row, row: Row, within: dt.timedelta | None = None) -> bool:
        """Whether a row has what was known at a call."""
        for truth in self.truths:
            known = truth.at(call, self.data.key, within)
            if known is not None and self._alike(row, known, truth):
                return True
        planned = self.truths[0].at(call, self.data.key, within)
        return planned is None and self.empty(row)

    def unknown(self, call: Row, row: Row, within: dt.timedelta | None = None) -> bool:
        """Whether a row has nothing, and the learner's own table knows nothing of the call."""
        mine = self.truths[1:]
        return self.empty(row) and any(truth.at(call, self.data.key, within) is None for truth in mine)

    def later(self, call: Row, row: Row) -> bool:
        """Whether a row has what was known only after a call."""
        return not self.empty(row) and any(
            self._alike(row, one, truth) for truth in self.truths for one in truth.after(call, self.data.key)
        )

    def empty(self, row: Row) -> bool:
        return all(row[name] is None for name in self.features)

    def wrong(self, call: Row) -> bool:
        """Whether a call has no row, or one that is not right."""
        rows = self.of(call)
        return not rows or not all(self.right(call, row) for row in rows)

    def leaks(self) -> bool:
        """Whether calls with earlier activity have what was known only later."""
        return any(self.later(call, row) for call in self.earlier() for row in self.of(call))

    def earlier(self) -> list[Row]:
        """The calls whose latest activity is from before them."""
        return [call for call in self.data.calls if (at := self._time(call)) is not None and at < call["called_at"]]

    def exact(self) -> list[Row]:
        """The calls with activity of just their time."""
        return [call for call in self.data.calls if self._time(call) == call["called_at"]]

    def never(self) -> list[Row]:
        """The calls without any earlier activity."""
        return [call for call in self.data.calls if self._time(call) is None]

    def _time(self, call: Row) -> dt.datetime | None:
        row = self.data.at(call)
        return None if row is None else row[self.data.time_key]

    def _alike(self, row: Row, known: Row, truth: Series) -> bool:
        names = [name for name in self.features if name in truth.features]
        return bool(names) and alike(row, known, names)


def told(lab: Lab, data: Coffee, name: str) -> Told:
    """What a result tells of the calls. Raises Mismatch when there is no such DataFrame, or when it lacks the columns
    by which calls are told apart.
    """
    frame = lab.frame(name)
    needed = (data.key, "called_at")
    lacking = [column for column in needed if column not in frame.columns]
    if lacking:
        mismatch(f"{name} has the columns {' and '.join(needed)}", f"it lacks {' and '.join(lacking)}")
    truths = series(lab, data)
    features = tuple(column for column in CHANGING if column in frame.columns)
    return Told(calls(frame.rows, data), features, truths, data)


def lacking(found: Told) -> list[str]:
    """The features that a result lacks, though the learner's own table has them."""
    return [
        name for name in CHANGING if name not in found.features and all(name in one.features for one in found.truths)
    ]
