"""Feature tables: made, merged, refreshed, tagged, and read as they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from shop import (
    State,
    alike,
    created,
    customers,
    ended_by,
    judged_columns,
    known,
    made_by,
    passes,
    refreshed,
    same,
    second,
    third,
    two_keys,
)

from fixtures.coffee import Coffee, Row
from grader.evidence import Mismatch, Unreadable
from grader.evidence.results import Value
from grader.suite.api import Lab, Unmet, check, hangs_on, mismatch, rows_differ


@check("create.table")
def test_created(lab: Lab, data: Coffee) -> None:
    created(lab, data)


@check("create.description")
def test_described(lab: Lab, data: Coffee) -> None:
    # Unity Catalog has the table's own comment for a description.
    comment = made_by("create.table", lab, data.customers_table).comment
    told = f"{known(lab, data.customers_table).description} {comment}"
    if data.purpose.lower() not in told.lower():
        found = "it has another description" if told.strip() else "it has no description"
        mismatch(f"the description of {data.customers_table} holds the text in the widget purpose", found)


@check("create.keys")
def test_two_keys(lab: Lab, data: Coffee) -> None:
    two_keys(lab, data)


def not_merged(lab: Lab, data: Coffee, past: Sequence[State], name: str) -> NoReturn:
    """End a check of a merge that no version of the table shows."""
    wanted = f"{name} is merged into {data.customers_table}"
    everyone = {row[data.key] for row in data.customers_1}
    if not any(everyone & found.keys() for found in past):
        why = f"{data.customers_table} holds no customer of customers_1 by its key"
        ended_by(lab, data, {"create.table": created}, why, wanted)
    mismatch(wanted, "no version of the table holds any of its values")


@check("write.merged")
def test_merged(lab: Lab, data: Coffee) -> None:
    merged(lab, data)


def merged(lab: Lab, data: Coffee) -> None:
    past = customers(lab, data)
    since = second(past, data)
    if since is None:
        not_merged(lab, data, past, "customers_2")
    columns = judged_columns(lab, data, past, since, data.customers_2)
    wrong = ""
    for found in past[since:]:
        twice = sum(len(found.get(row[data.key], ())) > 1 for row in data.customers_2)
        absent = sum(row[data.key] not in found for row in data.customers_2)
        other = sum(
            len(found.get(row[data.key], ())) == 1 and not alike(found[row[data.key]][0], row, columns)
            for row in data.customers_2
        )
        if not (twice or absent or other):
            return
        told = [(twice, "have several rows"), (absent, "have none"), (other, "have other values")]
        wrong = wrong or ", ".join(f"{number} {what}" for number, what in told if number)
    wanted = "each customer of customers_2 has one row, with the values of that file"
    mismatch(wanted, f"of {len(data.customers_2)} customers {wrong}")


@check("write.kept")
def test_kept(lab: Lab, data: Coffee) -> None:
    kept(lab, data)


def kept(lab: Lab, data: Coffee) -> None:
    past = customers(lab, data)
    since, later = second(past, data), third(past, data)
    if since is None:
        hangs_on("write.merged", "customers_2 is not merged yet")
    wanted = "customers whom customers_2 lacks are as they were, and the others keep their distance_km"
    first = {row[data.key]: row for row in data.customers_1}
    before = {key: rows[0] for key, rows in past[since - 1].items()} if since else first
    if not data.lost & before.keys() or not data.known & before.keys():
        if not passes(created, lab, data):
            hangs_on("create.table", "the rows of customers_1 are not in the table when customers_2 arrives")
        before = first
    columns = [name for name in data.customers_1[0] if name != data.key and all(name in row for row in before.values())]
    if not columns:
        why = f"{data.customers_table} has no column of customers_1 to judge by"
        ended_by(lab, data, {"create.table": created}, why, wanted)
    new = [row[data.key] for row in data.customers_2 if row[data.key] not in data.known]
    quiet, others = data.lost & before.keys(), data.known & before.keys()
    changed = {row[data.key] for row in data.customers_3}
    wrong = ""
    for number, found in enumerate(past[since:], since):
        # What customers_3 changes is not judged once it has arrived.
        silent = quiet - changed if later is not None and number >= later else quiet
        told = [
            (sum(key not in found for key in silent), "customers are gone"),
            (
                sum(not alike(row, before[key], columns) for key in silent for row in found.get(key, ())),
                "rows changed of customers whom the file lacks",
            ),
            (
                sum(not _far(found.get(key, ()), before[key].get("distance_km")) for key in others if key in found),
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


def _far(rows: Sequence[Row], distance: Any) -> bool:
    """Whether a customer lives so far away; of several rows one that tells it will do."""
    return not rows or any(same(row.get("distance_km"), distance) for row in rows)


@check("write.lost")
def test_lost(lab: Lab, data: Coffee) -> None:
    told = lab.results.get("lost")
    found = lab.value("lost", "set") if isinstance(told, Value) and told.type == "set" else lab.sequence("lost")
    wanted = "lost lists the keys of the customers of customers_1 that are not in customers_2, once each"
    keys = {value for value in found if _is_key(value)}
    if len(keys) != len(found):
        strange = sum(not _is_key(value) for value in found)
        mismatch(wanted, f"{strange} values are no keys" if strange else "some key is in it more than once")
    absent, others = len(data.lost - keys), len(keys - data.lost)
    if (absent or others) and keys != _lost_of_own(lab, data):
        counts = [f"{absent} are missing from it"] * bool(absent) + [f"{others} do not belong there"] * bool(others)
        mismatch(wanted, ", and ".join(counts))


def _is_key(value: Any) -> bool:
    """Whether a value is a whole number; pandas has them as floats where others are missing."""
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _lost_of_own(lab: Lab, data: Coffee) -> set[Any]:
    """Whom the learner's own table would have lost, if it never held customers_1 as it is: create.table tells that."""
    try:
        past = customers(lab, data)
    except (Mismatch, Unreadable, Unmet):
        return set()
    if not past or passes(created, lab, data):
        return set()
    since = second(past, data)
    own = set(past[since - 1 if since else -1]) - {row[data.key] for row in data.customers_2}
    return own if len(own & data.lost) > len(data.lost) // 2 else set()


@check("write.refreshed")
def test_refreshed(lab: Lab, data: Coffee) -> None:
    refreshed(lab, data)


@check("describe.tag")
def test_tagged(lab: Lab, data: Coffee) -> None:
    key, value = data.tag
    made_by("create.table", lab, data.customers_table)
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
        listed = f"it lists {', '.join(map(str, found))[:200]}" if found else "it is empty"
        mismatch(wanted, "the order is another" if right else listed)


@check("describe.removed")
def test_tag_removed(lab: Lab, data: Coffee) -> None:
    entry = known(lab, data.growers_table)
    wanted = f"{data.growers_table} does not carry the tag {data.old_tag}, and still carries all its others"

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
    columns = list(rows[0])
    wrong = rows_differ(frame.rows, rows, columns)
    today = [row for version in data.growers for row in version]
    if wrong and rows_differ(frame.rows, today, columns) is None:
        mismatch(wanted, "it holds the rows of today")
    if wrong:
        mismatch(wanted, f"growers_then: {wrong}")


@check("score.features")
def test_merged_again(lab: Lab, data: Coffee) -> None:
    past = customers(lab, data)
    since = third(past, data)
    if since is None:
        not_merged(lab, data, past, "customers_3")
    columns = judged_columns(lab, data, past, since, data.customers_3)
    now = past[-1]
    before: State = past[since - 1] if since else {key: [row] for key, row in data.merged.items()}
    gone = len(before.keys() - now.keys())
    absent = twice = wrong = bags = 0
    for row in data.customers_3:
        rows, was = now.get(row[data.key], []), before.get(row[data.key], [{}])[0].get("bags")
        absent += not rows
        twice += len(rows) > 1
        wrong += len(rows) == 1 and not alike(rows[0], row, columns)
        bags += len(rows) == 1 and not same(rows[0].get("bags"), was)
    told = (
        (gone, "customers of before are gone"),
        (absent, "of the file have no row"),
        (twice, "of the file have several rows"),
        (wrong, "of the file have other values"),
        (bags, "of the file have other bags than before"),
    )
    if any(number for number, _ in told):
        wanted = "each customer of customers_3 has its values and keeps its bags, and all other customers are there"
        mismatch(wanted, "; ".join(f"{number} {what}" for number, what in told if number))
