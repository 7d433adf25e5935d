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
        predicted = [reference.labels[: len(plan.test)] for reference in plan.references]
        first, second, third = (
            sum(one == label for one, label in zip(labels, plan.test_labels, strict=True)) for labels in predicted
        )
        assert abs(first - second) >= 3, "a tie would leave the choice of the champion open"
        assert third > max(first, second), "version 3 takes over because it is better"
        assert all(a != b for a, b in itertools.combinations(predicted, 2))
        order.add(first > second)
    assert order == {True, False}, "neither the newer nor the older version is always champion"


def test_rows_beside_the_test_rows_are_drawn_within_the_ranges(plans: list[wine.Wine]) -> None:
    for plan in plans[:5]:
        drawn = plan.asked[len(plan.test) :]
        assert plan.asked[: len(plan.test)] == plan.test and len(drawn) == wine.DRAWN
        for name in wine.FEATURES:
            values = [row[name] for row in plan.train]
            assert all(min(values) <= row[name] <= max(values) for row in drawn)
    assert len({plan.asked[-1]["alcohol"] for plan in plans[:5]}) == 5


TOLD_APART = range(20)


def test_forests_with_another_number_or_random_state_are_told_apart_by_labels_alone(plans: list[wine.Wine]) -> None:
    for seed in TOLD_APART:
        plan = plans[seed]
        right = plan.references[2]
        others = [
            *(plan.forest(plan.trees + step) for step in (-1, 1)),
            *(plan.forest(plan.trees, random_state=state) for state in (plan.random_state + 1, 42)),
        ]
        for other in map(plan.reference, others):
            assert sum(one != label for one, label in zip(other.labels, right.labels, strict=True)) >= 2
            assert other.probabilities != right.probabilities


def test_trees_of_another_depth_or_random_state_are_told_apart(plans: list[wine.Wine]) -> None:
    """By labels alone. Another random_state often gives the very same tree: there is nothing to tell apart then."""
    differ = 0
    for seed in TOLD_APART:
        plan = plans[seed]
        for depth, right in zip(plan.depths, plan.references, strict=False):
            tree = plan.tree(depth)
            others = [plan.tree(other) for other in (depth - 1, depth + 1) if other]
            for state in (plan.random_state + 1, 0, 42):
                other = plan.tree(depth, random_state=state)
                if splits(other) != splits(tree):
                    differ += 1
                    others.append(other)
            for other in others:
                labels = plan.reference(other).labels
                assert sum(one != label for one, label in zip(labels, right.labels, strict=True)) >= 2
    assert differ


def test_trees_trained_on_the_test_rows_too_are_told_apart_by_probabilities(plans: list[wine.Wine]) -> None:
    same_labels = 0
    for seed in TOLD_APART:
        plan = plans[seed]
        for depth, right in zip(plan.depths, plan.references, strict=False):
            other = plan.reference(plan.tree(depth, rows=(*plan.train, *plan.test)))
            off = max(abs(a - b) for a, b in zip(right.probabilities[0], other.probabilities[0], strict=True))
            assert other.labels != right.labels or off > 1e-4
            same_labels += other.labels == right.labels
    assert same_labels, "labels alone would do"


def splits(tree: Any) -> list[tuple[int, float]]:
    return list(zip(tree.tree_.feature.tolist(), tree.tree_.threshold.tolist(), strict=True))


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
        assert max(numbers) >= 13 and max(map(str, numbers)) == "9"
        assert len(numbers) < max(numbers)


def latest(model: wine.PastModel) -> list[int]:
    """The newest version of each stage, in the order in which MLflow gives them."""
    newest: dict[str, int] = {}
    for number, version in sorted(model.versions.items()):
        newest[version.stage] = number
    return list(newest.values())


def test_the_newest_version_is_neither_first_nor_last_of_the_stages(plans: list[wine.Wine]) -> None:
    for plan in plans:
        versions = plan.long.versions
        newest = max(versions)
        assert newest in latest(plan.long)[1:-1] and len(latest(plan.long)) == 4
        assert versions[newest].stage == "Archived", "whoever looks in another stage misses it"
        # What a wrong way gives is another number for each, so that the suite can say which it was.
        ways = [int(max(map(str, versions))), len(versions), *(n for n in latest(plan.long) if n != newest)]
        assert len(set(ways)) == len(ways)


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
        "latest": [int(version.version) for version in client.get_latest_versions(model.name)],
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
        assert found["latest"] == latest(model)
        assert found["versions"] == {str(n): [v.stage, dict(v.tags)] for n, v in model.versions.items()}
        assert sorted(found["runs"]) == sorted(f"{model.name}-{n}" for n in model.versions)
        assert found["predicted"] == {str(n): v.predictions(plan.test) for n, v in model.versions.items()}
