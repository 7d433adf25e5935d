"""From training to forecasts: the training set, the model, and what it says of a batch of keys."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from shop import (
    State,
    alike,
    answers,
    coffees,
    columns,
    customers_then,
    logged,
    near,
    regression,
    same,
)
from test_tables import arrived

from fixtures.coffee import Coffee, Row
from grader.evidence import Unreadable, features
from grader.suite.api import Lab, Mismatch, check, mismatch

Saved = Mapping[float, Sequence[Row]]
IDS = ("country", "coffee", "favourite", "gift")
UNASKED = ("bags", "strength")


def saved(lab: Lab, data: Coffee) -> Saved:
    """The rows at tables/training by their label, which no two orders share."""
    table = lab.table("training")
    if data.label not in table.columns():
        mismatch(f"tables/training has the column {data.label}", f"its columns are {', '.join(table.columns())[:300]}")
    found: dict[float, list[Row]] = {}
    for row in table.rows():
        value = row[data.label]
        if isinstance(value, int | float) and not isinstance(value, bool):
            found.setdefault(round(float(value), 3) if math.isfinite(value) else 0.0, []).append(row)
    if not found:
        mismatch("tables/training holds the orders", "no row of it has a label")
    return found


@check("training.orders")
def test_every_order(lab: Lab, data: Coffee) -> None:
    found = saved(lab, data)
    labels = {order[data.label] for order in data.orders}
    wanted = f"each of the {len(labels)} orders is in tables/training once, with its label"
    absent, others = len(labels - found.keys()), len(found.keys() - labels)
    twice = sum(len(rows) > 1 for rows in found.values())
    told = (
        (absent, "orders are missing"),
        (twice, "labels are there several times"),
        (others, "labels are no order's"),
    )
    if absent or twice or others or sum(map(len, found.values())) != len(lab.table("training").rows()):
        mismatch(wanted, "; ".join(f"{n} {what}" for n, what in told if n) or "some rows have no label")


def looked_up(data: Coffee, order: Row, output: str) -> tuple[bool, Any]:
    """Whether a feature of an order is from the customers' table, and by which key it is found."""
    of_customers = data.renamed[output][0] == data.customers_table
    return of_customers, order[data.key] if of_customers else (order["country"], order["favourite"])


def is_missing(data: Coffee, order: Row, output: str) -> bool:
    """Whether the tables, as they should be, do not tell a feature of an order."""
    of_customers, key = looked_up(data, order, output)
    row: Row = dict((data.merged if of_customers else data.coffees).get(key) or {})  # type: ignore[call-overload]
    return row.get(data.renamed[output][1]) is None


def judge_features(lab: Lab, data: Coffee, names: Sequence[str], wanted: str, *, missing: bool) -> None:
    """Judge features of the orders in which they are missing, or of those in which they are not."""
    found = saved(lab, data)
    lacking = [name for name in names if name not in lab.table("training").columns()]
    if len(lacking) == len(names):
        mismatch(wanted, f"tables/training has no column {', '.join(lacking)}")
    people, sold = customers_then(lab, data), coffees(lab, data)
    looked_at = wrong = null = 0
    for order in data.orders:
        for row in found.get(order[data.label], ()):
            for name in names:
                if name in lacking or is_missing(data, order, name) != missing:
                    continue
                of_customers, key = looked_up(data, order, name)
                found_in = people if of_customers else sold
                if not missing and any(_missing_in(state, key, data.renamed[name][1]) for state in found_in):
                    continue  # The learner's own table did not have it.
                looked_at += 1
                right = _possible(found_in, key, data.renamed[name][1], data.defaults[name])
                if not any(same(row[name], value) for value in right):
                    wrong += 1
                    null += row[name] is None
    if not looked_at:
        mismatch(wanted, "tables/training holds no such order")
    if wrong:
        mismatch(wanted, f"{wrong} of {looked_at} values are others" + (f", {null} of them null" if null else ""))


def _missing_in(state: State, key: Any, feature: str) -> bool:
    return all(row.get(feature) is None for row in state.get(key, ()))


def _possible(states: Sequence[State], key: Any, feature: str, default: float) -> list[Any]:
    """What a lookup may give, in whichever state the table was."""
    values = [row.get(feature) for state in states for row in state.get(key, ({},))]
    return [default if value is None else value for value in values]


@check("training.customers")
def test_customers(lab: Lab, data: Coffee) -> None:
    wanted = "spend and distance_km of an order are those of its customer in the table"
    judge_features(lab, data, ["spend", "distance_km"], wanted, missing=False)


@check("training.coffees")
def test_coffees(lab: Lab, data: Coffee) -> None:
    wanted = "price is that of the order's favourite coffee in the order's country"
    judge_features(lab, data, ["price"], wanted, missing=False)


@check("training.renamed")
def test_renamed(lab: Lab, data: Coffee) -> None:
    wanted = f"the customer's rating is named {data.own_rating}, and the coffee's {data.cup_score}"
    there = lab.table("training").columns()
    for name in (data.own_rating, data.cup_score):
        if name not in there:
            mismatch(wanted, f"tables/training has no column {name}")
    judge_features(lab, data, [data.own_rating], wanted, missing=False)
    # Whether it is the right coffee's is another question.
    ratings = {row["rating"] for row in (*data.coffees_1, *data.coffees_2)}
    values = [row[data.cup_score] for rows in saved(lab, data).values() for row in rows]
    strange = sum(not any(same(value, rating) for rating in ratings) for value in values)
    if strange > len(values) // 2:
        mismatch(wanted, f"{data.cup_score} does not hold what the jury says of coffees")


@check("training.defaults")
def test_defaults(lab: Lab, data: Coffee) -> None:
    wanted = "a feature that is missing or null has its value in default_values"
    judge_features(lab, data, list(data.renamed), wanted, missing=True)


@check("training.columns")
def test_columns(lab: Lab, data: Coffee) -> None:
    there = [name.lower() for name in lab.table("training").columns()]
    wanted = "tables/training has the label and the five features alone"
    ids = [name for name in (data.key, *IDS) if name in there]
    if ids:
        mismatch(wanted, f"it has {', '.join(ids)}: what only tells who or what is no feature")
    unasked = [name for name in UNASKED if name in there]
    if unasked:
        mismatch(wanted, f"it has {', '.join(unasked)}, which was not asked for")
    if not any(name in there for name in data.renamed):
        mismatch(wanted, f"its columns are {', '.join(there)[:300]}")


@check("model.packaged")
def test_packaged(lab: Lab, data: Coffee) -> None:
    model = logged(lab, data)
    package = features.package(model)
    wanted = "a model that was logged with its training set, and looks up all its features by keys"
    if package is None:
        mismatch(wanted, f"the model {model.name!r} does not say where its features come from")
    tables = {lookup.table.split(".")[-1].lower() for lookup in package.lookups}
    brought = [name for name in data.renamed if name in package.inputs]
    if brought:
        mismatch(wanted, f"{', '.join(brought)} must come with the batch: only lookups bring features of their own")
    for name in (data.customers_table, data.coffees_table):
        if name.split(".")[-1] not in tables:
            mismatch(wanted, f"it looks nothing up in {name}")
    if not package.raw.flavors:
        mismatch(wanted, "it holds no model")


@check("model.trained")
def test_trained(lab: Lab, data: Coffee) -> None:
    model = logged(lab, data)
    names = columns(lab, data, model)
    wanted = "the model predicts what a linear regression on the training set does"
    asked = answers(lab, data, model)
    if len(names) < len(data.renamed):
        mismatch("the model is given all five features", f"it is given {', '.join(names) or 'none'}"[:300])
    references = [regression(rows, names, data.label) for rows in _trainings(lab, data)]
    for rows, found in zip(asked.rows, asked.values, strict=True):
        for reference in references:
            right = reference(rows) if found and reference else None
            if right and all(map(near, found or (), right)):
                return
    mismatch(wanted, "it predicts something else for customers with the same features")


def _trainings(lab: Lab, data: Coffee) -> list[Sequence[Row]]:
    """The rows that were saved, and those that are right."""
    right: list[Row] = []
    for order in data.orders:
        full = dict(order)
        for name, (_, feature) in data.renamed.items():
            of_customers, key = looked_up(data, order, name)
            row: Row = dict((data.merged if of_customers else data.coffees).get(key) or {})  # type: ignore[call-overload]
            value = row.get(feature)
            full[name] = data.defaults[name] if value is None else value
        right.append(full)
    try:
        return [lab.table("training").rows(), right]
    except (Mismatch, Unreadable):
        return [right]


@check("model.registered")
def test_registered(lab: Lab, data: Coffee) -> None:
    wanted = "the registry has a version of the model named in model_name, which leads to your model"
    found = lab.registry.models.get(data.model_name)
    if found is None or not found.versions:
        others = [name for name in lab.registry.models if name != data.model_name]
        mismatch(wanted, "there is a registered model of another name" if others else "no model is registered")
    if not any(lab.source(version) for version in found.versions.values()):
        mismatch(wanted, "no version of it leads to a model in the lab")


@check("score.features")
def test_merged_again(lab: Lab, data: Coffee) -> None:
    past, since = arrived(lab, data, data.customers_3, "customers_3")
    now, before = past[-1], past[since - 1] if since else {}
    wanted = "each customer of customers_3 has its values and keeps its bags, and all other customers are still there"
    gone = len(before.keys() - now.keys())
    wrong = bags = 0
    for row in data.customers_3:
        rows, was = now.get(row[data.key], []), before.get(row[data.key], [{}])[0].get("bags")
        wrong += len(rows) != 1 or not alike(rows[0], row, row)
        bags += any(not same(one.get("bags"), was) for one in rows)
    told = (
        (gone, "customers are gone"),
        (wrong, "of the file have other values, or not one row"),
        (bags, "of the file have other bags than before"),
    )
    if any(number for number, _ in told):
        mismatch(wanted, "; ".join(f"{number} {what}" for number, what in told if number))


def scores(lab: Lab, data: Coffee) -> Mapping[Any, list[Any]]:
    """The predictions in scores by customer."""
    frame = lab.frame("scores")
    needed = (data.key, "prediction")
    lacking = [name for name in needed if name not in frame.columns]
    if lacking:
        mismatch(f"scores has the columns {' and '.join(needed)}", f"it lacks {' and '.join(lacking)}")
    found: dict[Any, list[Any]] = {}
    for row in frame.rows:
        found.setdefault(row[data.key], []).append(row["prediction"])
    return found


def judge_scores(lab: Lab, data: Coffee, wanted: str, *, changed: bool) -> None:
    """Judge the predictions for customers of customers_3, or for all others."""
    found = scores(lab, data)
    changing = {row[data.key] for row in data.customers_3}
    places = [n for n, row in enumerate(data.batch) if (row[data.key] in changing) == changed]
    asked = answers(lab, data, logged(lab, data))
    absent = twice = wrong = stale = 0
    for place in places:
        values = found.get(data.batch[place][data.key], [])
        absent += not values
        twice += len(values) > 1
        if len(values) == 1 and not asked.told(asked.right, place, values[0]):
            wrong += 1
            stale += asked.told(asked.stale, place, values[0])
    if absent or twice:
        mismatch(wanted, f"{absent} of {len(places)} such customers have no row" if absent else "some have several")
    if stale:
        mismatch(
            wanted, f"{stale} of {len(places)} forecasts are what your model says of the features before that merge"
        )
    if wrong:
        mismatch(wanted, f"{wrong} of {len(places)} forecasts are not what your model says of their features")


@check("score.current")
def test_current(lab: Lab, data: Coffee) -> None:
    wanted = "customers of customers_3 have the forecast that your model makes of their present features"
    judge_scores(lab, data, wanted, changed=True)


@check("score.all")
def test_all(lab: Lab, data: Coffee) -> None:
    wanted = "all other customers of the batch have a forecast too, with defaults where features are missing"
    judge_scores(lab, data, wanted, changed=False)
    strange = scores(lab, data).keys() - {row[data.key] for row in data.batch}
    if strange:
        mismatch("scores has the customers of the batch and no others", f"{len(strange)} rows are of someone else")
