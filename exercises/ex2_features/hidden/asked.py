"""The logged model, what it is asked, and what a linear regression would say."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shop import State, by_key, coffees, customers_now, first, real

from fixtures.coffee import Coffee, Row
from grader.evidence import Mismatch, Unreadable, features
from grader.evidence.behaviour import Call
from grader.evidence.models import Model
from grader.suite.api import Lab, hangs_on, mismatch
from grader.suite.runs import TOLERANCE

MOST_ALIKE = 3
"""Rows of a key in a learner's table that are all tried."""


def logged(lab: Lab, data: Coffee) -> Model:
    """The newest registered version's model, else the newest that was logged, preferably with its lookups."""
    registered = lab.registry.models.get(data.model_name)
    for number in sorted(registered.versions, reverse=True) if registered else ():
        source = lab.source(registered.versions[number]) if registered else None
        if source is not None:
            return source
    found = sorted(lab.tracking.models, key=lambda model: model.created_ms, reverse=True)
    if not found:
        mismatch("a model that was trained on the orders", "no model was logged")
    return next((model for model in found if _is_packaged(model)), found[0])


def _is_packaged(model: Model) -> bool:
    try:
        return features.package(model) is not None
    except Unreadable:
        return False


def after_packaged(lab: Lab, data: Coffee) -> tuple[Model, features.Package | None]:
    """The model and its lookups, for checks that come after model.packaged, which judges whether they are there."""
    try:
        model = logged(lab, data)
    except Mismatch as missing:
        hangs_on("model.packaged", missing.found)
    try:
        return model, features.package(model)
    except Unreadable as broken:
        hangs_on("model.packaged", broken.found)


def columns(lab: Lab, data: Coffee, model: Model, package: features.Package | None) -> Sequence[str]:
    """What the model is given, in its order."""
    if package is not None:
        return package.columns
    if model.inputs and all(column.name for column in model.inputs):
        return [str(column.name) for column in model.inputs]
    return saved_columns(lab, data) or list(data.renamed)


def saved_columns(lab: Lab, data: Coffee) -> list[str]:
    """The columns of the training set that was saved, but for the label."""
    try:
        return [name for name in lab.table("training").columns() if name != data.label]
    except (Mismatch, Unreadable):
        return []


# What the model is asked


def is_table(lookup: features.Lookup, name: str) -> bool:
    """Whether a lookup is in this table, in whichever catalog."""
    return lookup.table.split(".")[-1].lower() == name.split(".")[-1]


def foreign(data: Coffee, package: features.Package | None) -> list[features.Lookup]:
    """Lookups in tables that the brief does not name, which bring features that it asks for."""
    own = (data.customers_table, data.coffees_table)
    return [
        lookup
        for lookup in (package.lookups if package else ())
        if not any(is_table(lookup, name) for name in own)
        and any(feature.name in ("spend", "distance_km", "price", "rating") for feature in lookup.features)
    ]


def _others(lab: Lab, data: Coffee, lookups: Iterable[features.Lookup]) -> dict[features.Lookup, State]:
    """The rows of tables that the brief does not name, by the keys of their lookups."""
    found: dict[features.Lookup, State] = {}
    for lookup in lookups:
        if not any(is_table(lookup, name) for name in (data.customers_table, data.coffees_table)):
            try:
                rows = lab.feature_table(lookup.table).rows()
            except (Mismatch, Unreadable):
                continue
            found[lookup] = by_key(rows, *lookup.keys) if lookup.keys else {}
    return found


def _planned(data: Coffee, row: Row, customers: State, sold: State) -> Row:
    """A row of the batch with its features as the brief asks."""
    person, coffee = first(customers, row[data.key]), first(sold, (row["country"], row["favourite"]))
    found = {
        output: (person if table == data.customers_table else coffee).get(name)
        for output, (table, name) in data.renamed.items()
    }
    return row | {name: data.defaults[name] if value is None else value for name, value in found.items()}


def _looked_up(
    data: Coffee,
    row: Row,
    customers: State,
    sold: State,
    lookups: Sequence[features.Lookup],
    others: Mapping[features.Lookup, State],
) -> Row:
    """A row of the batch with its features as a model's own lookups find them."""
    full = dict(row)
    for lookup in lookups:
        by = tuple(row.get(name) for name in lookup.by)
        if lookup in others:
            source = first(others[lookup], by[0] if len(by) == 1 else by)
        elif is_table(lookup, data.customers_table):
            source = first(customers, by[0] if by else None)
        else:  # In the order of the brief, whatever that of the table's keys.
            named = dict(zip(lookup.keys, by, strict=False))
            key = (named.get("country"), named.get("coffee"))
            # Keys of other names are create.keys' to tell: a coffee is then looked up as the brief asks.
            ours = set(named) >= {"country", "coffee"}
            source = first(sold, key if ours else (row["country"], row["favourite"]))
        for feature in lookup.features:
            value = source.get(feature.name)
            full[feature.output] = feature.default if value is None else value
    return full


@dataclass(frozen=True)
class Asked:
    """Sets of rows that the model was asked about, each the whole batch with its features, and what it said of them.

    ``right``: the sets that a forecast may come from; ``stale``: those with the features from before the last merge;
    ``copied``: those with features from tables that the brief does not name. A set that the model could not answer has
    no values.
    """

    names: Sequence[str]
    rows: list[list[Row]]
    values: list[list[float] | None]
    right: frozenset[int]
    stale: frozenset[int]
    copied: frozenset[int]

    def told(self, sets: Iterable[int], place: int, value: Any) -> bool:
        """Whether the model gives this value for a row of the batch in one of the sets."""
        number = real(value)
        if number is None:
            return False
        some = (self.values[one] for one in sets)
        return any(values is not None and near(number, values[place]) for values in some)


def near(found: float, wanted: float) -> bool:
    return math.isclose(found, wanted, rel_tol=TOLERANCE, abs_tol=1e-6)


def _variants(state: State) -> list[State]:
    """A table with one row for each key: of several rows each in turn."""
    most = max((len(rows) for rows in state.values()), default=1)
    if most < 2:
        return [state]
    return [
        {key: [rows[min(number, len(rows) - 1)]] for key, rows in state.items() if rows}
        for number in range(min(most, MOST_ALIKE))
    ]


def answers(lab: Lab, data: Coffee, model: Model, package: features.Package | None) -> Asked:
    """What the model says of the batch, with the features that are right and with those that its lookups find in the
    learner's tables. Raises Mismatch if it answers none.
    """
    lookups = package.lookups if package else ()
    others = _others(lab, data, lookups)
    elsewhere = bool(foreign(data, package))
    sold = [one for state in coffees(lab, data) for one in _variants(state)]
    then: State = {key: [row] for key, row in data.merged.items()}
    asked: list[list[Row]] = []

    def added(rows: list[Row]) -> int:
        if rows not in asked:
            asked.append(rows)
        return asked.index(rows)

    def by_brief(customers: Iterable[State]) -> set[int]:
        states = itertools.product(customers, sold)
        return {added([_planned(data, row, person, coffee) for row in data.batch]) for person, coffee in states}

    def by_lookups(customers: Iterable[State]) -> set[int]:
        states = itertools.product(customers, sold) if lookups else ()
        return {
            added([_looked_up(data, row, person, coffee, lookups, others) for row in data.batch])
            for person, coffee in states
        }

    now = [one for state in customers_now(lab, data) for one in _variants(state)]
    looked_up = by_lookups(now)
    right = frozenset(by_brief(now) | (set() if elsewhere else looked_up))
    copied = frozenset(looked_up if elsewhere else ()) - right
    stale = frozenset(by_brief([then]) | (set() if elsewhere else by_lookups([then]))) - right - copied
    names = columns(lab, data, model, package)
    lacking = [name for name in names if all(name not in rows[0] for rows in asked)]
    if lacking:
        mismatch("a model that takes the five features", f"the model takes {lacking[0]!r}, which is none of them"[:300])
    calls = [Call(names, [[_number(row.get(name)) for name in names] for row in rows]) for rows in asked]
    told = lab.predict(model if package is None else package.raw, *calls)
    found = [None if answer.values is None else _floats(answer.values, len(data.batch)) for answer in told]
    if all(values is None for values in found):
        error = next((answer.error for answer in told if answer.error), "its answer is no number for each row")
        mismatch("the model answers rows with the five features", f"the model itself: {error}")
    return Asked(names, asked, found, right, stale, copied)


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
        if not all(name in row for row in rows[:1] for name in wanted):
            return None
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
