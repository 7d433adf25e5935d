"""The data of exercise 4, for any seed: what the checks rely on, and that nothing of it can be typed in."""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from fixtures import diabetes
from grader import lab
from grader.runtime import templates

SEEDS = range(50)
TRAINED = range(12)
"""The seeds for which models are trained, which takes a while."""


@pytest.fixture(scope="module")
def plans() -> list[diabetes.Diabetes]:
    return [diabetes.plan(seed) for seed in SEEDS]


def test_labs_differ_by_seed_and_agree_with_themselves(plans: list[diabetes.Diabetes]) -> None:
    assert plans == [diabetes.plan(seed) for seed in SEEDS]
    assert len({json.dumps(plan.train) for plan in plans}) == len(plans)
    assert len({json.dumps(dict(plan.widgets)) for plan in plans}) == len(plans)
    assert len({json.dumps(dict(plan.offsets)) for plan in plans}) == len(plans)
    for of in (
        lambda plan: plan.random_state,
        lambda plan: plan.alpha,
        lambda plan: plan.param_name,
        lambda plan: plan.param_default,
        lambda plan: plan.rules,
        lambda plan: plan.packages,
        lambda plan: plan.key,
        lambda plan: plan.colleague.name,
        lambda plan: plan.runs["custom_run"],
    ):
        assert len(set(map(of, plans))) > 3


def test_the_rows_are_cut_up_and_some_never_enter_the_lab(plans: list[diabetes.Diabetes]) -> None:
    for plan in plans:
        parts = [{tuple(row) for row in diabetes.matrix(rows)} for rows in _parts(plan)]
        assert all(not a & b for a, b in itertools.combinations(parts, 2))
        assert sum(map(len, parts)) == 442
        assert len(plan.train) >= 250 and min(map(len, parts)) >= 40
        assert all(diabetes.LABEL in row for row in (*plan.train, *plan.test))
        assert len({row[plan.key] for row in plan.patients}) == len(plan.patients)
        assert not any(diabetes.LABEL in row for row in plan.patients)


def _parts(plan: diabetes.Diabetes) -> tuple[tuple[diabetes.Row, ...], ...]:
    return plan.train, plan.test, plan.patients, plan.held_out


def test_names_are_told_apart(plans: list[diabetes.Diabetes]) -> None:
    for plan in plans:
        assert plan.runs.keys() == set(diabetes.RUNS)
        assert len({*plan.runs.values(), plan.colleague.name}) == len(plan.runs) + 1
        assert set(plan.widgets) >= {*diabetes.RUNS, "param_name", "packages"}


def test_each_params_value_shows(plans: list[diabetes.Diabetes]) -> None:
    for plan in plans:
        values = [1.0, plan.param_default, *plan.param_given]
        assert len(plan.param_given) == 2
        assert all(abs(a - b) >= 0.049 for a, b in itertools.combinations(values, 2))
        assert float(plan.widgets["param_default"]) == plan.param_default


def test_the_offsets_matter_for_every_row(plans: list[diabetes.Diabetes]) -> None:
    for plan in plans:
        assert min(map(abs, plan.offsets.values())) >= 4 and len(set(plan.offsets.values())) == 7
        for rows in (plan.test, plan.held_out):
            decades = {diabetes.decade(row) for row in rows}
            assert len(decades) >= 5 and decades <= plan.offsets.keys()
        off = [plan.other_offsets[name] - points for name, points in plan.offsets.items()]
        assert all(abs(change - plan.shift) < 1e-9 for change in off) and abs(plan.shift) >= 30


def test_the_surcharge_tells_rows_apart(plans: list[diabetes.Diabetes]) -> None:
    for plan in plans:
        added = [plan.rules.surcharge(row) for row in plan.held_out]
        assert {0.0, plan.rules.bp_points, plan.rules.bmi_points} <= set(added)
        assert max(map(added.count, added)) < len(added) * 0.8


def test_the_modules_source_says_what_the_checks_compare_with(plans: list[diabetes.Diabetes]) -> None:
    for plan in plans[:10]:
        module = SimpleNamespace()
        exec(diabetes.module(plan.rules), vars(module))
        found = module.surcharge(_frame(plan.held_out))
        assert found.tolist() == pytest.approx([plan.rules.surcharge(row) for row in plan.held_out])


def test_the_colleagues_model_is_guessed_by_nobody(plans: list[diabetes.Diabetes]) -> None:
    for plan in plans:
        answers = [plan.colleague.answer(row) for row in plan.test]
        assert 0.4 < statistics.fmean(answers) < 0.6


def test_the_packages_are_not_what_mlflow_writes_down_by_itself(plans: list[diabetes.Diabetes]) -> None:
    for plan in plans:
        assert {"scikit-learn", "pandas"} < set(plan.packages) and "cloudpickle" not in plan.packages
        assert len(set(plan.packages)) == len(plan.packages)
        assert all(version[0].isdigit() for version in plan.versions.values())


@pytest.mark.parametrize("seed", TRAINED)
def test_each_mistake_in_preprocessing_shows(seed: int) -> None:
    from sklearn.linear_model import Ridge

    plan = diabetes.plan(seed)
    train, test, held_out = map(_frame, (plan.train, plan.test, plan.held_out))
    labels = [row[diabetes.LABEL] for row in plan.train]
    mean, deviation = train.mean(), train.std(ddof=0)
    ridge = Ridge(alpha=plan.alpha).fit((train - mean) / deviation, labels)
    right = ridge.predict((held_out - mean) / deviation)
    assert right == pytest.approx(plan.scaled_predictions[0])
    both = pd.concat([train, test])
    mistakes = {
        "the batch's own statistics": ridge.predict((held_out - held_out.mean()) / held_out.std()),
        "those of the test rows": ridge.predict((held_out - test.mean()) / test.std()),
        "those of all rows": ridge.predict((held_out - both.mean()) / both.std(ddof=0)),
        "not standardised at all": ridge.predict(held_out),
        "base": plan.base_predictions,
    }
    for what, found in mistakes.items():
        for reference in plan.scaled_predictions:
            clear = [abs(a - b) > 0.01 for a, b in zip(found, reference, strict=True)]
            assert statistics.fmean(clear) > 0.8, what
    half = held_out.head(len(held_out) // 2)
    of_half = ridge.predict((half - half.mean()) / half.std())
    assert max(abs(of_half - mistakes["the batch's own statistics"][: len(half)])) > 0.1


@pytest.mark.parametrize("seed", TRAINED)
def test_each_mistake_in_training_the_forest_shows(seed: int) -> None:
    from sklearn.ensemble import RandomForestRegressor

    plan = diabetes.plan(seed)
    right = plan.forest_predictions(plan.held_out)
    labels = [row[diabetes.LABEL] for row in plan.train]
    asked: dict[str, Any] = {"n_estimators": plan.n_estimators, "max_depth": plan.max_depth}
    asked["random_state"] = plan.random_state
    for name, value in {"n_estimators": 100, "max_depth": None, "random_state": 42}.items():
        forest = RandomForestRegressor(**asked | {name: value}).fit(_frame(plan.train), labels)
        found = forest.predict(_frame(plan.held_out))
        assert statistics.fmean(abs(a - b) > 0.01 for a, b in zip(found, right, strict=True)) > 0.8, name
    again = RandomForestRegressor(**asked).fit(_frame(plan.train), labels)
    assert again.predict(_frame(plan.held_out)).tolist() == list(right), "a frame and plain rows train the same forest"


def _frame(rows: tuple[diabetes.Row, ...]) -> pd.DataFrame:
    return pd.DataFrame(diabetes.matrix(rows), columns=list(diabetes.COLUMNS))


def test_the_lab_holds_what_was_planned(tmp_path: Path) -> None:
    plan = diabetes.plan(3)
    _lay(plan, tmp_path)
    for name in ("train", "test"):
        assert pq.read_table(tmp_path / "data" / f"{name}.parquet").to_pylist() == list(getattr(plan, name))
    patients = DeltaTable(str(tmp_path / "tables" / "patients"))
    assert patients.to_pyarrow_table().to_pylist() == list(plan.patients)
    assert len(patients.file_uris()) == 1, "one file, one task: Spark starts one Python process to score it"
    assert json.loads((tmp_path / "reference" / "offsets.json").read_text()) == plan.offsets
    assert (tmp_path / "src" / "ward_rules.py").read_text() == diabetes.module(plan.rules)
    written = "".join(file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file())
    assert not any(str(points) in written for points in plan.other_offsets.values())


READ_BACK = """
import json, logging, sys
import mlflow, pandas as pd

logging.disable()
rows = pd.read_parquet(sys.argv[1]).drop(columns="progression")
print(json.dumps(mlflow.pyfunc.load_model(sys.argv[2]).predict(rows).tolist()))
"""


@pytest.mark.server
def test_mlflow_loads_the_colleagues_model(tmp_path: Path) -> None:
    plan = diabetes.plan(4)
    _lay(plan, tmp_path)
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/{templates.STORE}"}
    command = [
        sys.executable,
        "-c",
        READ_BACK,
        str(tmp_path / "data" / "test.parquet"),
        plan.widgets["colleague_model"],
    ]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [plan.colleague.answer(row) for row in plan.test]


def _lay(plan: diabetes.Diabetes, root: Path) -> None:
    lab._lay_store(templates.provide(lambda _: None) / templates.STORE, root / templates.STORE, str(root))
    assert diabetes.write(plan, root) == {}
