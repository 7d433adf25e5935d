"""The data of exercise 3: what its checks rely on holds for each seed, and the lab holds what was planned."""

from __future__ import annotations

import dataclasses
import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures import shipped, tumours
from fixtures.tumours import FEATURES, KEY, LABEL, Tumours
from grader.evidence import tracking
from grader.runtime.templates import STORE
from tests.apart import new_store

SEEDS = range(41)
FAR_APART = 1e-4
"""How much two scores must differ, relative to each other: a hundred times what a suite lets pass."""


@pytest.fixture(scope="module")
def plans() -> dict[int, Tumours]:
    return {seed: tumours.plan(seed) for seed in SEEDS}


def test_a_seed_is_always_the_same_lab(plans: dict[int, Tumours]) -> None:
    assert plans == {seed: tumours.plan(seed) for seed in SEEDS}


def test_seeds_are_different_labs(plans: dict[int, Tumours]) -> None:
    """Nothing that a check compares with can be taken from another seed's lab and typed in."""
    secrets: dict[str, Callable[[Tumours], object]] = {
        "rows": lambda data: data.train,
        "widgets": lambda data: tuple(data.widgets.values()),
        "names": lambda data: (data.run_name, data.experiment, data.archive),
        "candidates": lambda data: frozenset(run.id for run in data.candidates),
        "best": lambda data: data.best.id,
        "history": lambda data: data.best.f1,
        "commit": lambda data: data.code_version,
        "state": lambda data: data.random_state,
    }
    for name, secret in secrets.items():
        assert len({secret(data) for data in plans.values()}) == len(SEEDS), name


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_past_run_must_be_searched_for(plans: dict[int, Tumours], seed: int) -> None:
    data = plans[seed]
    ends = sorted((run.f1[-1] for run in data.candidates), reverse=True)
    assert len(ends) >= 5 and ends[0] > ends[1]
    assert data.best.f1[-1] == ends[0]
    others = [run for run in data.past if run not in data.candidates]
    beaten = data.best.f1[-1]
    traps: dict[str, Callable[[tumours.PastRun], bool]] = {
        "a failed run": lambda run: run.status == "FAILED",
        "one that was killed": lambda run: run.status == "KILLED",
        "a deleted one": lambda run: run.deleted,
        "one of another team": lambda run: run.team != data.past_team,
    }
    for trap, applies in traps.items():
        better = [run for run in others if applies(run) and run.f1[-1] > beaten]
        assert better, f"{trap} ends higher"
        # Each trap is one mistake: all else of it is as asked.
        assert all(sum(other(run) for other in traps.values()) == 1 for run in better), trap
    assert any(max(run.f1) > beaten > run.f1[-1] > data.min_f1 for run in data.candidates), "a peak that fell"
    assert any(max(run.f1) > data.min_f1 > run.f1[-1] for run in others if run.team == data.past_team)
    assert max(data.best.f1) == data.best.f1[-1] > sorted(data.best.f1)[-2]


@pytest.mark.parametrize("seed", SEEDS)
def test_past_runs_can_be_told_apart(plans: dict[int, Tumours], seed: int) -> None:
    data = plans[seed]
    assert len({run.id for run in data.past}) == len(data.past)
    assert all(len(run.id) == 32 and int(run.id, 16) for run in data.past)
    assert any(run.f1[-1] == data.min_f1 for run in data.past if run.team == data.past_team), "above, not at least"
    assert {run.status for run in data.past} == {"FINISHED", "FAILED", "KILLED"}
    best = [run for run in data.past if run.params == data.best.params or run.f1 == data.best.f1]
    assert best == [data.best], "the params and the history of the best run are nobody else's"
    assert len(data.best.f1) >= 5 and list(data.best.f1) == sorted(data.best.f1)


@pytest.mark.parametrize("seed", SEEDS)
def test_tasks_have_names_and_figures_of_their_own(plans: dict[int, Tumours], seed: int) -> None:
    data = plans[seed]
    names = [
        *(data.run_name, data.curve_run, data.artifacts_run, data.model_run),
        *(data.grid_run, data.auto_run, data.tune_run, data.repro_run),
    ]
    assert len(set(names)) == 8
    assert not set(names) & {run.name for run in data.past}
    assert data.experiment != data.archive
    assert data.past_team in {run.team for run in data.past} and data.team not in {run.team for run in data.past}
    assert len(set(data.trees)) == len(data.trees) == 5 and len(set(data.grid)) == len(data.grid) == 3
    assert data.auto_trees < data.n_estimators
    assert data.tune_depths[0] < data.tune_depths[1] and data.tune_leaves[0] < data.tune_leaves[1]
    assert data.trials >= 2 and data.sample_size < len(data.train)
    assert all(isinstance(value, str) and value for value in data.widgets.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_versions_grow_and_end_in_mislabelled_rows(plans: dict[int, Tumours], seed: int) -> None:
    data = plans[seed]
    assert len(data.train) + len(data.test) == 569
    assert sum(data.batches) < len(data.train), "no version is the training data itself"
    sizes = list(itertools.accumulate(data.batches))
    assert [len(data.version(n)) for n in range(4)] == sizes
    for number in range(3):
        assert data.version(number) == data.train[: sizes[number]]
    last, good = data.version(3), data.train[: sizes[3]]
    assert last[: sizes[2]] == good[: sizes[2]]
    assert all(a[:-1] == b[:-1] and a[-1] == 1 - b[-1] for a, b in zip(last[sizes[2] :], good[sizes[2] :], strict=True))
    assert data.data_version in (0, 1)
    for rows in (data.test, *(data.version(n) for n in range(4))):
        assert set(tumours.labels(rows)) == {0, 1}


@pytest.mark.parametrize("seed", SEEDS)
def test_each_mistake_shows_in_the_scores(plans: dict[int, Tumours], seed: int) -> None:
    data = plans[seed]
    trees, depth = data.n_estimators, data.max_depth
    grid = [data.scores(trees, other).log_loss for other in data.grid]
    assert all(far_apart(a, b) for a, b in itertools.combinations(grid, 2)), "one depth is best, and no other as good"
    asked = data.scores(trees, depth, version=data.data_version).log_loss
    newest = data.scores(trees, depth, version=3).log_loss
    training = data.scores(trees, depth).log_loss
    assert far_apart(asked, newest) and far_apart(asked, training)
    assert newest > training, "mislabelled rows should harm"


@pytest.mark.parametrize("seed", [1, 2])
def test_each_point_of_a_curve_is_another(plans: dict[int, Tumours], seed: int) -> None:
    data = plans[seed]
    curve = [data.scores(trees, data.max_depth).log_loss for trees in data.trees]
    assert all(far_apart(a, b) for a, b in itertools.combinations(curve, 2))
    state = dataclasses.replace(data, random_state=data.random_state + 1, _scores={})
    for asked in ((data.n_estimators, data.max_depth), (data.tune_trees, *data.tune_depths)):
        assert far_apart(data.scores(*asked).log_loss, state.scores(*asked).log_loss), "the seed of the forest counts"


def far_apart(one: float, other: float) -> bool:
    return abs(one - other) > FAR_APART * max(abs(one), abs(other))


def test_scores_are_those_of_the_forest_that_the_brief_describes(plans: dict[int, Tumours]) -> None:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import accuracy_score, log_loss

    data = tumours.plan(1)
    data.rehearse()
    columns = list(FEATURES)
    train, test = tumours.frame(data.train), tumours.frame(data.test)
    assert list(train.columns) == columns
    for version, rows in ((None, data.train), (data.data_version, data.version(data.data_version))):
        forest = RandomForestClassifier(data.n_estimators, max_depth=data.max_depth, random_state=data.random_state)
        forest.fit(tumours.frame(rows), tumours.labels(rows))
        scores = data.scores(data.n_estimators, data.max_depth, version=version)
        chances = forest.predict_proba(test)
        assert scores.accuracy == accuracy_score(tumours.labels(data.test), forest.predict(test))
        assert scores.log_loss == pytest.approx(log_loss(tumours.labels(data.test), chances), rel=1e-12)
        if version is None:
            many = len(data.test)
            assert [part[:many] for part in data.predictions] == [forest.predict(test).tolist(), chances.tolist()]
            assert data.asked[:many] == tuple(row[:-1] for row in data.test)
            assert not set(data.asked[many:]) & {row[:-1] for row in (*data.train, *data.test)}
            assert scores.training_accuracy == forest.score(train, tumours.labels(data.train))
    assert data == plans[1], "what was worked out is no part of the plan"


@pytest.mark.parametrize(
    ("name", "options", "loader"),
    [
        ("breast_cancer.csv", {"header": True}, "load_breast_cancer"),
        ("wine_data.csv", {"header": True}, "load_wine"),
        ("diabetes_data_raw.csv.gz", {"delimiter": " "}, "load_diabetes"),
    ],
)
def test_shipped_files_are_what_scikit_learn_loads(name: str, options: dict[str, Any], loader: str) -> None:
    from sklearn import datasets

    found = shipped.read(name, **options)
    raw = {"scaled": False} if loader == "load_diabetes" else {}
    bunch = getattr(datasets, loader)(**raw)
    columns = bunch.data.shape[1]
    assert [row[:columns] for row in found] == bunch.data.tolist()
    if loader != "load_diabetes":
        assert [row[columns] for row in found] == bunch.target.tolist()


def test_rows_are_scikit_learns_with_malignant_as_one(plans: dict[int, Tumours]) -> None:
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    malignant = list(bunch.target_names).index("malignant")
    assert [name.replace(" ", "_").removeprefix("mean_") for name in bunch.feature_names[:10]] == list(FEATURES)
    known = {
        (*row[:10], float(label == malignant)) for row, label in zip(bunch.data.tolist(), bunch.target, strict=True)
    }
    data = plans[0]
    assert set(data.train) | set(data.test) == known and not set(data.train) & set(data.test)


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tumours, Path]:
    """A plan, and the lab's folder that was filled with it."""
    root = tmp_path_factory.mktemp("laid") / "root"
    store = new_store(root, "/lab")
    data = tumours.plan(3)
    assert tumours.write(data, root) == {} and store.exists()
    return data, root


@pytest.mark.parametrize("number", range(4))
def test_the_table_holds_the_planned_rows_at_each_version(laid: tuple[Tumours, Path], number: int) -> None:
    from deltalake import DeltaTable

    data, root = laid
    table = DeltaTable(str(root / "tables" / "samples"), version=number)
    rows = sorted(table.to_pyarrow_table().to_pylist(), key=lambda row: row[KEY])
    assert [row[KEY] for row in rows] == list(range(len(data.version(number))))
    assert [tuple(row[name] for name in (*FEATURES, LABEL)) for row in rows] == list(data.version(number))
    assert DeltaTable(str(root / "tables" / "samples")).version() == 3


def test_the_files_hold_training_and_test_rows_in_order(laid: tuple[Tumours, Path]) -> None:
    import pyarrow.parquet as pq

    data, root = laid
    for name, rows in (("train", data.train), ("test", data.test)):
        found = pq.read_table(root / "data" / f"{name}.parquet")
        assert found.column_names == [*FEATURES, LABEL]
        assert [tuple(row.values()) for row in found.to_pylist()] == list(rows)


def test_the_archive_holds_the_planned_runs(laid: tuple[Tumours, Path]) -> None:
    data, root = laid
    store = tracking.open_store(root / STORE, root, "/lab")
    assert data.archive in store.experiments.values() and data.experiment not in store.experiments.values()
    assert [run.id for run in store.runs] == [run.id for run in data.past]
    for run, planned in zip(store.runs, data.past, strict=True):
        assert (run.name, run.status, run.deleted) == (planned.name, planned.status, planned.deleted)
        assert run.params == planned.params and run.tags["team"] == planned.team
        assert [(point.step, point.value) for point in run.metrics["f1"]] == list(enumerate(planned.f1))
        assert run.experiment == data.archive
    found = [
        run.id
        for run in store.runs
        if not run.deleted
        and run.status == "FINISHED"
        and run.tags["team"] == data.past_team
        and (run.metric("f1") or 0) > data.min_f1
    ]
    assert found == [run.id for run in data.candidates]


def test_neither_plan_nor_write_loads_what_is_slow(tmp_path: Path) -> None:
    """Both run while a lab is being raised; MLflow and scikit-learn would take seconds."""
    new_store(tmp_path / "root")
    script = (
        "import sys; from pathlib import Path; from fixtures import tumours\n"
        "tumours.write(tumours.plan(1), Path(sys.argv[1]))\n"
        "assert not {'sklearn', 'mlflow', 'scipy'} & set(sys.modules), 'loaded'"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "root")], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
