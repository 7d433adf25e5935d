"""What the suites of exercise 2 share: tables by key, values compared, and the model with what it is asked."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fixtures.coffee import Coffee, Row
from grader.evidence import Unreadable, features
from grader.evidence.behaviour import Call
from grader.evidence.delta import Table
from grader.evidence.models import Model
from grader.suite.api import Lab, Mismatch, mismatch
from grader.suite.runs import TOLERANCE

State = Mapping[Any, Sequence[Row]]
"""A table's rows by key: where keys are as they should be, one row each."""
MOST_VERSIONS = 40


def same(found: Any, wanted: Any) -> bool:
    """Whether a value is the right one: numbers but for rounding in the last digits, null only for null."""
    if wanted is None or isinstance(wanted, str | bool):
        return type(found) is type(wanted) and bool(found == wanted)
    if isinstance(found, bool) or not isinstance(found, int | float | decimal.Decimal):
        return False
    try:
        return math.isclose(float(found), float(wanted), rel_tol=TOLERANCE, abs_tol=1e-9)
    except OverflowError:
        return False


def alike(found: Row, wanted: Row, columns: Iterable[str]) -> bool:
    """Whether two rows agree in these columns."""
    return all(column in found and same(found[column], wanted[column]) for column in columns)


def by_key(rows: Iterable[Row], *columns: str) -> dict[Any, list[Row]]:
    """Rows by the value of a column, or by those of several."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        values = tuple(_plain(row.get(column)) for column in columns)
        found.setdefault(values[0] if len(columns) == 1 else values, []).append(row)
    return found


def _plain(value: Any) -> Any:
    return repr(value) if isinstance(value, list | dict) else value


def history(table: Table, *columns: str) -> list[dict[Any, list[Row]]]:
    """The rows of each version that can still be read, by key; of a long history the newest."""
    numbers = [commit.version for commit in table.commits][-MOST_VERSIONS:]
    return [by_key(table.rows(number), *columns) for number in numbers if table.readable(number)]


def is_state(found: State, wanted: Mapping[Any, Row]) -> bool:
    """Whether a table holds just these rows, in the columns that they have."""
    if found.keys() != wanted.keys():
        return False
    return all(len(found[key]) == 1 and alike(found[key][0], row, row) for key, row in wanted.items())


def states(lab: Lab, name: str, keys: Sequence[str], right: Mapping[Any, Row]) -> list[State]:
    """What a lookup may have found: the right rows, and those of the learner's table if it never held the right ones.

    A table that is wrong has failed its own checks; what is looked up in it rightly is right.
    """
    wanted: State = {key: [row] for key, row in right.items()}
    try:
        past = history(lab.feature_table(name), *keys)
    except (Mismatch, Unreadable):
        return [wanted]
    return [wanted] if any(is_state(found, right) for found in past) else [wanted, *past]


def customers_then(lab: Lab, data: Coffee) -> list[State]:
    """The customers when the model was trained."""
    return states(lab, data.customers_table, [data.key], data.merged)


def customers_now(lab: Lab, data: Coffee) -> list[State]:
    """The customers when the batch was scored: as they ought to be, or as the learner's table has them."""
    right: State = {key: [row] for key, row in data.current.items()}
    try:
        table = lab.feature_table(data.customers_table)
        return [right, by_key(table.rows(), data.key)]
    except (Mismatch, Unreadable):
        return [right]


def coffees(lab: Lab, data: Coffee) -> list[State]:
    return states(lab, data.coffees_table, ["country", "coffee"], data.coffees)


def listed(number: int, what: str) -> str:
    return f"{number} {what}"


# The model


def logged(lab: Lab, data: Coffee) -> Model:
    """The newest registered version's model, else the newest that was logged, preferably with its lookups."""
    registered = lab.registry.models.get(data.model_name)
    for number in sorted(registered.versions, reverse=True) if registered else ():
        source = lab.source(registered.versions[number]) if registered else None
        if source is not None:
            return source
    found = sorted(lab.tracking.models, key=lambda model: model.created_ms, reverse=True)
    packaged = [model for model in found if features.package(model) is not None]
    if not found:
        mismatch("a model that was trained on the orders", "no model was logged")
    return (packaged or found)[0]


def inner(model: Model) -> Model:
    """The model itself, without its lookups."""
    package = features.package(model)
    return model if package is None else package.raw


def columns(lab: Lab, data: Coffee, model: Model) -> Sequence[str]:
    """What the model is given, in its order."""
    package = features.package(model)
    if package is not None:
        return package.columns
    if model.inputs and all(column.name for column in model.inputs):
        return [str(column.name) for column in model.inputs]
    try:
        saved = list(lab.table("training").columns())
    except (Mismatch, Unreadable):
        saved = []
    return [name for name in saved if name != data.label] or list(data.renamed)


def batch_rows(data: Coffee, customers: State, lookups: Sequence[features.Lookup] | None, sold: State) -> list[Row]:
    """The batch with its features: as the brief asks, or as a model's own lookups find them."""
    return [_filled(data, row, customers, lookups, sold) for row in data.batch]


def _filled(data: Coffee, row: Row, customers: State, lookups: Sequence[features.Lookup] | None, sold: State) -> Row:
    if lookups is None:
        person = first(customers, row[data.key])
        coffee = first(sold, (row["country"], row["favourite"]))
        found = {
            output: (person if table == data.customers_table else coffee).get(name)
            for output, (table, name) in data.renamed.items()
        }
        return row | {name: data.defaults[name] if value is None else value for name, value in found.items()}
    full = dict(row)
    for lookup in lookups:
        of_customers = lookup.table.split(".")[-1].lower() == data.customers_table.split(".")[-1]
        by = tuple(row.get(name) for name in lookup.by)
        if not of_customers:  # In the order of the brief, whatever that of the table's keys.
            named = dict(zip(lookup.keys, by, strict=False))
            by = (named.get("country"), named.get("coffee"))
        source = first(customers, by[0] if by else None) if of_customers else first(sold, by)
        for feature in lookup.features:
            value = source.get(feature.name)
            full[feature.output] = feature.default if value is None else value
    return full


def first(state: State, key: Any) -> Row:
    rows = state.get(key)
    return rows[0] if rows else {}


Asked = list[tuple[list[Row], list[float] | None]]


def answers(lab: Lab, data: Coffee, model: Model) -> Asked:
    """What the model says of the batch with its features: those that are right first, then those from before the last
    merge, then what else may be looked up. None for rows that it can't answer. Raises Mismatch if it answers none.
    """
    package = features.package(model)
    sold = coffees(lab, data)
    then: State = {key: [row] for key, row in data.merged.items()}
    kinds: list[Sequence[features.Lookup] | None] = [None]
    if package is not None:
        kinds.append(package.lookups)
    asked = [batch_rows(data, customers_now(lab, data)[0], None, sold[0]), batch_rows(data, then, None, sold[0])]
    for customers in customers_now(lab, data):
        for coffee in (sold[0], sold[-1]):
            for lookups in kinds:
                rows = batch_rows(data, customers, lookups, coffee)
                if rows not in asked:
                    asked.append(rows)
    names = columns(lab, data, model)
    lacking = [name for name in names if name not in asked[0][0] and all(name not in rows[0] for rows in asked)]
    if lacking:
        mismatch("a model that takes the five features", f"the model takes {lacking[0]!r}, which is none of them")
    calls = [Call(names, [[_number(row.get(name)) for name in names] for row in rows]) for rows in asked]
    told = lab.predict(inner(model), *calls)
    found = [None if answer.values is None else _floats(answer.values, len(data.batch)) for answer in told]
    if all(values is None for values in found):
        error = next((answer.error for answer in told if answer.error), "its answer is no number for each row")
        mismatch("the model answers rows with the five features", f"the model itself: {error}")
    return list(zip(asked, found, strict=True))


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, int | decimal.Decimal) and not isinstance(value, bool) else value


def _floats(values: Sequence[Any], count: int) -> list[float] | None:
    flat = [value[0] if isinstance(value, list) and len(value) == 1 else value for value in values]
    right = all(isinstance(value, int | float) and not isinstance(value, bool) for value in flat)
    return [float(value) for value in flat] if right and len(flat) == count else None


def regression(rows: Sequence[Row], names: Sequence[str], label: str) -> Callable[[Sequence[Row]], list[float]] | None:
    """A linear regression of these columns on the label, None when the rows are no numbers."""
    import numpy as np

    def numbers(rows: Sequence[Row], wanted: Sequence[str]) -> Any:
        return np.array([[float(row[name]) for name in wanted] for row in rows])

    try:
        x, y = numbers(rows, names), numbers(rows, [label])[:, 0]
        if not len(x) or not (np.isfinite(x).all() and np.isfinite(y).all()):
            return None
    except (KeyError, TypeError, ValueError, OverflowError, IndexError):
        return None
    centre, middle = x.mean(axis=0), y.mean()
    weights = np.linalg.lstsq(x - centre, y - middle, rcond=None)[0]

    def predict(rows: Sequence[Row]) -> list[float]:
        return [float(value) for value in (numbers(rows, names) - centre) @ weights + middle]

    return predict
