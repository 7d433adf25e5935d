"""The data of exercise 6, for any seed: what the checks rely on, and that nothing of it can be typed in."""

from __future__ import annotations

import ast
import json
import sqlite3
from pathlib import Path

import pytest

from fixtures import mlflow_store, parcels
from fixtures.mlflow_store import linear_score
from fixtures.parcels import LABEL, LEAK
from grader.lab import _lay_store
from grader.lab.orders import MOST_ORDER
from grader.runtime import templates
from tests.workspace_server import TOKEN, Server

pytestmark = pytest.mark.server

SEEDS = range(61)


@pytest.fixture(scope="module")
def plans() -> list[parcels.Parcels]:
    return [parcels.plan(seed) for seed in SEEDS]


@pytest.mark.proof
def test_labs_differ_by_seed_and_agree_with_themselves(plans: list[parcels.Parcels]) -> None:
    assert plans == [parcels.plan(seed) for seed in SEEDS]
    assert len({plan.secret for plan in plans}) == len({json.dumps(plan.recent) for plan in plans}) == len(plans)
    for of in (
        lambda plan: plan.model_name,
        lambda plan: plan.workers,
        lambda plan: plan.train_at,
        lambda plan: plan.timeout_seconds,
        lambda plan: plan.redeploy_version,
        lambda plan: [one.kind for one in plan.candidates],
        lambda plan: [plan.moves.index(plan.candidate(kind).name) for kind in ("good", "bad", "equal", "broken")],
        lambda plan: plan.watched_event,
    ):
        assert len({str(of(plan)) for plan in plans}) > 1


def test_what_a_version_is_worth_shows_on_the_recent_rows_alone(plans: list[parcels.Parcels]) -> None:
    for plan in plans:
        good, bad = (plan.candidate(kind) for kind in ("good", "bad"))
        told = [scorer.accuracy(plan.recent) for scorer in (good.scorer, plan.live, bad.scorer)]
        assert told[0] > told[1] + 0.05 and told[1] > told[2] + 0.05
        seen = [scorer.accuracy(plan.train) for scorer in (good.scorer, plan.live, bad.scorer)]
        assert seen[0] < seen[1] < seen[2], "on the training rows the order is the other way round"
        assert good.claimed < 0.915 < min(bad.claimed, plan.candidate("broken").claimed)
        assert abs(told[0] - seen[0]) > 0.006 or abs(told[2] - seen[2]) > 0.006, "the wrong rows show in a figure"


def test_the_equal_version_is_another_model_that_gets_as_many_rows_right(plans: list[parcels.Parcels]) -> None:
    for plan in plans:
        good, equal = (plan.candidate(kind).scorer for kind in ("good", "equal"))
        assert equal.accuracy(plan.recent) == good.accuracy(plan.recent) == round(good.accuracy(plan.recent), 2)
        assert sum(good.predicts(row) != equal.predicts(row) for row in plan.recent) >= 4


def test_no_figure_that_is_typed_in_tells_the_good_from_the_bad(plans: list[parcels.Parcels]) -> None:
    told = [[plan.candidate(kind).scorer.accuracy(plan.recent) for kind in ("bad", "good")] for plan in plans]
    assert min(bad for bad, _ in told) > 0.5
    for percent in range(101):
        right = sum(bad <= percent / 100 < good for bad, good in told)
        assert right < 0.75 * len(plans), percent


def test_rounding_moves_no_row(plans: list[parcels.Parcels]) -> None:
    for plan in plans[:20]:
        for scorer in (plan.live, *(plan.candidate(kind).scorer for kind in ("good", "bad", "equal"))):
            for row in plan.recent:
                score = sum(row[name] * weight for name, weight in scorer.weights.items())
                assert abs(score - scorer.threshold) > 1e-9
                assert linear_score(row, scorer.weights, scorer.threshold) == int(score > scorer.threshold)


def test_the_leak_tells_in_the_training_rows_alone(plans: list[parcels.Parcels]) -> None:
    for plan in plans:
        right = [sum((row[LEAK] > 5) == row[LABEL] for row in rows) / len(rows) for rows in (plan.train, plan.recent)]
        assert right[0] > 0.9 and right[1] < 0.65


def test_the_newest_version_is_broken_and_others_are_moved_after_the_good_one(plans: list[parcels.Parcels]) -> None:
    for plan in plans:
        assert plan.candidates[-1].kind == "broken"
        assert sorted(plan.moves) == sorted(one.name for one in plan.candidates)
        kinds = {one.name: one.kind for one in plan.candidates}
        after = {kinds[name] for name in plan.moves[plan.moves.index(plan.candidate("good").name) + 1 :]}
        assert "equal" in after and after & {"bad", "broken"}


def test_nothing_that_arrives_tells_what_it_is(plans: list[parcels.Parcels]) -> None:
    for plan in plans:
        steps = parcels.afterwards(plan)
        assert len(json.dumps(steps)) < MOST_ORDER // 2
        arrivals = [step for step in steps if "files" in step]
        assert len({tuple(step["files"]) for step in arrivals}) == 1
        assert all(not step["tags"] and not step["params"] for step in arrivals)
        numbers = [int(step["run_name"].split()[1]) for step in arrivals]
        assert len(set(numbers)) == 4
    orders = {tuple(plan.candidates[n].name < plan.candidates[n + 1].name for n in (0, 1, 2)) for plan in plans}
    assert len(orders) > 2


def test_webhooks_to_be_found_have_near_misses(plans: list[parcels.Parcels]) -> None:
    for plan in plans:
        assert len({hook.id for hook in plan.hooks}) == len({hook.description for hook in plan.hooks}) == 11
        listening = [hook for hook in plan.hooks if plan.watched_event in hook.events]
        assert len(plan.watching) == 3 and {hook.model for hook in listening} > {plan.watched_model, None}
        assert {hook.status for hook in plan.hooks if hook.id in plan.watching} == {"ACTIVE", "DISABLED"}
        assert plan.to_change.status == "DISABLED" and plan.change_event not in plan.to_change.events
        assert [hook.model is None for hook in plan.to_delete].count(True) == 1
        assert len([hook for hook in plan.hooks if plan.gone_host in hook.url]) > len(plan.to_delete) == 2
        others = {hook.id for hook in (*plan.to_delete, plan.to_change)}
        assert not others & plan.watching and plan.model_name not in {hook.model for hook in plan.hooks}


def test_each_wrong_schedule_and_parameter_shows(plans: list[parcels.Parcels]) -> None:
    for plan in plans:
        hour, minute = plan.train_at
        assert hour != minute and plan.penalty != plan.penalty_once
        assert plan.cluster[0] != plan.other_cluster[0] and plan.cluster[1] != plan.other_cluster[1]


def test_the_tables_are_those_of_the_workspace(tmp_path: Path) -> None:
    source = Path("grader/lab/inside/lab_workspace/state.py").read_text()
    (schema,) = (
        node.value.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and "TABLE" in str(node.value.value)
    )
    columns = []
    for text in (schema, parcels._WEBHOOKS):
        connection = sqlite3.connect(":memory:")
        connection.executescript(str(text))
        tables = ("cursors", "webhooks", "receivers")
        columns.append([connection.execute(f"PRAGMA table_info({table})").fetchall() for table in tables])
    assert columns[0] == columns[1]


def test_the_workspace_serves_what_was_laid(tmp_path: Path) -> None:
    plan = parcels.plan(3)
    _lay_store(templates.provide(print) / templates.STORE, tmp_path / mlflow_store.STORE, str(tmp_path))
    parcels.write(plan, tmp_path)
    server = Server(tmp_path)
    try:
        server.start()
        listed = server.get("registry-webhooks/list")["webhooks"]
        assert [(hook["id"], hook.get("model_name"), hook["status"]) for hook in listed] == [
            (hook.id, hook.model, hook.status) for hook in plan.hooks
        ]
        assert listed[0]["http_url_spec"]["url"] == plan.hooks[0].url
        server.settle()
        with sqlite3.connect(tmp_path / "workspace.db") as state:
            assert state.execute("SELECT count(*) FROM deliveries").fetchone() == (0,), "the past is told to nobody"
        answer = server.call("POST", f"/lab/receiver/{plan.receiver}", json={}, token=None)
        assert answer.text == plan.reply
        clusters = server.get("/api/2.0/clusters/list")["clusters"]
        assert (plan.cluster[0], plan.cluster[1]) in {(each["cluster_id"], each["cluster_name"]) for each in clusters}
        task = {
            "task_key": "train",
            "notebook_task": {"notebook_path": plan.train_notebook},
            "new_cluster": {"spark_version": plan.runtime, "node_type_id": plan.node_type, "num_workers": 2},
        }
        assert server.post("/api/2.2/jobs/create", {"name": "train", "tasks": [task]})["job_id"]
        live = server.get(f"registered-models/get?name={plan.model_name}")["registered_model"]["latest_versions"]
        assert {version["current_stage"] for version in live} == {"Archived", "Production"}
        assert TOKEN not in json.dumps(listed)
    finally:
        server.close()


def test_what_the_colleague_trains_is_worse_than_the_good_one(plans: list[parcels.Parcels]) -> None:
    """So whoever tries the chain with that version loses nothing by it. It is promoted only if it is better than the
    version in Production, and then it is better than the bad one too.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    for plan in plans:
        (x, y), (unseen, truth) = (
            ([[row[name] for name in parcels.RANGES] for row in rows], [int(row[LABEL]) for row in rows])
            for rows in (plan.train, plan.recent)
        )
        for penalty in (plan.penalty, plan.penalty_once):
            model = make_pipeline(StandardScaler(), LogisticRegression(C=1 / float(penalty))).fit(x, y)
            trained = model.score(unseen, truth)
            assert trained < plan.candidate("good").scorer.accuracy(plan.recent), plan.seed
