"""What the suites of exercise 2 share: tables by key, values compared, and the model with what it is asked."""

from __future__ import annotations

import decimal
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fixtures.coffee import COFFEE_KEYS, Coffee, Row
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
    number = real(found)
    return number is not None and math.isclose(number, float(wanted), rel_tol=TOLERANCE, abs_tol=1e-9)


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
        values = tuple(plain(row.get(column)) for column in columns)
        found.setdefault(values[0] if len(columns) == 1 else values, []).append(row)
    return found


def plain(value: Any) -> Any:
    """A value that a set or a dictionary can hold."""
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


def customers_then(lab: Lab, data: Coffee) -> list[State]:
    """What lookups may have found when the model was trained: the right customers, and those of the learner's own table
    if it never held the right ones. A table that is wrong has failed its own checks; what is looked up in it is right.
    """
    right: State = {key: [row] for key, row in data.merged.items()}
    try:
        past = history(lab.feature_table(data.customers_table), data.key)
    except (Mismatch, Unreadable):
        return [right]
    if not past or any(is_state(found, data.merged) for found in past):
        return [right]
    later = shows(past, data.customers_3, data.key)
    return [right, past[later - 1] if later else past[-1]]


def coffees(lab: Lab, data: Coffee) -> list[State]:
    """The coffees likewise. Their table is changed once, and no more."""
    right: State = {key: [row] for key, row in data.coffees.items()}
    try:
        own = by_key(lab.feature_table(data.coffees_table).rows(), *COFFEE_KEYS)
    except (Mismatch, Unreadable):
        return [right]
    return [right] if is_state(own, data.coffees) else [right, own]


def shows(past: Sequence[State], changes: Iterable[Row], key: str) -> int | None:
    """The first version that shows anything of a file of customers, None if none does."""
    spent = [(row[key], row["spend"]) for row in changes]
    for number, found in enumerate(past):
        if any(same(row.get("spend"), spend) for one, spend in spent for row in found.get(one, ())):
            return number
    return None


def customers_now(lab: Lab, data: Coffee) -> list[State]:
    """The customers when the batch was scored: as they ought to be, or as the learner's table has them."""
    right: State = {key: [row] for key, row in data.current.items()}
    try:
        own = by_key(lab.feature_table(data.customers_table).rows(), data.key)
    except (Mismatch, Unreadable):
        return [right]
    return [right] if is_state(own, data.current) else [right, own]


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


@dataclass(frozen=True)
class Asked:
    """Sets of rows that the model was asked about, each the whole batch with its features, and what it said of them.

    ``right``: the sets that a forecast may come from; ``stale``: those with the features from before the last merge.
    A set that the model could not answer has no values.
    """

    names: Sequence[str]
    rows: list[list[Row]]
    values: list[list[float] | None]
    right: frozenset[int]
    stale: frozenset[int]

    def told(self, sets: Iterable[int], place: int, value: Any) -> bool:
        """Whether the model gives this value for a row of the batch in one of the sets."""
        number = real(value)
        if number is None:
            return False
        some = (self.values[one] for one in sets)
        return any(values is not None and near(number, values[place]) for values in some)


def near(found: float, wanted: float) -> bool:
    return math.isclose(found, wanted, rel_tol=TOLERANCE, abs_tol=1e-6)


def answers(lab: Lab, data: Coffee, model: Model) -> Asked:
    """What the model says of the batch, with the features that are right and with those that its lookups find in the
    learner's tables. Raises Mismatch if it answers none.
    """
    package = features.package(model)
    kinds = [None] if package is None else [None, package.lookups]
    sold = coffees(lab, data)
    then: State = {key: [row] for key, row in data.merged.items()}
    asked: list[list[Row]] = []

    def sets(customers: Iterable[State]) -> frozenset[int]:
        found = set()
        for state, coffee, lookups in itertools.product(customers, (sold[0], sold[-1]), kinds):
            rows = batch_rows(data, state, lookups, coffee)
            if rows not in asked:
                asked.append(rows)
            found.add(asked.index(rows))
        return frozenset(found)

    right = sets(customers_now(lab, data))
    stale = sets([then]) - right
    names = columns(lab, data, model)
    lacking = [name for name in names if all(name not in rows[0] for rows in asked)]
    if lacking:
        mismatch("a model that takes the five features", f"the model takes {lacking[0]!r}, which is none of them")
    calls = [Call(names, [[_number(row.get(name)) for name in names] for row in rows]) for rows in asked]
    told = lab.predict(inner(model), *calls)
    found = [None if answer.values is None else _floats(answer.values, len(data.batch)) for answer in told]
    if all(values is None for values in found):
        error = next((answer.error for answer in told if answer.error), "its answer is no number for each row")
        mismatch("the model answers rows with the five features", f"the model itself: {error}")
    return Asked(names, asked, found, right, stale)


def _number(value: Any) -> Any:
    number = real(value)
    return value if number is None else number


def _floats(values: Sequence[Any], count: int) -> list[float] | None:
    flat = [real(value[0] if isinstance(value, list) and len(value) == 1 else value) for value in values]
    right = [value for value in flat if value is not None]
    return right if len(right) == len(flat) == count else None


def regression(
    rows: Sequence[Row], names: Sequence[str], label: str
) -> Callable[[Sequence[Row]], list[float] | None] | None:
    """A linear regression of these columns on the label; None when the rows are no numbers, as it gives for such."""
    import numpy as np

    def numbers(rows: Sequence[Row], wanted: Sequence[str]) -> Any:
        try:
            found = np.array([[float(row[name]) for name in wanted] for row in rows])
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        return found if found.size and np.isfinite(found).all() else None

    x, y = numbers(rows, names), numbers(rows, [label])
    if x is None or y is None:
        return None
    centre, middle = x.mean(axis=0), y.mean()
    weights = np.linalg.lstsq(x - centre, y[:, 0] - middle, rcond=None)[0]

    def predict(rows: Sequence[Row]) -> list[float] | None:
        given = numbers(rows, names)
        if given is None:
            return None
        with np.errstate(all="ignore"):  # What is beyond all floats is right for nobody.
            return [float(value) for value in (given - centre) @ weights + middle]

    return predict
