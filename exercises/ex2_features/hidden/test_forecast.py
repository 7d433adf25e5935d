"""From training to forecasts: the training set, the model, and what it says of a batch of keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from asked import (
    Asked,
    after_packaged,
    answers,
    columns,
    foreign,
    logged,
    near,
    regression,
    saved_columns,
)
from shop import Judge, created, customers_now, ended_by, passes, refreshed, two_keys
from test_tables import kept, merged
from training import IDS, PLACE, UNASKED, Count, Training, complete, counted, label, training

from fixtures.coffee import Coffee, Row
from grader.evidence import Mismatch, Unreadable, features
from grader.evidence.results import Frame
from grader.suite.api import Lab, Unmet, check, hangs_on, mismatch


@check("training.orders")
def test_every_order(lab: Lab, data: Coffee) -> None:
    every_order(lab, data)


def every_order(lab: Lab, data: Coffee) -> None:
    table = lab.table("training")
    there = table.columns()
    wanted = f"each of the {len(data.orders)} orders is in {PLACE} once, with its label"
    if data.label not in there:
        mismatch(f"{PLACE} has the column {data.label}", f"its columns are {', '.join(there)}"[:300])
    if there[data.label] == "string":
        mismatch(wanted, f"{data.label} holds text")
    values = [label(row[data.label]) for row in table.rows()]
    found = Counter(value for value in values if value is not None)
    labels = {order[data.label]: order for order in data.orders}
    if not found:
        mismatch(wanted, "no row has a label" if values else "it has no rows")
    # Of a table with several rows for a key a lookup finds several: the table's own check tells that.
    known = training(lab, data)
    absent, others = len(labels.keys() - found.keys()), sum(found[value] for value in found.keys() - labels.keys())
    twice = sum(found[value] > _copies(known, data, order) for value, order in labels.items())
    nothing = len(values) - found.total()
    told = (
        (absent, "orders are missing"),
        (twice, "orders are there several times"),
        (others, "rows have the label of no order"),
        (nothing, "rows have no label"),
    )
    if any(n for n, _ in told):
        mismatch(wanted, "; ".join(f"{n} {what}" for n, what in told if n))


def _copies(found: Training, data: Coffee, order: Row) -> int:
    """How often an order may be there: once for each row that the learner's tables have of its keys."""
    people = max(len(state.get(order[data.key], ())) for state in found.people)
    sold = max(len(state.get((order["country"], order["favourite"]), ())) for state in found.sold)
    return max(people, 1) * max(sold, 1)


def judge_features(lab: Lab, data: Coffee, names: Sequence[str], ratings: Sequence[str], wanted: str) -> None:
    """Judge features where the tables tell them: those that must be there by name, and ratings if a column has them."""
    found = training(lab, data)
    lacking = [name for name in names if name not in found.columns]
    if lacking:
        mismatch(wanted, f"{PLACE} has no column {' and '.join(lacking)}")
    counts = counted(found, data, (*names, *ratings), missing=False)
    wrong = [_told(found.holds[name], count) for name, count in counts.items() if count.wrong]
    if wrong:
        mismatch(wanted, "; ".join(wrong))
    if not any(count.right for count in counts.values()):
        causes = {"training.orders": every_order, **_tables(data, names)}
        ended_by(lab, data, causes, f"{PLACE} holds no order whose features can be judged", wanted)


def _tables(data: Coffee, names: Sequence[str]) -> Mapping[str, Judge]:
    """The checks of the table that features are looked up in."""
    if data.renamed[names[0]][0] == data.customers_table:
        return {"create.table": created, "write.merged": merged, "write.kept": kept}
    return {"create.keys": two_keys, "write.refreshed": refreshed}


def _told(column: str, count: Count) -> str:
    null = f", {count.null} of them null" if count.null else ""
    return f"{column} differs in {count.wrong} of {count.right + count.wrong} orders{null}"


@check("training.customers")
def test_customers(lab: Lab, data: Coffee) -> None:
    of_customers(lab, data)


def of_customers(lab: Lab, data: Coffee) -> None:
    wanted = "the customer's features of an order are those in the table"
    judge_features(lab, data, ["spend", "distance_km"], [data.own_rating], wanted)


@check("training.coffees")
def test_coffees(lab: Lab, data: Coffee) -> None:
    of_coffees(lab, data)


def of_coffees(lab: Lab, data: Coffee) -> None:
    wanted = "price and rating are those of the order's favourite coffee in the order's country"
    judge_features(lab, data, ["price"], [data.cup_score], wanted)


@check("training.renamed")
def test_renamed(lab: Lab, data: Coffee) -> None:
    found = training(lab, data)
    wanted = f"the customer's rating is named {data.own_rating}, and the coffee's {data.cup_score}"
    lacking = [name for name in (data.own_rating, data.cup_score) if name not in found.columns]
    if lacking:
        mismatch(wanted, f"{PLACE} has no column {' and '.join(lacking)}")
    # Whether it is the right customer's or coffee's is another question.
    for name, whose in ((data.own_rating, "customers"), (data.cup_score, "the jury")):
        if found.holds.get(name) != name:
            mismatch(wanted, f"{name} does not hold ratings by {whose}")


@check("training.defaults")
def test_defaults(lab: Lab, data: Coffee) -> None:
    found = training(lab, data)
    wanted = "a feature that is missing or null has its value in default_values"
    known = counted(found, data, data.renamed, missing=False)
    counts = counted(found, data, data.renamed, missing=True)
    for name, count in counts.items():
        if known[name].wrong > known[name].right:  # Another check tells that. Only nulls show that there is no default.
            count.wrong = count.null
    wrong = [_told(found.holds[name], count) for name, count in counts.items() if count.wrong]
    if wrong:
        mismatch(wanted, "; ".join(wrong))
    if not any(count.right for count in counts.values()):
        causes = {"training.orders": every_order, "training.customers": of_customers, "training.coffees": of_coffees}
        ended_by(lab, data, causes, f"{PLACE} holds no order with a missing feature to judge", wanted)


@check("training.columns")
def test_columns(lab: Lab, data: Coffee) -> None:
    found = training(lab, data)
    there = {name.lower(): name for name in found.columns}
    wanted = f"{PLACE} has the label and the five features alone"
    ids = [name for name in (data.key, *IDS) if name in there]
    if ids:
        mismatch(wanted, f"it has {', '.join(ids)}, which only says who or what it is")
    asked = {data.label, *data.renamed}
    # A column of another name in the place of one that was asked for is told by the check of that one.
    lacking = [name for name in asked if name not in there]
    others = [there[name] for name in there if name not in asked]
    unasked = [name for name in others if name.lower() in UNASKED]
    if unasked or len(others) > len(lacking):
        mismatch(wanted, f"it has {', '.join(unasked or others)}"[:300] + ", which the brief does not ask for")
    if not any(name in there for name in data.renamed):
        mismatch(wanted, f"its columns are {', '.join(there)}"[:300])


@check("model.packaged")
def test_packaged(lab: Lab, data: Coffee) -> None:
    model = logged(lab, data)
    package = features.package(model)
    wanted = "a model that is logged with its training set, and looks up all its features by keys"
    if package is None:
        mismatch(wanted, f"the model {model.name!r} does not say where its features come from")
    keys = {data.key, *IDS}
    brought = [name for name in package.columns if name in package.inputs and name not in keys]
    if brought:
        mismatch(wanted, f"the batch must bring {', '.join(brought)}: no lookup finds them"[:300])
    if not package.lookups:
        mismatch(wanted, "it looks nothing up")
    for lookup in package.lookups:
        if lab.features.find(lookup.table) is None:
            mismatch(wanted, f"it looks features up in {lookup.table}, which is no feature table"[:300])
    if not package.raw.flavors:
        mismatch(wanted, "it holds no model")


@check("model.trained")
def test_trained(lab: Lab, data: Coffee) -> None:
    model, package = after_packaged(lab, data)
    names = columns(lab, data, model, package)
    wanted = "the model predicts what a linear regression on the training set does"
    asked = answers(lab, data, model, package)
    saved = [name for name in saved_columns(lab, data) if name not in (data.key, *IDS)]
    if len(names) < min(len(data.renamed), len(saved) or len(data.renamed)):
        mismatch("the model is given all five features", f"it is given {', '.join(names) or 'none'}"[:300])
    references = [regression(rows, names, data.label) for rows in _trainings(lab, data)]
    for rows, found in zip(asked.rows, asked.values, strict=True):
        for reference in references:
            right = reference(rows) if found and reference else None
            if right and all(map(near, found or (), right)):
                return
    mismatch(wanted, "it predicts something else for customers with the same features")


def _trainings(lab: Lab, data: Coffee) -> list[Sequence[Row]]:
    """The rows that were saved, also with the labels that they should have, and those that the tables give."""
    right = [complete(data, order) for order in data.orders]
    try:
        saved = training(lab, data)
    except (Mismatch, Unreadable, Unmet):
        return [right]
    labelled = [{**row, data.label: order[data.label]} for order, row in saved.pairs]
    own = [complete(data, order, saved.people[-1], saved.sold[-1]) for order in data.orders]
    return [saved.rows, labelled, right, own]


@check("model.registered")
def test_registered(lab: Lab, data: Coffee) -> None:
    wanted = "the registry has a version of the model named in model_name, which leads to your model"
    found = lab.registry.models.get(data.model_name)
    if found is None or not found.versions:
        others = [name for name in lab.registry.models if name != data.model_name]
        mismatch(wanted, "there is a registered model of another name" if others else "no model is registered")
    if not any(lab.source(version) for version in found.versions.values()):
        mismatch(wanted, "no version of it leads to a model in the lab")


def scores(lab: Lab, data: Coffee) -> tuple[Frame, str | None]:
    """The DataFrame scores, and its column with the forecasts: prediction, or the only one that can be meant."""
    frame = lab.frame("scores")
    if "prediction" in frame.columns:
        return frame, "prediction"
    known = {data.key, *IDS, *data.renamed, *UNASKED}
    others = [name for name in frame.columns if name not in known]
    return frame, others[0] if len(others) == 1 else None


def forecasts(frame: Frame, data: Coffee, column: str) -> Mapping[Any, list[Any]]:
    """The forecasts by customer."""
    found: dict[Any, list[Any]] = {}
    for row in frame.rows:
        found.setdefault(row[data.key], []).append(row[column])
    return found


def asked_about(lab: Lab, data: Coffee) -> Asked:
    """What the model says, for checks that come after those of the model."""
    model, package = after_packaged(lab, data)
    try:
        return answers(lab, data, model, package)
    except Mismatch as none:
        hangs_on("model.trained", f"there is nothing to compare the forecasts with: {none.found}")


def places(data: Coffee, *, changed: bool) -> list[int]:
    """Where in the batch the customers of customers_3 are, or all others."""
    changing = {row[data.key] for row in data.customers_3}
    return [n for n, row in enumerate(data.batch) if (row[data.key] in changing) == changed]


@check("score.current")
def test_current(lab: Lab, data: Coffee) -> None:
    current(lab, data)


def current(lab: Lab, data: Coffee) -> None:
    wanted = "customers of customers_3 have the forecast that your model makes of their present features"
    frame, column = scores(lab, data)
    if column is None or data.key not in frame.columns:
        hangs_on("score.all", f"scores lacks {data.key if column else 'prediction'}")
    found = forecasts(frame, data, column)
    there = [
        (place, found[key]) for place in places(data, changed=True) if (key := data.batch[place][data.key]) in found
    ]
    if not there:
        hangs_on("score.all", "scores has no customer of customers_3")
    asked = asked_about(lab, data)
    stale = copied = wrong = 0
    for place, values in there:
        if not all(asked.told(asked.right, place, value) for value in values):
            stale += any(asked.told(asked.stale, place, value) for value in values)
            copied += all(asked.told(asked.right | asked.copied, place, value) for value in values)
            wrong += 1
    if copied == wrong > 0:
        if not passes(of_customers, lab, data) or not passes(of_coffees, lab, data):
            return  # The training set's check tells that features come from another table.
        _, package = after_packaged(lab, data)
        tables = ", ".join(lookup.table for lookup in foreign(data, package))
        mismatch(wanted, f"{wrong} of {len(there)} forecasts are of the features in {tables}"[:300])
    if stale:
        mismatch(wanted, f"{stale} of {len(there)} forecasts are of the features from before the last merge")
    if wrong:
        mismatch(wanted, f"{wrong} of {len(there)} forecasts are not what your model says of the present features")


@check("score.all")
def test_all(lab: Lab, data: Coffee) -> None:
    try:
        frame, _ = scores(lab, data)
    except Mismatch as missing:
        hangs_on("score.current", missing.found)
    needed = (data.key, "prediction")
    lacking = [name for name in needed if name not in frame.columns]
    if lacking:
        mismatch(f"scores has the columns {' and '.join(needed)}", f"it lacks {' and '.join(lacking)}")
    wanted = "each customer of the batch has one forecast, made with defaults where features are missing"
    found = forecasts(frame, data, "prediction")
    several = {key: len(rows) for state in customers_now(lab, data) for key, rows in state.items() if len(rows) > 1}
    customers = [row[data.key] for row in data.batch]
    absent = sum(key not in found for key in customers)
    # A customer with several rows in the table gets several forecasts: the table's own check tells that.
    twice = sum(len(found.get(key, ())) > several.get(key, 1) for key in customers)
    if absent:
        mismatch(wanted, f"{absent} of {len(customers)} customers have no row")
    if twice:
        mismatch(wanted, f"{twice} of {len(customers)} customers have several rows")
    strange = found.keys() - set(customers)
    if strange:
        mismatch("scores has the customers of the batch and no others", f"{len(strange)} rows are of someone else")
    asked = asked_about(lab, data)
    others = [(place, found[customers[place]]) for place in places(data, changed=False)]
    sets = asked.right | asked.copied
    wrong = [values for place, values in others if not all(asked.told(sets, place, value) for value in values)]
    if len(wrong) == len(others) and not passes(current, lab, data):
        hangs_on("score.current", "no forecast is what your model says")
    if wrong:
        null = sum(any(value is None for value in values) for values in wrong)
        what = f", {null} of them null" if null else ""
        mismatch(wanted, f"{len(wrong)} of {len(others)} forecasts are not what your model says of the features{what}")
