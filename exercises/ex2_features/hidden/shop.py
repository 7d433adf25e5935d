"""What the suites of exercise 2 share: values, tables by key, and what is known of customers and coffees."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

from fixtures.coffee import COFFEE_KEYS, Coffee, Row
from grader.evidence import Mismatch, Unreadable
from grader.evidence.delta import Table
from grader.evidence.features import FeatureTable
from grader.suite.api import Lab, Unmet, hangs_on, mismatch, rows_differ
from grader.suite.runs import TOLERANCE

State = Mapping[Any, Sequence[Row]]
"""A table's rows by key: where keys are as they should be, one row each."""
Judge = Callable[[Lab, Coffee], None]
MOST_VERSIONS = 40


# Checks that hang on others


def passes(judge: Judge, lab: Lab, data: Coffee) -> bool:
    """Whether another check passes."""
    try:
        judge(lab, data)
    except (Mismatch, Unreadable, Unmet):
        return False
    return True


def ended_by(lab: Lab, data: Coffee, causes: Mapping[str, Judge], why: str, wanted: str) -> NoReturn:
    """End a check that finds nothing to judge: it hangs on the first of these checks that fails, or fails itself."""
    for check_id, judge in causes.items():
        if not passes(judge, lab, data):
            hangs_on(check_id, why)
    mismatch(wanted, why)


def made_by(check_id: str, lab: Lab, name: str) -> Table:
    """A feature table, for checks that come after the one that judges whether it is there."""
    try:
        return lab.feature_table(name)
    except Mismatch as missing:
        hangs_on(check_id, missing.found)


def known(lab: Lab, name: str) -> FeatureTable:
    """What the feature store knows of a table."""
    found = lab.features.find(name)
    if found is None:
        mismatch(f"a feature table {name}", f"the feature store knows no table {name}")
    return found


def has_keys(lab: Lab, name: str, keys: set[str], times: tuple[str, ...] = ()) -> None:
    """Judge the primary keys, and the timestamp key if there is to be one."""
    entry = known(lab, name)
    if times and entry.timestamp_keys != times:
        found = "no timestamp key is declared"
        if times[0] in entry.primary_keys:
            found += f": {times[0]} is only a primary key"
        if entry.timestamp_keys:
            found = f"its timestamp key is {', '.join(entry.timestamp_keys)}"
        mismatch(f"{name} has the timestamp key {times[0]}", found)
    wanted = f"{name} has the primary key{'s' if len(keys) > 1 else ''} {' and '.join(sorted(keys))}"
    if set(entry.primary_keys) != keys:
        found = ", ".join(entry.primary_keys)
        mismatch(wanted, f"its primary keys are {found}" if found else "it has no primary key")
    if not times and entry.timestamp_keys:
        mismatch(f"{name} is no time series", f"its timestamp key is {entry.timestamp_keys[0]}")


# Values and rows


def same(found: Any, wanted: Any) -> bool:
    """Whether a value is the right one: numbers but for rounding in the last digits, null only for null."""
    right = real(wanted)
    if right is None:
        return type(found) is type(wanted) and bool(found == wanted)
    number = real(found)
    return number is not None and (
        math.isclose(number, right, rel_tol=TOLERANCE, abs_tol=1e-9) or (math.isnan(number) and math.isnan(right))
    )


def real(value: Any) -> float | None:
    """A number of any type as a float, None for what is none or is beyond all floats."""
    if isinstance(value, bool) or not isinstance(value, int | float | decimal.Decimal):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def alike(found: Row, wanted: Row, columns: Iterable[str]) -> bool:
    """Whether two rows agree in these columns."""
    return all(column in found and same(found[column], wanted.get(column)) for column in columns)


def by_key(rows: Iterable[Row], *columns: str) -> dict[Any, list[Row]]:
    """Rows by the value of a column, or by those of several."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        values = tuple(row.get(column) for column in columns)
        found.setdefault(values[0] if len(columns) == 1 else values, []).append(row)
    return found


def history(table: Table, *columns: str) -> list[dict[Any, list[Row]]]:
    """The rows of each version that can still be read, by key; of a long history the newest."""
    numbers = [commit.version for commit in table.commits][-MOST_VERSIONS:]
    return [by_key(table.rows(number), *columns) for number in numbers if table.readable(number)]


def is_state(found: State, wanted: Mapping[Any, Row]) -> bool:
    """Whether a table holds just these rows, in the columns that they have."""
    if found.keys() != wanted.keys():
        return False
    return all(len(found[key]) == 1 and alike(found[key][0], row, row) for key, row in wanted.items())


def first(state: State, key: Any) -> Row:
    rows = state.get(key)
    return rows[0] if rows else {}


# Customers


def created(lab: Lab, data: Coffee) -> None:
    """Judge the check create.table."""
    table = lab.feature_table(data.customers_table)
    has_keys(lab, data.customers_table, {data.key})
    wanted = f"{data.customers_table} first holds the rows of customers_1, with all their columns"
    right = {row[data.key]: row for row in data.customers_1}
    past = history(table, data.key)
    if any(is_state(found, right) for found in past):
        return
    filled = [found for found in past if found]
    if not filled:
        mismatch(wanted, "no version of it holds a row")
    rows = [row for rows in filled[0].values() for row in rows]
    wrong = rows_differ(rows, data.customers_1, list(data.customers_1[0])) or "its rows have other values"
    mismatch(wanted, f"its first version with rows: {wrong}")


def customers(lab: Lab, data: Coffee) -> list[State]:
    """The customers' table in each version, by key. A key column of another name is create.table's to tell."""
    table = made_by("create.table", lab, data.customers_table)
    keys = known(lab, data.customers_table).primary_keys
    renamed = data.key not in table.columns() and len(keys) == 1
    return list(history(table, keys[0] if renamed else data.key))


def shows(past: Sequence[State], changes: Sequence[Row], before: Mapping[Any, Row], key: str) -> int | None:
    """The first version that shows anything of a file of customers, None if none does: one of its new customers, what
    a customer spends there, or two other values of a customer that are together the file's.
    """
    others = [name for name in changes[0] if name not in (key, "spend")]
    for number, found in enumerate(past):
        for change in changes:
            rows = found.get(change[key], ())
            if rows and change[key] not in before:
                return number
            for row in rows:
                agree = sum(change[name] is not None and same(row.get(name), change[name]) for name in others)
                if agree > 1 or same(row.get("spend"), change["spend"]):
                    return number
    return None


def second(past: Sequence[State], data: Coffee) -> int | None:
    """The first version that shows anything of customers_2."""
    return shows(past, data.customers_2, {row[data.key]: row for row in data.customers_1}, data.key)


def third(past: Sequence[State], data: Coffee) -> int | None:
    """The first version that shows anything of customers_3."""
    return shows(past, data.customers_3, data.merged, data.key)


def columns_of(state: State) -> set[str]:
    return {name for rows in state.values() for row in rows[:1] for name in row}


def judged_columns(lab: Lab, data: Coffee, past: Sequence[State], since: int, changes: Sequence[Row]) -> list[str]:
    """The columns by which a merge is judged: those of the file, less what create.table tells that the table lacks."""
    columns = [name for name in changes[0] if name != data.key]
    if since and not passes(created, lab, data):
        there = columns_of(past[since - 1])
        columns = [name for name in columns if name in there or not there]
    if not columns:
        hangs_on("create.table", f"{data.customers_table} has no column of the customers to judge by")
    return columns


def customers_then(lab: Lab, data: Coffee) -> list[State]:
    """What lookups may have found when the model was trained: the right customers, and those of the learner's own table
    if it never held the right ones. A table that is wrong has failed its own checks; what is looked up in it is right.
    """
    right: State = {key: [row] for key, row in data.merged.items()}
    try:
        past = customers(lab, data)
    except (Mismatch, Unreadable, Unmet):
        return [right]
    if not past or any(is_state(found, data.merged) for found in past):
        return [right]
    later = third(past, data)
    return [right, past[later - 1] if later else past[-1]]


def customers_now(lab: Lab, data: Coffee) -> list[State]:
    """The customers when the batch was scored: as they ought to be, or as the learner's table has them."""
    right: State = {key: [row] for key, row in data.current.items()}
    try:
        past = customers(lab, data)
    except (Mismatch, Unreadable, Unmet):
        return [right]
    return [right] if not past or is_state(past[-1], data.current) else [right, past[-1]]


# Coffees


def two_keys(lab: Lab, data: Coffee) -> None:
    """Judge the check create.keys."""
    lab.feature_table(data.coffees_table)
    has_keys(lab, data.coffees_table, set(COFFEE_KEYS))


def refreshed(lab: Lab, data: Coffee) -> None:
    """Judge the check write.refreshed."""
    table = made_by("create.keys", lab, data.coffees_table)
    wanted = f"{data.coffees_table} holds the rows of coffees_2 and no others"
    columns = list(data.coffees_2[0])
    lacking = [name for name in COFFEE_KEYS if name not in table.columns()]
    if lacking and not passes(two_keys, lab, data):  # Told there.
        columns = [name for name in columns if name not in lacking]
    elif not lacking:
        now = by_key(table.rows(), *COFFEE_KEYS)
        old = [(row["country"], row["coffee"]) for row in data.coffees_1]
        gone = sum(key not in data.coffees and key in now for key in old)
        if gone:
            mismatch(wanted, f"{gone} coffees are still there that are no longer sold")
    wrong = rows_differ(table.rows(), data.coffees_2, columns)
    if wrong:
        mismatch(wanted, wrong)
    earlier = [commit.version for commit in table.commits][-MOST_VERSIONS:-1]
    if not any(
        table.readable(number) and rows_differ(table.rows(number), data.coffees_1, columns) is None
        for number in earlier
    ):
        mismatch(f"an earlier version of {data.coffees_table} holds the rows of coffees_1", "none does")


def coffees(lab: Lab, data: Coffee) -> list[State]:
    """The coffees when they were looked up, likewise. Their table is changed once, and no more."""
    right: State = {key: [row] for key, row in data.coffees.items()}
    try:
        table = lab.feature_table(data.coffees_table)
        keys = known(lab, data.coffees_table).primary_keys
        there = table.columns()
        absent = [name for name in keys if name not in COFFEE_KEYS]
        names = [name if name in there or len(absent) != 1 else absent[0] for name in COFFEE_KEYS]
        own = by_key(table.rows(), *names)
    except (Mismatch, Unreadable):
        return [right]
    return [right] if is_state(own, data.coffees) else [right, own]
