"""The data of exercise 1, for any seed: what the checks rely on, and that nothing of it can be typed in."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

from deltalake import DeltaTable

from fixtures import bikeshare
from tests.properties import given, settings, st

seeds = st.integers(min_value=0, max_value=10**6)


@settings(max_examples=60)
@given(seeds)
def test_the_groups_that_tasks_touch_are_disjoint(seed: int) -> None:
    data = bikeshare.plan(seed)
    groups = [data.gold_keys, data.deleted_keys, data.updated_keys, frozenset(data.bystanders)]
    assert all(groups)
    assert all(not a & b for a, b in itertools.combinations(groups, 2))
    known = {row[data.key] for row in data.riders_1}
    assert frozenset().union(*groups) == known
    arriving = [{row[data.key] for row in rows} for rows in (data.riders_2, data.riders_bad)] + [data.inserted_keys]
    assert all(not a & b for a, b in itertools.combinations([known, *arriving], 2))


@settings(max_examples=60)
@given(seeds)
def test_each_mistake_shows_in_the_rows(seed: int) -> None:
    data = bikeshare.plan(seed)
    by_key = {row[data.key]: row for row in data.riders_1}
    assert any(row["rides"] == data.gold_from for row in data.riders_1), ">= and > must differ"
    assert any(row["consent"] is None for row in data.bystanders.values()), "false and null must differ"
    changed = [r for r in data.riders_updates if r[data.key] in by_key]
    assert all(row["plan"] != by_key[row[data.key]]["plan"] for row in changed)
    assert all(row["rides"] < data.gold_from for row in (*data.riders_2, *data.riders_updates))
    assert any(row["distance_m"] % row["minutes"] for row in data.rides_1), "rounding must show"


@settings(max_examples=60)
@given(seeds)
def test_the_bad_write_and_the_moment_lie_within_the_history(seed: int) -> None:
    data = bikeshare.plan(seed)
    negative = [version for version, rows in enumerate(data.stock_days) if any(row["bikes"] < 0 for row in rows)]
    assert negative == [data.bad_version]
    assert 3 < data.bad_version < len(data.stock_days) - 3
    moment = int(dt.datetime.fromisoformat(data.as_of + "+00:00").timestamp() * 1000)
    assert max(v for v, written in enumerate(data.stock_times) if written <= moment) == data.as_of_version
    assert data.as_of_version < len(data.stock_days) - 1
    assert list(data.stock_times) == sorted(set(data.stock_times))


def test_labs_differ_by_seed_and_agree_with_themselves() -> None:
    plans = [bikeshare.plan(seed) for seed in range(30)]
    assert plans == [bikeshare.plan(seed) for seed in range(30)]
    assert len({plan.bad_version for plan in plans}) > 2
    assert len({plan.key for plan in plans}) > 2
    assert len({plan.rides_1 for plan in map(_frozen, plans)}) == 30


def _frozen(plan: bikeshare.Bikeshare) -> bikeshare.Bikeshare:
    """With hashable rows, to count the different ones."""
    from dataclasses import replace

    return replace(plan, rides_1=tuple(tuple(row.items()) for row in plan.rides_1))  # type: ignore[misc]


def test_the_tables_hold_what_was_planned(tmp_path: Path) -> None:
    data = bikeshare.plan(3)
    facts = bikeshare.write(data, tmp_path)
    tables = tmp_path / "tables"
    stock = DeltaTable(str(tables / "stock"))
    assert stock.version() == len(data.stock_days) - 1 == len(facts["stock"]) - 1
    times = [entry["timestamp"] for entry in reversed(stock.history())]
    assert times == list(data.stock_times)
    stock.load_as_version(data.as_of_version)
    assert stock.to_pyarrow_table().num_rows == len(data.stock_at(data.as_of_version))
    events = DeltaTable(str(tables / "events"))
    assert len(events.file_uris()) == len(data.events)
    assert sorted(events.to_pyarrow_table().column("event_id").to_pylist()) == [r["event_id"] for r in data.event_rows]
    expired, protected = facts["events"]["expired"], facts["events"]["protected"]
    assert len(expired) == len(protected) == 2
    assert all((tables / "events" / name).is_file() for name in (*expired, *protected))
