"""MLflow's store, read without MLflow: all that its own client tells of a good one, and nothing of a spoiled one.

The good store is made by MLflow itself, in a process of its own, as a cell would do it. The spoiled ones are copies.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import shutil
import signal
import sqlite3
import stat
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from grader.evidence import Unreadable, files, models, registry, tracking
from grader.evidence.registry import Registry
from grader.evidence.tracking import Run, Store
from grader.runtime.templates import STORE
from tests.apart import apart, new_store

pytestmark = pytest.mark.server

SEEN_AT = "/lab"
Told = dict[str, Any]
Spoil = Callable[[Path], None]


# What MLflow makes, and what its client tells of it


def use_mlflow() -> Told:
    """What a notebook might do, and what MLflow's client tells of it afterwards."""
    import mlflow
    from mlflow import MlflowClient

    client = MlflowClient()
    mlflow.set_experiment("/Users/learner/first")
    with mlflow.start_run(run_name="outer", tags={"team": "north", "note": "", "näme": "wért ✓"}) as outer:
        mlflow.log_params({"depth": 3, "rate": 0.1, "empty": "", "none": None, "long": "x" * 6000})
        for step, value in ((5, 0.5), (0, 1.5), (10, math.nan), (2, -2.5), (2, 0.25)):
            mlflow.log_metric("loss", value, step=step)
        mlflow.log_metric("huge", math.inf)
        mlflow.log_metric("broken", math.nan)
        mlflow.log_metric("later", 1.0, step=-1)
        mlflow.log_text("hello", "notes/hello.txt")
        for number in range(2):
            with mlflow.start_run(run_name="inner", nested=True):
                mlflow.log_metric("loss", number)
    renamed = client.create_run(outer.info.experiment_id, run_name="before")
    client.update_run(renamed.info.run_id, name="after")
    client.set_terminated(renamed.info.run_id, "KILLED")
    client.create_run(outer.info.experiment_id, run_name="open")
    gone = client.create_run(outer.info.experiment_id, run_name="gone")
    client.delete_run(gone.info.run_id)
    with contextlib.suppress(ZeroDivisionError), mlflow.start_run(run_name="fails"):
        raise ZeroDivisionError
    lost = client.create_experiment("/Users/learner/lost")
    client.create_run(lost, run_name="lost")
    client.delete_experiment(lost)
    elsewhere = client.create_experiment("/Users/learner/elsewhere", artifact_location="/srv/elsewhere")
    client.create_run(elsewhere, run_name="elsewhere")
    return {
        "experiments": {e.experiment_id: e.name for e in client.search_experiments()},
        "runs": _runs(client),
    }


def _runs(client: Any) -> list[Told]:
    from mlflow.entities import ViewType

    names = {e.experiment_id: e.name for e in client.search_experiments(view_type=ViewType.ALL)}
    return [
        {
            "id": run.info.run_id,
            "name": run.info.run_name,
            "experiment": names[run.info.experiment_id],
            "status": run.info.status,
            "started_ms": run.info.start_time,
            "ended_ms": run.info.end_time,
            "deleted": run.info.lifecycle_stage == "deleted",
            "params": run.data.params,
            "tags": run.data.tags,
            "latest": run.data.metrics,
            "history": {
                key: [(p.step, p.timestamp, p.value) for p in client.get_metric_history(run.info.run_id, key)]
                for key in run.data.metrics
            },
            "uri": run.info.artifact_uri,
        }
        for run in client.search_runs(list(names), run_view_type=ViewType.ALL)
    ]


def log_models() -> Told:
    """Models logged in each of the ways that there are, and what each was called."""
    import mlflow
    from mlflow import MlflowClient
    from sklearn.linear_model import LinearRegression

    client = MlflowClient()
    fitted = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    mlflow.set_experiment("/Users/learner/models")
    with mlflow.start_run(run_name="models") as run:
        named = mlflow.sklearn.log_model(fitted, name="named", serialization_format="cloudpickle")
        mlflow.sklearn.log_model(fitted, artifact_path="placed", serialization_format="cloudpickle")
        mlflow.sklearn.save_model(fitted, "saved", serialization_format="cloudpickle")
        mlflow.log_artifacts("saved", "deep/saved")
    with mlflow.start_run(run_name="second"):
        second = mlflow.sklearn.log_model(fitted, name="named", serialization_format="cloudpickle")
    alone = mlflow.create_external_model(name="external")
    gone = mlflow.create_external_model(name="gone")
    client.delete_logged_model(gone.model_id)
    versions = [
        mlflow.register_model(uri, "price")
        for uri in (named.model_uri, f"runs:/{run.info.run_id}/named", f"runs:/{run.info.run_id}/deep/saved")
    ]
    copy = client.copy_model_version("models:/price/1", "copied")
    shutil.rmtree("saved")
    experiment = client.get_experiment_by_name("/Users/learner/models").experiment_id
    found = client.search_logged_models([experiment], order_by=[{"field_name": "creation_time", "ascending": True}])
    return {
        "run": run.info.run_id,
        "named": named.model_id,
        "second": second.model_id,
        "alone": alone.model_id,
        "models": [(m.model_id, m.name, m.artifact_location, m.source_run_id, m.creation_timestamp) for m in found],
        "sources": [version.source for version in versions],
        "copy": copy.source,
    }


def use_registry() -> Told:
    """Versions moved through stages and aliases, and what the client tells in the end."""
    from mlflow import MlflowClient

    client = MlflowClient()
    run = client.create_run("0", run_name="source")
    for name in ("price", "empty", "again"):
        client.create_registered_model(name, tags={"team": "north"}, description=f"About {name}.")
    for number in range(4):
        client.create_model_version(
            "price",
            f"/lab/{number}",
            run.info.run_id if number else None,
            {"n": str(number)},
            description=f"No {number}.",
        )
    client.set_model_version_tag("price", "1", "validated", "yes")
    client.delete_model_version_tag("price", "1", "n")
    client.set_registered_model_tag("price", "owner", "mé")
    client.update_model_version("price", "2", description="Better.")
    for version, stage in (("1", "Staging"), ("1", "Production"), ("2", "Staging")):
        client.transition_model_version_stage("price", version, stage)
    client.transition_model_version_stage("price", "2", "Production", archive_existing_versions=True)
    client.transition_model_version_stage("price", "3", "Staging")
    client.transition_model_version_stage("price", "3", "Staging")
    client.transition_model_version_stage("price", "3", "None")
    for alias, version in (("champion", "1"), ("champion", "2"), ("challenger", "3"), ("old", "4")):
        client.set_registered_model_alias("price", alias, version)
    client.delete_registered_model_alias("price", "challenger")
    client.set_registered_model_alias("price", "challenger", "4")
    client.delete_model_version("price", "4")
    # One that was made, deleted as a whole, and made anew.
    client.create_model_version("again", "/lab/0")
    client.transition_model_version_stage("again", "1", "Production")
    client.delete_registered_model("again")
    client.create_registered_model("again")
    client.create_model_version("again", "/lab/1")
    client.transition_model_version_stage("again", "1", "Staging")
    # One that gets another name between two stages, and a new one of its first name.
    client.create_registered_model("draft")
    client.create_model_version("draft", "/lab/0")
    client.transition_model_version_stage("draft", "1", "Staging")
    client.set_registered_model_alias("draft", "best", "1")
    client.rename_registered_model("draft", "final")
    client.transition_model_version_stage("final", "1", "Production")
    client.create_registered_model("draft")
    client.create_model_version("draft", "/lab/1")
    found = {model.name: client.get_registered_model(model.name) for model in client.search_registered_models()}
    return {
        "models": {
            name: {
                "description": model.description,
                "tags": model.tags,
                "aliases": {alias: int(version) for alias, version in model.aliases.items()},
                "versions": {
                    int(v.version): {
                        "stage": v.current_stage,
                        "description": v.description,
                        "tags": v.tags,
                        "source": v.source,
                        "run_id": v.run_id,
                        "status": v.status,
                        "created_ms": v.creation_timestamp,
                        "updated_ms": v.last_updated_timestamp,
                    }
                    for v in client.search_model_versions(f"name = '{name}'")
                },
            }
            for name, model in found.items()
        },
        "run": run.info.run_id,
    }


class Made:
    """A store that MLflow made in one folder and that is read from another: labs see their files at another place."""

    def __init__(self, root: Path, seen_at: str, told: Told) -> None:
        self.root, self.seen_at, self.told = root, seen_at, told
        self.store = tracking.open_store(root / STORE, root, seen_at)
        self.registry = registry.open_registry(root / STORE)


SCENES = (use_mlflow, log_models, use_registry)


def play(root: str) -> dict[str, Told]:
    """What each scene tells, played in a folder of its own."""
    import mlflow

    told = {}
    for scene in SCENES:
        os.chdir(f"{root}/{scene.__name__}")
        mlflow.set_tracking_uri(f"sqlite:///{root}/{scene.__name__}/{STORE}")
        told[scene.__name__] = scene()
    return told


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    folder = tmp_path_factory.mktemp("made")
    seen, kept = folder / "seen", folder / "kept"
    for scene in SCENES:
        new_store(seen / scene.__name__)
    told = apart(seen, play, str(seen))
    seen.rename(kept)
    return {name: Made(kept / name, str(seen / name), told) for name, told in told.items()}


@pytest.fixture
def tracked(made: dict[str, Made]) -> Made:
    return made["use_mlflow"]


@pytest.fixture
def modelled(made: dict[str, Made]) -> Made:
    return made["log_models"]


@pytest.fixture
def registered(made: dict[str, Made]) -> Made:
    return made["use_registry"]


def same(found: Iterable[float], wanted: Iterable[float]) -> bool:
    """Whether the numbers are the same, NaN being the same as NaN."""
    return all(a == b or (a != a and b != b) for a, b in zip(found, wanted, strict=True))


def test_runs_are_as_mlflow_tells_them(tracked: Made) -> None:
    told = {run["id"]: run for run in tracked.told["runs"]}
    assert {run.id for run in tracked.store.runs} == set(told) and len(told) == 9
    for run in tracked.store.runs:
        for key in ("name", "experiment", "status", "started_ms", "ended_ms", "deleted", "params", "tags"):
            assert getattr(run, key) == told[run.id][key], f"{key} of {run.name}"


def test_metrics_are_as_mlflow_tells_them(tracked: Made) -> None:
    for told in tracked.told["runs"]:
        run = tracked.store.run(told["id"])
        assert run is not None and set(run.metrics) == set(told["latest"]) == set(told["history"])
        for key, latest in told["latest"].items():
            found = run.metric(key)
            assert found is not None and same([found], [latest])
            points = [(point.step, point.timestamp, point.value) for point in run.metrics[key]]
            assert [point[0] for point in points] == sorted(point[0] for point in points)
            assert all(any(same(a, b) for b in told["history"][key]) for a in points)
            assert len(points) == len(told["history"][key])
        assert run.metric("no such metric") is None


def test_a_metric_has_its_values_in_the_order_of_steps(tracked: Made) -> None:
    (run,) = tracked.store.named("outer")
    assert [point.step for point in run.metrics["loss"]] == [0, 2, 2, 5, 10]
    assert same([p.value for p in run.metrics["loss"] if p.step != 2], [1.5, 0.5, math.nan])
    assert same([run.metric("loss") or 0.0, run.metric("broken") or 0.0], [math.nan, math.nan])


def test_runs_are_found_by_name_and_parent(tracked: Made) -> None:
    store = tracked.store
    (outer,) = store.named("outer")
    inner = store.named("inner")
    assert len(inner) == 2 and store.children(outer) == inner and all(run.parent == outer.id for run in inner)
    assert [run.metric("loss") for run in inner] == [0.0, 1.0], "in the order in which they began"
    assert outer.parent is None and not store.children(inner[0])
    assert store.named("after") and not store.named("before")
    assert not store.named("gone") and not store.named("lost"), "deleted, alone or with its experiment"
    assert {run.name for run in store.runs if run.deleted} == {"gone", "lost"}
    statuses = {run.name: run.status for run in store.runs}
    assert (statuses["open"], statuses["fails"], statuses["after"]) == ("RUNNING", "FAILED", "KILLED")
    assert store.run("no such run") is None and store.run(None) is None


def test_experiments_that_are_not_deleted_are_known(tracked: Made) -> None:
    assert tracked.store.experiments == tracked.told["experiments"]
    assert "/Users/learner/lost" not in tracked.store.experiments.values()


def test_artifacts_are_found_where_the_lab_lies_now(tracked: Made) -> None:
    (run,) = tracked.store.named("outer")
    assert run.files == (run.artifact("notes/hello.txt"),)
    assert run.files[0].is_relative_to(tracked.root) and run.files[0].read_text() == "hello"
    (other,) = tracked.store.named("open")
    assert other.files == () and other.models == ()


def test_a_run_whose_artifacts_lie_elsewhere_has_none(tracked: Made) -> None:
    (run,) = tracked.store.named("elsewhere")
    assert run.artifacts is None and run.files == () and run.models == ()
    assert not run.artifact("anything").exists()


def test_logged_models_are_as_mlflow_tells_them(modelled: Made) -> None:
    told = modelled.told
    here = [(m.id, m.name, str(m.path), m.run_id, m.created_ms) for m in modelled.store.models]
    moved = [(i, n, at.replace(modelled.seen_at, str(modelled.root)), r, c) for i, n, at, r, c in told["models"]]
    assert here == moved
    assert told["alone"] in {model.id for model in modelled.store.models}


def test_a_run_has_its_models_however_they_were_logged(modelled: Made) -> None:
    (run,) = modelled.store.named("models")
    assert [model.name for model in run.models] == ["deep/saved", "named", "placed"]
    assert [model.id is None for model in run.models] == [True, False, False]
    assert all("sklearn" in model.flavors for model in run.models)
    (second,) = modelled.store.named("second")
    assert [model.id for model in second.models] == [modelled.told["second"]]


def test_a_model_is_found_by_each_uri_that_names_it(modelled: Made) -> None:
    told, store = modelled.told, modelled.store
    named = store.model_at(f"models:/{told['named']}")
    assert named is not None and named.run_id == told["run"]
    assert store.model_at(f"runs:/{told['run']}/named") == named
    assert store.model_at(str(named.path).replace(str(modelled.root), modelled.seen_at)) == named
    saved = store.model_at(f"runs:/{told['run']}/deep/saved")
    assert saved is not None and saved.id is None and "sklearn" in saved.flavors
    within = str(saved.path).replace(str(modelled.root), modelled.seen_at)
    placed = store.model_at(f"file://{within}")
    assert placed is not None and placed.path == saved.path


def test_registered_versions_lead_to_their_models(modelled: Made) -> None:
    found = [modelled.store.model_at(v.source) for v in modelled.registry.models["price"].versions.values()]
    assert [v.source for v in modelled.registry.models["price"].versions.values()] == modelled.told["sources"]
    assert [None if model is None else (model.id, model.name) for model in found] == [
        (modelled.told["named"], "named"),
        (modelled.told["named"], "named"),
        (None, "saved"),
    ]


def test_a_copy_of_a_version_names_that_version(modelled: Made) -> None:
    """The store leads no further: which version it is a copy of may be what a suite asks."""
    (copy,) = modelled.registry.models["copied"].versions.values()
    assert copy.source == modelled.told["copy"] == "models:/price/1"
    assert modelled.store.model_at(copy.source) is None


@pytest.mark.parametrize(
    "uri",
    [
        *("", "/", "models:/", "models:/m-0", "models:/price/1", "models:/price@champion", "runs:/", "runs:/0/named"),
        *("runs:/x", "s3://bucket/model", "http://[", "file://[::1", "//[", "https://host/x", "dbfs:/model"),
        *("/etc", "file:///etc", "..", "../kept", "\0", "a" * 5000, "a/" * 3000, "/" + "a" * 300, "\ud800"),
    ],
)  # fmt: skip
def test_a_uri_that_names_no_model_leads_nowhere(modelled: Made, uri: str) -> None:
    assert modelled.store.model_at(uri) is None


def test_the_registry_is_as_mlflow_tells_it(registered: Made) -> None:
    told, found = registered.told["models"], registered.registry.models
    assert set(found) == set(told) == {"price", "empty", "again", "draft", "final"}
    for name, model in found.items():
        assert model.name == name
        assert model.description == (told[name]["description"] or "")
        assert model.tags == told[name]["tags"] and model.aliases == told[name]["aliases"]
        assert list(model.versions) == sorted(told[name]["versions"])
        for number, version in model.versions.items():
            wanted = told[name]["versions"][number]
            assert version.number == number
            assert version.description == (wanted["description"] or "")
            for key in ("stage", "tags", "source", "run_id", "status", "created_ms", "updated_ms"):
                assert getattr(version, key) == wanted[key], f"{key} of {name} {number}"
    price = found["price"]
    assert price.deleted == {4} and found["again"].deleted == set()
    assert price.in_stage("Production") == (2,) and price.in_stage("Archived") == (1,)
    assert price.versions[1].run_id is None and price.versions[2].run_id == registered.told["run"]


@pytest.mark.parametrize(
    ("version", "stages"),
    [
        (1, ("None", "Staging", "Production", "Archived")),  # archived by another's move to production
        (2, ("None", "Staging", "Production")),
        (3, ("None", "Staging", "None")),  # set twice, it was one move
        (4, ("None", registry.DELETED)),
        (5, ()),
    ],
)
def test_the_journal_tells_through_which_stages_a_version_went(
    registered: Made, version: int, stages: tuple[str, ...]
) -> None:
    assert registered.registry.stages("price", version) == stages


@pytest.mark.parametrize(
    ("alias", "versions"),
    [("champion", (1, 2)), ("challenger", (3, None, 4, None)), ("old", (4, None)), ("none", ())],
)
def test_the_journal_tells_where_an_alias_pointed(
    registered: Made, alias: str, versions: tuple[int | None, ...]
) -> None:
    assert registered.registry.pointed("price", alias) == versions


def test_a_model_made_anew_does_not_inherit_its_stages(registered: Made) -> None:
    assert registered.registry.stages("again", 1) == ("None", "Staging")
    assert registered.registry.stages("empty", 1) == ()


def test_a_renamed_model_keeps_its_past(registered: Made) -> None:
    assert registered.registry.stages("final", 1) == ("None", "Staging", "Production")
    assert registered.registry.pointed("final", "best") == (1,)
    assert registered.registry.stages("draft", 1) == ("None",) and registered.registry.pointed("draft", "best") == ()


def test_the_journal_keeps_the_order_and_the_times(registered: Made) -> None:
    journal = registered.registry.journal
    assert [event.at_ms for event in journal] == sorted(event.at_ms for event in journal)
    first = registered.registry.models["price"].versions[1].created_ms
    # Dates before the year 2100, in milliseconds: the journal's clock is that of MLflow.
    assert abs(journal[0].at_ms - first) < 60_000
    moved = [(event.version, event.old, event.new) for event in journal if event.what == "stage"]
    assert moved.index((2, "Staging", "Production")) - moved.index((1, "Production", "Archived")) in (1, -1)
    assert {event.what for event in journal} == {"version", "stage", "alias"}


# What was spoiled


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lab's folder, with something in every table that is read."""
    root = tmp_path_factory.mktemp("good") / "root"
    path = new_store(root, SEEN_AT)
    with contextlib.closing(sqlite3.connect(path)) as store, store:
        insert(
            store, "experiments", experiment_id=7, name="/good", artifact_location="/lab/x", lifecycle_stage="active"
        )
        for number in range(3):
            insert_run(store, f"{number:032x}", start_time=1_000 + number)
            insert(store, "tags", run_uuid=f"{number:032x}", key="team", value="north")
        insert(
            store,
            "logged_models",
            **{"model_id": "m-1", "experiment_id": 7, "name": "model", "artifact_location": "/lab/model", "status": 2},
            **{"creation_timestamp_ms": 5, "last_updated_timestamp_ms": 5, "lifecycle_stage": "active"},
        )
        ends = {"source_type": "RUN_OUTPUT", "source_id": f"{0:032x}", "destination_type": "MODEL_OUTPUT"}
        insert(store, "inputs", input_uuid="i", destination_id="m-1", **ends)
        insert(store, "registered_models", name="price", creation_time=1, last_updated_time=1)
        insert(store, "registered_model_tags", name="price", key="team", value="north")
        version = {"name": "price", "version": 1, "creation_time": 1, "last_updated_time": 1, "current_stage": "None"}
        insert(store, "model_versions", **version, source="/lab/model", status="READY")
        insert(store, "model_version_tags", name="price", version=1, key="team", value="north")
        insert(store, "registered_model_aliases", name="price", alias="champion", version=1)
    return root


def insert(store: sqlite3.Connection, table: str, **values: Any) -> None:
    marks = ", ".join("?" * len(values))
    store.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))


def insert_run(store: sqlite3.Connection, run_id: str, points: int = 1, **values: Any) -> None:
    given = {"name": "run", "status": "FINISHED", "lifecycle_stage": "active", "experiment_id": 7, "start_time": 1}
    insert(store, "runs", run_uuid=run_id, artifact_uri=f"/lab/mlruns/7/{run_id}/artifacts", **{**given, **values})
    insert(store, "params", run_uuid=run_id, key="depth", value="3")
    rows = [(run_id, "loss", step / 7, step, 1_000 + step, False) for step in range(points)]
    columns = "run_uuid, key, value, step, timestamp, is_nan"
    store.executemany(f"INSERT INTO metrics ({columns}) VALUES (?, ?, ?, ?, ?, ?)", rows)


@pytest.fixture
def root(good: Path, tmp_path: Path) -> Path:
    """A copy of the good lab, to be spoiled."""
    return Path(shutil.copytree(good, tmp_path / "root"))


def track(root: Path, within: Path | None = None) -> Store:
    return tracking.open_store(root / STORE, within or root, SEEN_AT)


def read_registry(root: Path) -> Registry:
    return registry.open_registry(root / STORE)


READERS: dict[str, Callable[[Path], Store | Registry]] = {
    **dict.fromkeys(tracking._TABLES, track),
    **dict.fromkeys(registry._TABLES, read_registry),
}
"""Who reads a table."""


def typed(run: Run) -> bool:
    """Whether all of a run is of the types that it promises."""
    points = [point for points in run.metrics.values() for point in points]
    texts = [run.id, run.name, run.status, *run.params.values(), *run.tags, *run.tags.values()]
    return (
        all(isinstance(text, str) for text in texts)
        and isinstance(run.started_ms, int)
        and isinstance(run.ended_ms, int | None)
        and all(isinstance(p.step, int) and isinstance(p.timestamp, int) and isinstance(p.value, float) for p in points)
    )


def change(root: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(root / STORE)) as store, store:
        for pragma in ("legacy_alter_table = ON", "synchronous = OFF", "journal_mode = MEMORY"):
            store.execute(f"PRAGMA {pragma}")
        for statement in statements:
            store.execute(statement)


def loosened(table: str) -> tuple[str, ...]:
    """Statements that make a table anew without what MLflow forbids its values."""
    return (
        f"CREATE TABLE loose AS SELECT * FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE loose RENAME TO {table}",
    )


def test_what_is_spoiled_below_was_good(root: Path) -> None:
    store, models = track(root), read_registry(root)
    assert [run.metric("loss") for run in store.runs] == [0.0, 0.0, 0.0] and all(map(typed, store.runs))
    assert [model.id for model in store.runs[0].models] == ["m-1"]
    assert models.models["price"].aliases == {"champion": 1} and len(models.journal) == 2
    for table in ("runs", "metrics", "model_versions"):
        change(root, *loosened(table))
    assert track(root) == store and read_registry(root) == models


def gone(path: Path) -> None:
    path.unlink()


def gone_with_its_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_within_the_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def noise(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(100_000))


def noise_below_a_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100] + random.Random(2).randbytes(100_000))


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def socket(path: Path) -> None:
    import socket

    path.unlink()
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(here)


def link_to_a_good_one(path: Path) -> None:
    path.symlink_to(path.rename(path.with_name("elsewhere.db")))


def link_to_a_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def device(path: Path) -> None:
    path.unlink()
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root can make a device")


def unreadable_by_its_mode(path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads what nobody may")
    path.chmod(0)


def too_large(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(300 << 20)


def another_database(path: Path) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE runs (run_uuid)")


def journal_as_pipe(path: Path) -> None:
    os.mkfifo(f"{path}-journal")


def log_as_link(path: Path) -> None:
    path.with_name(f"{path.name}-wal").symlink_to("/dev/zero")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("read", [track, read_registry])
@pytest.mark.parametrize(
    "spoil",
    [
        *(gone, gone_with_its_folder, empty, cut, cut_within_the_header, noise, noise_below_a_header),
        *(folder, pipe, socket),
        *(link_to_a_good_one, link_to_a_device, link_to_itself, device, unreadable_by_its_mode, too_large),
        *(another_database, journal_as_pipe, log_as_link),
    ],
    ids=lambda function: function.__name__,
)  # fmt: skip
def test_what_is_no_store_is_not_read(root: Path, spoil: Spoil, read: Callable[[Path], object]) -> None:
    spoil(root / STORE)
    with pytest.raises(Unreadable):
        read(root)


ENDLESS = "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n) SELECT"
SLOW = "instr(hex(zeroblob(20000000)), hex(zeroblob(10000000)) || '1')"
"""What takes for ever, and SQLite can't be interrupted at."""


def columns(table: str) -> tuple[str, ...]:
    return tuple({**tracking._TABLES, **registry._TABLES}[table])


def dropped(table: str) -> list[str]:
    return [f"DROP TABLE {table}"]


def as_view(table: str) -> list[str]:
    return [f"ALTER TABLE {table} RENAME TO hidden", f"CREATE VIEW {table} AS SELECT * FROM hidden"]


def as_endless_view(table: str) -> list[str]:
    names = ", ".join(f'x AS "{name}"' for name in columns(table))
    return [f"DROP TABLE {table}", f"CREATE VIEW {table} AS {ENDLESS} {names} FROM n"]


def as_virtual_table(table: str) -> list[str]:
    return [f"DROP TABLE {table}", f"CREATE VIRTUAL TABLE {table} USING fts5({', '.join(columns(table))})"]


def with_columns_that_compute(table: str) -> list[str]:
    *kept, last = columns(table)
    names = ", ".join(f'"{name}"' for name in kept)
    return [
        f"DROP TABLE {table}",
        f'CREATE TABLE {table} ({names}, "{last}" AS (1 + 1))',
        f"INSERT INTO {table} ({names}) VALUES ({', '.join('1' * len(kept))})",
        "PRAGMA writable_schema = ON",  # with the slow one at once, the insert itself would not end
        f"UPDATE sqlite_master SET sql = replace(sql, '1 + 1', \"{SLOW}\") WHERE name = '{table}'",
    ]


def with_a_column_renamed(table: str) -> list[str]:
    return [f'ALTER TABLE {table} RENAME COLUMN "{columns(table)[-1]}" TO other']


def with_a_column_dropped(table: str) -> list[str]:
    names = ", ".join(f'"{name}"' for name in columns(table)[1:])
    less = f"CREATE TABLE less AS SELECT {names} FROM {table}"
    return [less, f"DROP TABLE {table}", f"ALTER TABLE less RENAME TO {table}"]


def of_another_name(table: str) -> list[str]:
    return [f"ALTER TABLE {table} RENAME TO {table}_"]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("table", ["runs", "metrics", "tags", "model_versions", "registry_journal"])
@pytest.mark.parametrize(
    "statements",
    [
        *(dropped, as_view, as_endless_view, as_virtual_table, with_columns_that_compute),
        *(with_a_column_renamed, with_a_column_dropped, of_another_name),
    ],
    ids=lambda function: function.__name__,
)
def test_a_table_that_mlflow_did_not_make_is_not_read(
    root: Path, table: str, statements: Callable[[str], list[str]]
) -> None:
    change(root, *statements(table))
    with pytest.raises(Unreadable):
        READERS[table](root)


@pytest.mark.timeout(60)
def test_a_schema_that_lies_about_a_view_is_not_read(root: Path) -> None:
    names = ", ".join(f"x AS {name}" for name in columns("tags"))
    change(
        root,
        "DROP TABLE tags",
        f"CREATE VIEW tags AS {ENDLESS} {names} FROM n",
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET type = 'table' WHERE name = 'tags'",
    )
    with pytest.raises(Unreadable):
        track(root)


BAD_TEXT = "CAST(X'ff41' AS TEXT)"
INFINITE = "9e999"


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("runs", "start_time", "'yesterday'"),
        ("runs", "end_time", "X'00'"),
        ("runs", "start_time", INFINITE),
        ("runs", "name", BAD_TEXT),
        ("runs", "artifact_uri", BAD_TEXT),
        ("metrics", "value", "'much'"),
        ("metrics", "value", "NULL"),
        ("metrics", "value", "X'ff'"),
        ("metrics", "step", "'first'"),
        ("metrics", "step", "NULL"),
        ("metrics", "step", INFINITE),
        ("metrics", "timestamp", "NULL"),
        ("metrics", "key", BAD_TEXT),
        ("params", "value", BAD_TEXT),
        ("tags", "key", BAD_TEXT),
        ("logged_models", "creation_timestamp_ms", "NULL"),
        ("logged_models", "creation_timestamp_ms", "'now'"),
        ("model_versions", "version", "'first'"),
        ("model_versions", "version", "NULL"),
        ("model_versions", "version", INFINITE),
        ("model_versions", "creation_time", "NULL"),
        ("model_versions", "current_stage", BAD_TEXT),
        ("model_version_tags", "value", BAD_TEXT),
        ("registered_model_aliases", "version", "'first'"),
        ("registered_model_aliases", "version", "NULL"),
        ("registry_journal", "version", "'first'"),
        ("registry_journal", "at_ms", "NULL"),
        ("registry_journal", "id", "'first'"),
        ("registry_journal", "new", BAD_TEXT),
    ],
)
def test_values_that_mlflow_never_writes_are_not_read(root: Path, table: str, column: str, value: str) -> None:
    change(root, *loosened(table), f"UPDATE {table} SET {column} = {value}")
    with pytest.raises(Unreadable):
        READERS[table](root)


@pytest.mark.parametrize("value", ["NULL", "''", "X'ff'", "1e300", str(-(2**63)), "char(0, 27, 91)"])
def test_odd_values_are_refused_or_of_the_promised_types(root: Path, value: str) -> None:
    """Each column that is read, one after another; what is read of it can be asked for everything."""
    change(root, *(statement for table in READERS for statement in loosened(table)))
    loose = (root / STORE).read_bytes()
    for table, read in READERS.items():
        for column in columns(table):
            (root / STORE).write_bytes(loose)
            change(root, f'UPDATE {table} SET "{column}" = {value}')
            with contextlib.suppress(Unreadable):
                found = read(root)
                if isinstance(found, Store):
                    assert all(map(typed, found.runs)), f"{table}.{column}"
                    assert all(isinstance(run.models, tuple) for run in found.runs), f"{table}.{column}"
                    assert all(isinstance(found.children(run), tuple) for run in found.runs), f"{table}.{column}"
                else:
                    assert all(isinstance(model.name, str) for model in found.models.values()), f"{table}.{column}"
                    assert isinstance(found.stages("price", 1), tuple)


def test_bytes_changed_at_random_are_refused_or_read(root: Path, tmp_path: Path) -> None:
    """In the pages that hold the schema and the rows; SQLite must find its way out of each."""
    path = root / STORE
    with contextlib.closing(sqlite3.connect(path)) as store:
        (size,) = store.execute("PRAGMA page_size").fetchone()
        roots = dict(store.execute("SELECT name, rootpage FROM sqlite_master WHERE type = 'table'"))
    good = path.read_bytes()
    refused = 0
    for seed in range(100):
        rng = random.Random(seed)
        content = bytearray(good)
        start = (roots[rng.choice(list(READERS))] - 1) * size if seed % 3 else 0
        for _ in range(rng.choice((1, 4, 50))):
            # Headers, where the structure is, more often than the rows.
            content[start + rng.randrange(rng.choice((120, size)))] = rng.randrange(256)
        path.write_bytes(content)
        for read in (track, read_registry):
            try:
                assert read(root) is not None
            except Unreadable:
                refused += 1
    assert refused, "what was changed was nothing that matters"


@pytest.mark.timeout(60)
def test_a_row_that_stands_for_thousands_is_not_read(root: Path) -> None:
    """A leaf of a table whose entries are all the same long row: a file of some megabytes, and gigabytes to read."""
    long = "x" * (3 << 20)
    change(root, *loosened("params"), "DELETE FROM params", f"INSERT INTO params VALUES ('key', '{long}', 'run')")
    path = root / STORE
    with contextlib.closing(sqlite3.connect(path)) as store:
        (size,) = store.execute("PRAGMA page_size").fetchone()
        (page,) = store.execute("SELECT rootpage FROM sqlite_master WHERE name = 'params'").fetchone()
    content = bytearray(path.read_bytes())
    start = (page - 1) * size
    kind, _, count, cells = struct.unpack_from(">BHHH", content, start)
    assert (kind, count) == (13, 1), "one row on one leaf"
    (cell,) = struct.unpack_from(">H", content, start + 8)
    repeated = (cells - 8) // 2 - 1
    assert repeated > 400
    struct.pack_into(">H", content, start + 3, repeated)
    struct.pack_into(f">{repeated}H", content, start + 8, *[cell] * repeated)
    path.write_bytes(content)
    with pytest.raises(Unreadable):
        track(root)


def test_more_rows_than_can_be_judged_are_not_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.evidence.database.MOST_ROWS", 2)
    with pytest.raises(Unreadable, match="more than can be judged"):
        track(root)


# What an interrupted writer left behind


KILLED = """
import os, signal, sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    store.execute(statement)
os.kill(os.getpid(), signal.SIGKILL)
"""
MANY = "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < 5000)"


def killed(root: Path, *statements: str) -> None:
    """A process that runs the statements and is killed."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(root / STORE), *statements])
    assert done.returncode == -signal.SIGKILL


def contents(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()}


@pytest.fixture
def interrupted(root: Path) -> Path:
    """A lab whose store was being written to, more than a cache holds, when the writer was killed."""
    before = contents(root)
    killed(
        root,
        "PRAGMA cache_size = 5",
        "PRAGMA cache_spill = 1",
        "BEGIN",
        "UPDATE runs SET name = 'half done'",
        "UPDATE experiments SET name = 'half done' || experiment_id",
        "UPDATE model_versions SET current_stage = 'Production'",
        f"{MANY} INSERT INTO tags (run_uuid, key, value) SELECT 'r', 'key' || x, hex(zeroblob(300)) FROM n",
    )
    assert (root / f"{STORE}-journal").stat().st_size > 0
    assert contents(root)[STORE] != before[STORE]
    return root


def test_an_interrupted_write_is_undone_and_the_lab_left_alone(good: Path, interrupted: Path, tmp_path: Path) -> None:
    left = contents(interrupted)
    assert track(interrupted, good) == track(good) and read_registry(interrupted) == read_registry(good)
    assert contents(interrupted) == left
    without = tmp_path / "without"
    without.mkdir()
    (without / STORE).write_bytes(left[STORE])
    with contextlib.suppress(Unreadable):
        assert track(without, good) != track(good), "there was nothing to undo"


def test_a_damaged_journal_is_refused_or_undoes(good: Path, interrupted: Path) -> None:
    path = interrupted / f"{STORE}-journal"
    left = path.read_bytes()
    for seed in range(20):
        rng = random.Random(seed)
        damaged = bytearray(left[: rng.randrange(len(left))] if seed % 2 else left)
        for _ in range(5):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged)
        with contextlib.suppress(Unreadable):
            assert all(map(typed, track(interrupted).runs))


def test_a_journal_that_names_another_file_does_not_reach_it(interrupted: Path, tmp_path: Path) -> None:
    """SQLite deletes the file that a journal names as the one for several databases: it could be any of the user's."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    name = str(precious).encode()
    page = (0x40000000 // 4096) + 1  # the page of the pending byte, by which SQLite knows the name
    ends = struct.pack(">II", len(name), sum(name)) + bytes.fromhex("d9d505f920a163d7")
    with (interrupted / f"{STORE}-journal").open("ab") as journal:
        journal.write(struct.pack(">I", page) + name + ends)
    with pytest.raises(Unreadable):
        track(interrupted)
    assert precious.read_text() == "precious"


def test_a_store_with_a_write_ahead_log_is_read_with_it(good: Path, root: Path) -> None:
    killed(
        root,
        "PRAGMA journal_mode = WAL",
        "PRAGMA wal_autocheckpoint = 0",
        "UPDATE runs SET name = 'in the log'",
        "UPDATE model_versions SET current_stage = 'Staging'",
    )
    left = contents(root)
    assert left[f"{STORE}-wal"]
    assert len(track(root).named("in the log")) == 3
    assert read_registry(root).stages("price", 1) == ("None", "Staging")
    assert contents(root) == left
    (root / f"{STORE}-wal").write_bytes(random.Random(1).randbytes(50_000))
    assert not track(root).named("in the log"), "a log without a valid frame counts as none"


def test_a_large_store_is_read_whole(root: Path) -> None:
    with contextlib.closing(sqlite3.connect(root / STORE)) as store, store:
        for number in range(1_000):
            insert_run(store, f"{number + 10:032x}", points=50, start_time=10_000 + number)
    found = track(root)
    assert len(found.runs) == 1_003
    assert sum(len(run.metrics["loss"]) for run in found.runs) == 50_003
    assert found.runs[-1].metric("loss") == 7.0


# Where artifacts lie


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A lab's folder with a model in it, with ways out of it, and a model outside."""
    root = tmp_path / "lab" / "root"
    for folder in (root / "mlruns" / "model", root / "with space", tmp_path / "lab" / "outside"):
        folder.mkdir(parents=True)
        (folder / "MLmodel").write_text("flavors: {}")
    (root / "out").symlink_to(tmp_path / "lab" / "outside")
    (root / "round").symlink_to(root / "mlruns")
    (root / "loop").symlink_to("loop")
    (root / "mlruns" / "up").symlink_to("../..")
    return root


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("/lab/mlruns/model", "mlruns/model"),
        ("file:///lab/mlruns/model", "mlruns/model"),
        ("file:/lab/mlruns/model", "mlruns/model"),
        ("/lab/mlruns/../mlruns//model/", "mlruns/model"),
        ("mlruns/model", "mlruns/model"),
        ("./mlruns/model", "mlruns/model"),
        ("/lab/with space", "with space"),
        ("file:///lab/with%20space", "with space"),
        ("/lab/not/there", "not/there"),
        ("/lab", "."),
        # Percent signs mean something in URIs alone.
        ("/lab/with%20space", "with%20space"),
    ],
)
def test_a_place_in_the_lab_is_found(lab: Path, uri: str, place: str) -> None:
    assert files.inside(lab, "/lab", uri) == lab / place


@pytest.mark.parametrize(
    "uri",
    [
        *("/", "/etc/passwd", "/lab/..", "/lab/../etc", "/labx", "/lab2/mlruns"),
        *("..", "../root", "mlruns/../../outside"),
        *("file:///etc/passwd", "file:///lab/../etc", "file:///lab/%2e%2e/outside", "file:///lab/..%2foutside"),
        *("file://host/lab/mlruns", "file://localhost/lab/mlruns", "file://lab/mlruns", "//host/lab/mlruns"),
        *("s3://bucket/lab", "http://host/lab", "https:///lab/mlruns", "dbfs:/lab/mlruns", "mlflow-artifacts:/mlruns"),
        *("models:/m-1", "runs:/1/model", "FTP:///lab/mlruns", "file://[/lab", "http://[/lab", "//[/lab"),
        *("/lab/out", "/lab/out/MLmodel", "file:///lab/out", "/lab/round/model"),
        *("/lab/mlruns/up", "/lab/mlruns/up/root"),
        *("/lab/loop", "/lab/loop/x", "/lab/mlruns/../out", "out", "./round/model"),
        *("/lab/a\0b", "file:///lab/a%00b", "\0", "/lab/" + "n" * 300, "/lab/" + "n/" * 5000, "/lab/\ud800"),
    ],
)  # fmt: skip
def test_no_uri_leads_out_of_the_lab(lab: Path, uri: str) -> None:
    assert files.inside(lab, "/lab", uri) is None


@pytest.mark.parametrize(
    "uri",
    ["/etc", "../outside", "/lab/out", "file://host/lab", "http://[", "/lab/" + "n" * 300, "/lab/loop/x", "x\x00y"],
)
def test_runs_and_models_that_lie_elsewhere_show_nothing(lab: Path, good: Path, uri: str) -> None:
    shutil.copy(good / STORE, lab / STORE)
    with contextlib.closing(sqlite3.connect(lab / STORE)) as store, store:
        store.execute("UPDATE runs SET artifact_uri = ?", (uri,))
        store.execute("UPDATE logged_models SET artifact_location = ?", (uri,))
    found = track(lab)
    assert len(found.runs) == 3 and not found.models
    assert all(run.artifacts is None and run.files == () and run.models == () for run in found.runs)
    assert found.model_at(uri) is None


def test_what_mlflows_server_keeps_is_found_in_its_folder(lab: Path, good: Path) -> None:
    shutil.copy(good / STORE, lab / STORE)
    (lab / "mlartifacts").symlink_to("mlruns")
    store = track(lab)
    assert store.model_at("mlflow-artifacts:/model") is None, "a link"
    (lab / "mlartifacts").unlink()
    (lab / "mlruns").rename(lab / "mlartifacts")
    for uri in ("mlflow-artifacts:/model", "mlflow-artifacts://localhost:5000/model", "mlflow-artifacts:///model"):
        found = store.model_at(uri)
        assert found is not None and found.path == lab / "mlartifacts" / "model"
    for uri in ("mlflow-artifacts:/../../outside", "mlflow-artifacts:/../out", "mlflow-artifacts:/up/outside"):
        assert store.model_at(uri) is None


def test_a_run_with_a_link_among_its_artifacts_is_not_read(lab: Path, good: Path) -> None:
    shutil.copy(good / STORE, lab / STORE)
    run = track(lab).runs[0]
    assert run.artifacts is not None
    run.artifacts.mkdir(parents=True)
    (run.artifacts / "model").symlink_to(lab.parent / "outside")
    with pytest.raises(Unreadable):
        _ = run.files
    with pytest.raises(Unreadable):
        _ = run.models


def test_a_model_is_looked_for_some_folders_deep(lab: Path, good: Path) -> None:
    shutil.copy(good / STORE, lab / STORE)
    run = track(lab).runs[1]
    assert run.artifacts is not None
    for deep in ("a", "a/b/c/d/e", "a/b/c/d/e/f"):
        (run.artifacts / deep).mkdir(parents=True)
        (run.artifacts / deep / "MLmodel").write_text("flavors: {sklearn: {}}")
    (run.artifacts / "folder" / "MLmodel").mkdir(parents=True)
    assert [model.name for model in run.models] == ["a", "a/b/c/d/e"]
    assert all(isinstance(model, models.Model) and "sklearn" in model.flavors for model in run.models)


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "link", "large", "name"])
def test_files_that_are_none_are_not_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/etc/passwd")
    elif kind == "large":
        path.write_bytes(b"x" * 11)
    elif kind == "name":
        path = tmp_path / "a\0b"
    with pytest.raises(Unreadable):
        files.read_bytes(path, 10)


def test_a_plain_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 10)
    assert files.read_bytes(tmp_path / "file", 10) == b"x" * 10
    assert files.refuse_strange(tmp_path) == 10


@pytest.mark.parametrize("kind", ["missing", "file", "pipe", "link", "many", "deep"])
def test_folders_with_more_than_files_are_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "folder"
    if kind == "file":
        path.write_text("")
    elif kind != "missing":
        (path / "below").mkdir(parents=True)
        (path / "below" / "plain").write_text("x")
    if kind == "pipe":
        os.mkfifo(path / "below" / "pipe")
    elif kind == "link":
        (path / "below" / "link").symlink_to("plain")
    elif kind == "many":
        for number in range(10):
            (path / "below" / str(number)).write_text("")
    elif kind == "deep":
        here = os.open(path, os.O_RDONLY)
        for _ in range(60):
            os.mkdir("d" * 200, dir_fd=here)
            below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(here)
    with pytest.raises(Unreadable):
        files.refuse_strange(path, most=10 if kind == "many" else files.MOST_FILES)
    if kind == "deep":
        subprocess.run(["rm", "-rf", "--", str(path)], check=True)
