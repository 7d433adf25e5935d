"""Feature tables: made, merged, refreshed, tagged, and read as they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from shop import alike, by_key, history, is_state, same, shows

from fixtures.coffee import COFFEE_KEYS, Coffee, Row
from grader.evidence.features import FeatureTable
from grader.evidence.results import Value
from grader.suite.api import Lab, check, mismatch, rows_differ


def known(lab: Lab, name: str) -> FeatureTable:
    """What the feature store knows of a table."""
    found = lab.features.find(name)
    if found is None:
        mismatch(f"a feature table {name}", f"the feature store knows no table {name}")
    return found


def has_keys(lab: Lab, name: str, keys: set[str], times: tuple[str, ...] = ()) -> None:
    """Judge the primary keys, and the timestamp key if there is to be one."""
    entry = known(lab, name)
    wanted = f"{name} has the primary key{'s' if len(keys) > 1 else ''} {' and '.join(sorted(keys))}"
    if set(entry.primary_keys) != keys:
        mismatch(wanted, f"its primary keys are {', '.join(entry.primary_keys)}")
    if times and entry.timestamp_keys != times:
        found = ", ".join(entry.timestamp_keys)
        mismatch(f"{name} has the timestamp key {times[0]}", f"it is {found}" if found else "it has none")
    if not times and entry.timestamp_keys:
        mismatch(f"{name} is no time series", f"its timestamp key is {entry.timestamp_keys[0]}")


@check("create.table")
def test_created(lab: Lab, data: Coffee) -> None:
    table = lab.feature_table(data.customers_table)
    has_keys(lab, data.customers_table, {data.key})
    wanted = f"{data.customers_table} first held the rows of customers_1, with all their columns"
    right = {row[data.key]: row for row in data.customers_1}
    past = history(table, data.key)
    if any(is_state(found, right) for found in past):
        return
    filled = [found for found in past if found]
    if not filled:
        mismatch(wanted, "it never held a row")
    rows = [row for rows in filled[0].values() for row in rows]
    columns = list(data.customers_1[0])
    mismatch(wanted, rows_differ(rows, data.customers_1, columns) or "its rows have other values")


@check("create.description")
def test_described(lab: Lab, data: Coffee) -> None:
    # Unity Catalog has the table's own comment for a description.
    comment = lab.feature_table(data.customers_table).comment
    told = f"{known(lab, data.customers_table).description} {comment}"
    if data.purpose.lower() not in told.lower():
        found = "it has another description" if told.strip() else "it has no description"
        mismatch(f"the description of {data.customers_table} holds the text in the widget purpose", found)


@check("create.keys")
def test_two_keys(lab: Lab, data: Coffee) -> None:
    lab.feature_table(data.coffees_table)
    has_keys(lab, data.coffees_table, set(COFFEE_KEYS))


def arrived(lab: Lab, data: Coffee, changes: tuple[Row, ...], name: str) -> tuple[list[Any], int]:
    """All versions of the customers by key, and the first that shows anything of the changes."""
    past = history(lab.feature_table(data.customers_table), data.key)
    since = shows(past, changes, data.key)
    if since is None:
        mismatch(f"{name} was merged into {data.customers_table}", "no version of the table holds any of its values")
    return past, since


@check("write.merged")
def test_merged(lab: Lab, data: Coffee) -> None:
    past, since = arrived(lab, data, data.customers_2, "customers_2")
    wanted = "each customer of customers_2 has one row, with the values of that file"
    wrong = ""
    for found in past[since:]:
        twice = sum(len(found.get(row[data.key], ())) > 1 for row in data.customers_2)
        absent = sum(row[data.key] not in found for row in data.customers_2)
        other = sum(
            len(found.get(row[data.key], ())) == 1 and not alike(found[row[data.key]][0], row, row)
            for row in data.customers_2
        )
        if not (twice or absent or other):
            return
        told = [(twice, "have several rows"), (absent, "have none"), (other, "have other values")]
        wrong = wrong or ", ".join(f"{number} {what}" for number, what in told if number)
    mismatch(wanted, f"of {len(data.customers_2)} customers {wrong}")


@check("write.kept")
def test_kept(lab: Lab, data: Coffee) -> None:
    past, since = arrived(lab, data, data.customers_2, "customers_2")
    wanted = "customers whom customers_2 lacks are as they were, and the others keep their distance_km"
    first = {row[data.key]: row for row in data.customers_1}
    before = {key: rows[0] for key, rows in past[since - 1].items()} if since else first
    quiet, known_ = data.lost & before.keys(), data.known & before.keys()
    new = [row[data.key] for row in data.customers_2 if row[data.key] not in data.known]
    if not quiet or not known_:
        mismatch(wanted, "there was nobody in the table before")
    wrong = ""
    for found in past[since:]:
        told = [
            (sum(key not in found for key in quiet), "customers are gone"),
            (
                sum(not alike(row, before[key], first[key]) for key in quiet for row in found.get(key, ())),
                "customers changed of whom the file tells nothing",
            ),
            (
                sum(not _far(found.get(key, ()), before[key].get("distance_km")) for key in known_ if key in found),
                "customers of the file lost their distance_km",
            ),
            (
                sum(not _far(found.get(key, ()), None) for key in new),
                "new customers have a distance_km, and the file tells none",
            ),
        ]
        if not any(number for number, _ in told):
            return
        wrong = wrong or "; ".join(f"{number} {what}" for number, what in told if number)
    mismatch(wanted, wrong)


def _far(rows: Sequence[Row], distance: float | None) -> bool:
    """Whether a customer lives so far away; of several rows one that tells it will do."""
    return not rows or any(same(row.get("distance_km"), distance) for row in rows)


@check("write.lost")
def test_lost(lab: Lab, data: Coffee) -> None:
    told = lab.results.get("lost")
    found = lab.value("lost", "set") if isinstance(told, Value) and told.type == "set" else lab.sequence("lost")
    wanted = "lost lists the keys of the customers that are not in customers_2, once each"
    keys = {value for value in found if isinstance(value, int) and not isinstance(value, bool)}
    if len(keys) != len(found):
        strange = sum(isinstance(value, bool) or not isinstance(value, int) for value in found)
        mismatch(wanted, f"{strange} values are no keys" if strange else "some key is in it more than once")
    absent, others = len(data.lost - keys), len(keys - data.lost)
    if absent or others:
        mismatch(wanted, f"{absent} are missing from it, and {others} do not belong there")


@check("write.refreshed")
def test_refreshed(lab: Lab, data: Coffee) -> None:
    table = lab.feature_table(data.coffees_table)
    past = history(table, *COFFEE_KEYS)
    wanted = f"{data.coffees_table} holds the rows of coffees_2 and no others"
    old = {(row["country"], row["coffee"]): row for row in data.coffees_1}
    now = by_key(table.rows(), *COFFEE_KEYS)
    gone = len([key for key in old if key not in data.coffees and key in now])
    if gone:
        mismatch(wanted, f"{gone} coffees are still there that are no longer sold")
    wrong = rows_differ(table.rows(), data.coffees_2, list(data.coffees_2[0]))
    if wrong:
        mismatch(wanted, wrong)
    if not any(is_state(found, old) for found in past[:-1]):
        mismatch("the history of the table still tells the rows of coffees_1", "no earlier version of it holds them")


@check("describe.tag")
def test_tagged(lab: Lab, data: Coffee) -> None:
    key, value = data.tag
    lab.feature_table(data.customers_table)
    entry = known(lab, data.customers_table)
    wanted = f"{data.customers_table} carries the tag {key}, with the value in tag_value"
    if key not in entry.tags:
        mismatch(wanted, "it has no such tag" if entry.tags else "it has no tags")
    if entry.tags[key] != value:
        mismatch(wanted, "the tag has another value")


@check("describe.keys")
def test_found_keys(lab: Lab, data: Coffee) -> None:
    found = lab.sequence("found_keys")
    wanted = f"found_keys lists the primary keys of {data.growers_table}, in their order"
    if found != list(data.growers_keys):
        right = sorted(map(str, found)) == sorted(data.growers_keys)
        mismatch(wanted, "the order is another" if right else f"it lists {', '.join(map(str, found))[:200]}")


@check("describe.removed")
def test_tag_removed(lab: Lab, data: Coffee) -> None:
    entry = known(lab, data.growers_table)
    wanted = f"{data.growers_table} no longer carries the tag {data.old_tag}, and all its others"

    def wrong(found: str) -> NoReturn:
        mismatch(wanted, found)

    if data.old_tag in entry.tags:
        wrong("the tag is still there" + ("" if entry.tags[data.old_tag] else ", with an empty value"))
    stay = {key: value for key, value in data.growers_tags.items() if key != data.old_tag}
    for key, value in stay.items():
        if entry.tags.get(key) != value:
            wrong(f"the tag {key} is gone" if key not in entry.tags else f"the tag {key} has another value")


@check("describe.then")
def test_read_then(lab: Lab, data: Coffee) -> None:
    frame = lab.frame("growers_then")
    rows = [row for version in data.growers[: data.as_of_version + 1] for row in version]
    wanted = f"growers_then holds the rows of {data.growers_table} as of {data.as_of}"
    wrong = rows_differ(frame.rows, rows, list(rows[0]))
    if wrong and len(frame.rows) == sum(map(len, data.growers)):
        mismatch(wanted, "it holds the rows of today")
    if wrong:
        mismatch(wanted, f"growers_then: {wrong}")
