"""The data of exercise 2, for any seed: what the checks rely on, and that nothing of it can be typed in."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pyarrow.parquet as pq
from deltalake import DeltaTable

from fixtures import coffee
from grader.evidence import features
from tests.apart import new_store
from tests.properties import given, settings, st

seeds = st.integers(min_value=0, max_value=10**6)
some = settings(max_examples=60)


def test_labs_differ_by_seed_and_agree_with_themselves() -> None:
    plans = [coffee.plan(seed) for seed in range(40)]
    assert plans == [coffee.plan(seed) for seed in range(40)]
    assert len({plan.purpose for plan in plans}) > 35
    assert len({json.dumps(plan.defaults) for plan in plans}) == len(plans)
    assert len({plan.growers_keys for plan in plans}) == 2
    assert len({(plan.key, plan.customers_table, plan.tag, plan.model_name) for plan in plans}) > 35


@some
@given(seeds)
def test_the_groups_that_tasks_touch_are_disjoint(seed: int) -> None:
    data = coffee.plan(seed)
    first, second, third = (
        {row[data.key] for row in rows} for rows in (data.customers_1, data.customers_2, data.customers_3)
    )
    assert len(first) == len(data.customers_1) and len(second) == len(data.customers_2)
    assert first & second == data.known and data.known < second and data.lost == first - second
    assert not second & third and first & third and third - first
    assert third <= {row[data.key] for row in data.batch}
    assert first - second - third, "some customers are never touched"


@some
@given(seeds)
def test_each_write_shows_in_the_rows(seed: int) -> None:
    data = coffee.plan(seed)
    before = {row[data.key]: row for row in data.customers_1}
    assert all(row["spend"] != before[row[data.key]]["spend"] for row in data.customers_2 if row[data.key] in before)
    far = [before[key]["distance_km"] for key in data.known]
    assert None in far or any(value is not None for value in far)
    assert sum(value is not None for value in far) > 10, "a merge of nulls must show"
    assert all("distance_km" not in row for row in data.customers_2)
    assert all("bags" not in row and row["distance_km"] is not None for row in data.customers_3)
    assert data.merged[next(iter(data.known))]["distance_km"] == before[next(iter(data.known))]["distance_km"]
    old, new = ({(row["country"], row["coffee"]) for row in rows} for rows in (data.coffees_1, data.coffees_2))
    assert old - new and new - old and old & new
    assert len({row["coffee"] for row in data.coffees_1}) < len(data.coffees_1), "one key is not enough"


@some
@given(seeds)
def test_each_feature_is_missing_somewhere_and_no_default_is_a_value(seed: int) -> None:
    data = coffee.plan(seed)
    customers, coffees = data.merged, data.coffees
    for name, (table, feature) in data.renamed.items():
        found = [
            (customers.get(row[data.key]) or {}).get(feature)
            if table == data.customers_table
            else (coffees.get((row["country"], row["favourite"])) or {}).get(feature)
            for row in data.orders
        ]
        assert 8 < found.count(None) < len(found) // 2
        assert data.defaults[name] not in found and data.defaults[name] != 0
    people = {row["rating"] for row in (*data.customers_1, *data.customers_2, *data.customers_3)}
    jury = {row["rating"] for row in (*data.coffees_1, *data.coffees_2)}
    assert max(people) < min(jury), "swapped ratings must show"


@some
@given(seeds)
def test_a_label_tells_its_order_and_a_gift_is_another_coffee(seed: int) -> None:
    data = coffee.plan(seed)
    labels = [row[data.label] for row in data.orders]
    assert len(set(labels)) == len(labels) and all(round(value, 3) == value for value in labels)
    assert len({row[data.key] for row in data.orders}) < len(data.orders), "some customers order twice"
    for row in (*data.orders, *data.batch):
        assert row["gift"] != row["favourite"]
        assert (row["country"], row["gift"]) in data.coffees
    assert len({row[data.key] for row in data.batch}) == len(data.batch)


@some
@given(seeds)
def test_scores_tell_old_features_from_new_ones(seed: int) -> None:
    data = coffee.plan(seed)
    changing = {row[data.key] for row in data.customers_3}
    certain = [row for row in data.batch if row[data.key] in changing]
    assert all((row["country"], row["favourite"]) in data.coffees for row in certain)
    assert all(data.current[key] != data.merged.get(key) for key in changing)
    rest = [row for row in data.batch if row[data.key] not in changing]
    assert any(row[data.key] not in data.current for row in rest)
    assert all(data.current.get(row[data.key]) == data.merged.get(row[data.key]) for row in rest)


@some
@given(seeds)
def test_each_leak_shows_in_the_calls(seed: int) -> None:
    data = coffee.plan(seed)
    places = [(row[data.key], row["called_at"]) for row in data.calls]
    assert len(set(places)) == len(places)
    found = [(call, data.at(call), data.at(call, data.window)) for call in data.calls]
    assert sum(row is None for _, row, _ in found) > 10
    assert sum(row is not None and row[data.time_key] == call["called_at"] for call, row, _ in found) > 8
    assert sum(row is not None and recent is None for _, row, recent in found) > 8
    edge = [call for call, row, _ in found if row and call["called_at"] - row[data.time_key] == data.window]
    assert len(edge) > 5 and all(data.at(call, data.window) for call in edge)
    leaks = [call for call, row, _ in found if row != data.newest.get(call[data.key])]
    assert len(leaks) > len(found) // 2
    for key in data.newest:
        rows = data.activity_of(key)
        for name in coffee.CHANGING:
            assert len({row[name] for row in rows}) == len(rows), "each row of a customer can be told from the others"
        assert len({row[data.time_key] for row in rows}) == len(rows)


@some
@given(seeds)
def test_the_moment_lies_within_the_growers_history(seed: int) -> None:
    data = coffee.plan(seed)
    moment = dt.datetime.fromisoformat(data.as_of).replace(tzinfo=dt.UTC)
    written = [version for version, time in enumerate(data.growers_times) if time <= moment]
    assert max(written) == data.as_of_version and 0 < data.as_of_version < len(data.growers) - 1
    assert data.old_tag in data.growers_tags and len(data.growers_tags) == 3
    rows = [tuple(row[key] for key in data.growers_keys) for rows in data.growers for row in rows]
    assert len(set(rows)) == len(rows)


def test_the_files_and_the_catalogue_are_as_planned(tmp_path: Path) -> None:
    data = coffee.plan(4)
    new_store(tmp_path, "/lab")
    assert coffee.write(data, tmp_path) == {}
    for name, wanted in (("customers_2", data.customers_2), ("calls", data.calls), ("activity", data.activity)):
        table = pq.read_table(tmp_path / "landing" / f"{name}.parquet")
        assert table.to_pylist() == list(wanted)
    assert str(table.schema.field(data.time_key).type) == "timestamp[us, tz=UTC]"
    found = features.open_catalogue(tmp_path, "/lab").find(data.growers_table)
    assert found is not None and found.path is not None
    assert found.primary_keys == data.growers_keys and found.tags == data.growers_tags
    assert DeltaTable(found.path, version=data.as_of_version).to_pyarrow_table().num_rows == 4 * (
        data.as_of_version + 1
    )
    times = [commit["timestamp"] for commit in reversed(DeltaTable(found.path).history())]
    assert times == [int(time.timestamp() * 1000) for time in data.growers_times]
    assert data.growers[0][0].keys() == {"farm", "lot", "altitude_m", "yield_t"}
