"""The training set: which of its rows is which order, and which of its columns holds which feature."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shop import State, coffees, customers_then, first, real, same

from fixtures.coffee import Coffee, Row
from grader.evidence import Mismatch
from grader.suite.api import Lab, hangs_on
from grader.suite.runs import number

PLACE = "tables/training"
IDS = ("country", "coffee", "favourite", "gift")
MOST_ROWS = 5_000
FEWEST_ALIKE = 3
"""Features by which a row is known without its label."""


@dataclass(frozen=True)
class Training:
    """``pairs`` of orders and their rows; ``holds`` the column of each feature, where one does."""

    columns: Sequence[str]
    rows: Sequence[Row]
    pairs: Sequence[tuple[Row, Row]]
    holds: Mapping[str, str]
    people: Sequence[State]
    sold: Sequence[State]


def training(lab: Lab, data: Coffee) -> Training:
    """The training set, for checks that come after training.orders, which judges whether it is there."""
    try:
        table = lab.table("training")
    except Mismatch as missing:
        hangs_on("training.orders", missing.found)
    rows, names = table.rows(), list(table.columns())
    holds = {output: name for output in data.renamed if (name := _holder(rows, names, data, output))}
    people, sold = customers_then(lab, data), coffees(lab, data)
    found = Training(names, rows, (), holds, people, sold)
    pairs = list(_by_label(rows, names, data))
    if len({id(order) for order, _ in pairs}) < min(len(rows), len(data.orders)) // 2:
        pairs = list(_by_features(found, data))
    return Training(names, rows, pairs, holds, people, sold)


def label(value: Any) -> float | None:
    """A label as it can be compared: those of the orders have three digits."""
    found = number(value) if isinstance(value, str) else real(value)
    return None if found is None or found != found or abs(found) > 1e9 else round(found, 3)


def _by_label(rows: Sequence[Row], names: Sequence[str], data: Coffee) -> Iterator[tuple[Row, Row]]:
    """Orders and rows by the label, or by the column that holds the labels under another name."""
    orders = {order[data.label]: order for order in data.orders}
    columns = [data.label] if data.label in names else names
    for name in columns:
        found = [(orders[value], row) for row in rows if (value := label(row[name])) in orders]
        if name == data.label or len(found) > len(orders) // 2:
            yield from found
            return


def _by_features(found: Training, data: Coffee) -> Iterator[tuple[Row, Row]]:
    """Orders and rows that agree in most features, the best first, each once."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, row in enumerate(found.rows[:MOST_ROWS]):
        for output, name in found.holds.items():
            if (value := real(row[name])) is not None:
                places.setdefault((output, f"{value:.6e}"), []).append(place)
    agree: Counter[tuple[int, int]] = Counter()
    for number_, order in enumerate(data.orders):
        for output in found.holds:
            # A default tells of no order.
            numbers = map(real, genuine(found, data, order, output))
            for text in {f"{value:.6e}" for value in numbers if value is not None}:
                agree.update((number_, place) for place in places.get((output, text), ()))
    taken: set[int] = set()
    given: set[int] = set()
    for (number_, place), count in agree.most_common():
        if count >= FEWEST_ALIKE and number_ not in taken and place not in given:
            taken.add(number_)
            given.add(place)
            yield data.orders[number_], found.rows[place]


def _holder(rows: Sequence[Row], names: Sequence[str], data: Coffee, output: str) -> str | None:
    """The column that holds a feature: the one of its name, or for a rating the one that holds such ratings."""
    ratings = (data.own_rating, data.cup_score)
    if output not in ratings:
        return output if output in names else None
    others = [name for name in names if name not in data.renamed and name not in (data.key, data.label, *IDS, *UNASKED)]
    for name in (output, *ratings, *others):
        if name in names and _holds_ratings(rows, name, of_customers=output == data.own_rating):
            return name
    return None


UNASKED = ("bags", "strength")


def _holds_ratings(rows: Sequence[Row], name: str, *, of_customers: bool) -> bool:
    """Whether a column holds ratings by customers, who give 1 to 5 stars, or by the jury, whose scores are far higher.

    Most of its values are such, and they differ: one figure for all is no rating.
    """
    lowest, highest = (0.9, 5.1) if of_customers else (49.0, 99.0)
    values = [real(row[name]) for row in rows]
    such = [value for value in values if value is not None and lowest <= value <= highest]
    return len(such) > len(values) // 2 and len(set(such)) > 2


def looked_up(data: Coffee, order: Row, output: str) -> tuple[bool, Any]:
    """Whether a feature of an order is from the customers' table, and by which key it is found."""
    of_customers = data.renamed[output][0] == data.customers_table
    return of_customers, order[data.key] if of_customers else (order["country"], order["favourite"])


def planned(data: Coffee, order: Row, output: str) -> Any:
    """What the tables, as they should be, tell of a feature of an order; None if it is missing."""
    of_customers, key = looked_up(data, order, output)
    row: Row = dict((data.merged if of_customers else data.coffees).get(key) or {})  # type: ignore[call-overload]
    return row.get(data.renamed[output][1])


def genuine(found: Training, data: Coffee, order: Row, output: str) -> list[Any]:
    """What the tables tell of a feature of an order: as they should be, and as the learner has them."""
    of_customers, key = looked_up(data, order, output)
    name = data.renamed[output][1]
    return [row.get(name) for state in (found.people if of_customers else found.sold) for row in state.get(key, ({},))]


@dataclass
class Count:
    """Values of a feature that were looked at."""

    right: int = 0
    wrong: int = 0
    null: int = 0


def counted(found: Training, data: Coffee, outputs: Iterable[str], *, missing: bool) -> dict[str, Count]:
    """How the features of orders are, where the tables do not tell them (``missing``) or where they do."""
    counts: dict[str, Count] = {}
    for output in outputs:
        if output not in found.holds:
            continue
        column, count = found.holds[output], counts.setdefault(output, Count())
        defaults = {data.defaults[output], data.defaults.get(column, data.defaults[output])}
        for order, row in found.pairs:
            if (planned(data, order, output) is None) != missing:
                continue
            values = genuine(found, data, order, output)
            if any(value is not None and same(row[column], value) for value in values):
                count.right += 1
            elif None in values:
                # A table that does not tell it, as it should be or as the learner has it.
                default = any(same(row[column], value) for value in defaults)
                count.right += missing and default
                count.wrong += missing and not default
                count.null += missing and row[column] is None
            else:
                count.wrong += 1
                count.null += row[column] is None
    return counts


def complete(data: Coffee, order: Row, people: State | None = None, sold: State | None = None) -> Row:
    """An order with its features as they should be, or as these tables tell them."""
    full = dict(order)
    for output, (_, name) in data.renamed.items():
        of_customers, key = looked_up(data, order, output)
        state = people if of_customers else sold
        value = planned(data, order, output) if state is None else first(state, key).get(name)
        full[output] = data.defaults[output] if value is None else value
    return full
