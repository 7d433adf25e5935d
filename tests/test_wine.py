"""The data of exercise 5, for any seed: what the checks rely on, and that nothing of it can be typed in."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fixtures import wine
from grader.lab import _lay_store
from grader.runtime import templates

SEEDS = range(61)


@pytest.fixture(scope="module")
def plans() -> list[wine.Wine]:
    return [wine.plan(seed) for seed in SEEDS]


def test_labs_differ_by_seed_and_agree_with_themselves(plans: list[wine.Wine]) -> None:
    assert plans == [wine.plan(seed) for seed in SEEDS]
    assert len({plan.random_state for plan in plans}) > 55
    assert len({plan.note for plan in plans}) > 55
    assert len({json.dumps(plan.test) for plan in plans}) == len(plans)
    for of in (
        lambda plan: plan.model_name,
        lambda plan: plan.load_stage,
        lambda plan: plan.depths,
        lambda plan: max(plan.long.versions),
        lambda plan: plan.to_delete,
        lambda plan: plan.to_demote,
        lambda plan: plan.good_line,
        lambda plan: plan.served.aliases[plan.proven_alias],
        lambda plan: tuple(plan.tagged),
        lambda plan: plan.stage_version,
    ):
        assert len(set(map(of, plans))) > 1


def test_training_and_test_rows_are_told_apart(plans: list[wine.Wine]) -> None:
    for plan in plans:
        assert len(plan.train) > len(plan.test) > 50
        assert not {tuple(row.values()) for row in plan.train} & {tuple(row.values()) for row in plan.test}


def test_the_three_models_differ_and_their_order_is_clear(plans: list[wine.Wine]) -> None:
    order = set()
    for plan in plans:
        plan.rehearse()
        first, second, third = (
            sum(one == label for one, label in zip(reference, plan.test_labels, strict=True))
            for reference in plan.references
        )
        assert abs(first - second) >= 3, "a tie would leave the choice of the champion open"
        assert third > max(first, second), "version 3 takes over because it is better"
        assert all(a != b for a, b in itertools.combinations(plan.references, 2))
        order.add(first > second)
    assert order == {True, False}, "neither the newer nor the older version is always champion"


def test_each_version_predicts_something_of_its_own(plans: list[wine.Wine]) -> None:
    for plan in plans:
        assert len({model.name for model in (*plan.past,)} | {plan.model_name, plan.release_model}) == 11
        for model in plan.past:
            predicted = [version.predictions(plan.test) for version in model.versions.values()]
            assert all(a != b for a, b in itertools.combinations(predicted, 2))
        for row in plan.test:
            for model in plan.past:
                for version in model.versions.values():
                    score = sum(row[name] * weight for name, weight in version.weights.items())
                    assert abs(score - version.threshold) > 1e-6, "rounding must not move a row"


def test_only_the_bad_versions_say_the_same_of_every_wine(plans: list[wine.Wine]) -> None:
    for plan in plans:
        bad = {(plan.line.name, plan.bad_line), (plan.served.name, plan.served.aliases[plan.serving_alias])}
        constant = {
            (model.name, number)
            for model in plan.past
            for number, version in model.versions.items()
            if len(set(version.predictions(plan.test))) == 1
        }
        assert constant == bad


def test_each_way_to_load_leads_elsewhere(plans: list[wine.Wine]) -> None:
    for plan in plans:
        shelf = plan.shelf
        in_stage = [n for n, version in shelf.versions.items() if version.stage == plan.load_stage]
        by_alias = shelf.aliases[plan.load_alias]
        asked = [plan.load_version, by_alias, plan.release_version, *in_stage, max(shelf.versions)]
        assert len(in_stage) == 2 and len(set(asked)) == 6


def test_the_newest_version_is_neither_the_last_as_text_nor_the_count(plans: list[wine.Wine]) -> None:
    for plan in plans:
        numbers = plan.long.versions.keys()
        assert max(numbers) >= 11 and max(map(str, numbers)) == "9"
        assert len(numbers) < max(numbers) and plan.long.versions[max(numbers)].stage == "None"


def test_tags_tell_exactly_what_is_asked_for(plans: list[wine.Wine]) -> None:
    for plan in plans:
        key, value = plan.search_tag
        assert len(plan.tagged) == 3
        versions = plan.searched.versions.values()
        with_key = [version for version in versions if key in version.tags]
        with_value = [version for version in versions if value in version.tags.values()]
        assert len(with_key) > 3 and len(with_value) > 3
        elsewhere = {
            n for model in plan.noise for n, version in model.versions.items() if version.tags.get(key) == value
        }
        assert elsewhere and not elsewhere & set(plan.tagged)
        key, value = plan.delete_tag
        marked = [n for n, version in plan.old.versions.items() if version.tags.get(key) == value]
        assert marked == [plan.to_delete] and plan.to_delete not in (1, max(plan.old.versions))
        assert sum(key in version.tags for version in plan.old.versions.values()) == 3
        assert sum(value in version.tags.values() for version in plan.old.versions.values()) == 2


def test_easy_guesses_roll_back_to_the_wrong_version(plans: list[wine.Wine]) -> None:
    for plan in plans:
        archived = [n for n, version in plan.line.versions.items() if version.stage == "Archived"]
        live = [n for n, version in plan.line.versions.items() if "live_from" in version.tags]
        assert plan.good_line in archived and plan.good_line < max(archived)
        assert plan.good_line < max(n for n in live if n != plan.bad_line) and plan.good_line != plan.bad_line - 1
        bad, good = (plan.served.aliases[name] for name in (plan.serving_alias, plan.proven_alias))
        assert good < bad - 1 and len(set(plan.served.aliases.values())) == 3
        assert [version.stage for version in plan.demoted.versions.values()].count("Staging") == 1


READ_BACK = """
import json, logging, sys
import mlflow, pandas as pd
from mlflow import MlflowClient

logging.disable()
client, told = MlflowClient(), {}
rows = pd.read_parquet(sys.argv[1])
for model in client.search_registered_models():
    versions = client.search_model_versions(f"name = '{model.name}'")
    told[model.name] = {
        "aliases": model.aliases,
        "versions": {int(v.version): [v.current_stage, v.tags] for v in versions},
        "runs": [client.get_run(v.run_id).info.run_name for v in versions],
        "predicted": {
            int(v.version): mlflow.pyfunc.load_model(f"models:/{model.name}/{v.version}").predict(rows).tolist()
            for v in versions
        },
    }
print(json.dumps(told))
"""


@pytest.mark.server
def test_mlflow_reads_the_registry_as_planned(tmp_path: Path) -> None:
    plan = wine.plan(3)
    _lay_store(templates.provide(print) / templates.STORE, tmp_path / templates.STORE, str(tmp_path))
    wine.write(plan, tmp_path)
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/{templates.STORE}"}
    command = [sys.executable, "-c", READ_BACK, str(tmp_path / "data" / "test.parquet")]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert told.keys() == {model.name for model in plan.past}
    for model in plan.past:
        found = told[model.name]
        assert found["aliases"] == dict(model.aliases)
        assert found["versions"] == {str(n): [v.stage, dict(v.tags)] for n, v in model.versions.items()}
        assert sorted(found["runs"]) == sorted(f"{model.name}-{n}" for n in model.versions)
        assert found["predicted"] == {str(n): v.predictions(plan.test) for n, v in model.versions.items()}
