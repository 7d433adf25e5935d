"""What ``fixtures/mlflow_store.py`` writes as rows is what MLflow's own client reads, and can go on from."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from fixtures import mlflow_store
from fixtures.mlflow_store import linear_score
from grader.evidence import registry, tracking
from grader.runtime.templates import STORE
from tests.apart import apart, new_store

pytestmark = pytest.mark.server

Told = dict[str, Any]

AT = 1_767_225_600_000
EXPERIMENT = 71
RUNS: dict[str, Told] = {
    "a" * 32: {
        "name": "forest-1",
        "started_ms": AT + 5_000,
        "seconds": 2.5,
        "params": {"max_depth": 3, "rate": 0.25, "kind": "gini"},
        "metrics": {"f1": [(0, 0.5), (1, 0.9), (2, 0.7)], "loss": [(3, -1.5)]},
        "tags": {"team": "north", "note": "größer"},
    },
    "b" * 32: {
        "name": "forest-2",
        "started_ms": AT,
        "metrics": {"f1": [(5, 0.95), (0, 0.1)]},
        "tags": {"team": "south"},
    },
    "c" * 32: {"name": "failed", "started_ms": AT + 1, "status": "FAILED", "metrics": {"f1": [(0, 0.99)]}},
    "d" * 32: {"name": "open", "started_ms": AT + 2, "status": "RUNNING"},
    "e" * 32: {"name": "deleted", "started_ms": AT + 3, "deleted": True, "metrics": {"f1": [(0, 0.98)]}},
}
LAST = {"a" * 32: {"f1": 0.7, "loss": -1.5}, "b" * 32: {"f1": 0.95}, "c" * 32: {"f1": 0.99}, "e" * 32: {"f1": 0.98}}
"""A metric's value at its highest step."""

MODELS: dict[int, Told] = {
    1: {"weights": {"area": 0.5, "rooms": -2.0}, "threshold": 1.0, "stage": "Archived"},
    2: {"weights": {"area": 1.0, "rooms": 1.0}, "threshold": 10.0, "stage": "Production"},
    3: {"weights": {"rooms": 0.1, "area": 0.2}, "threshold": 0.3, "stage": "None"},
}
TAGS: dict[int, dict[str, str]] = {1: {}, 2: {"validated": "yes"}, 3: {"validated": "no", "by": "wärter"}}
ALIASES = {"champion": 2, "challenger": 3, "old": 2}
# The first row lies on the first threshold and the second on the others': no score may be "at least".
ROWS: list[dict[str, float]] = [
    {"area": 6.0, "rooms": 1.0},
    {"area": 1.0, "rooms": 9.0},
    {"area": 0.0, "rooms": 3.0},
    {"area": -4.0, "rooms": -7.5},
    {"area": 1e9, "rooms": 1e-9},
    {"area": 0.1, "rooms": 2.8},
]


def fill(root: Path) -> None:
    with mlflow_store.opened(root) as store:
        store.experiment(EXPERIMENT, "/Shared/archive", made_ms=AT)
        for run_id, run in RUNS.items():
            store.run(EXPERIMENT, run_id, **run)
        store.registered_model("price", made_ms=AT, description="Prices.", tags={"owner": "north"})
        store.registered_model("bare", made_ms=AT)
        for number, model in MODELS.items():
            weights, threshold = model["weights"], model["threshold"]
            source = store.model(EXPERIMENT, f"m-{number:032x}", "a" * 32, weights=weights, threshold=threshold)
            store.version(
                "price",
                number,
                source=source,
                run_id="a" * 32,
                made_ms=AT + number,
                stage=model["stage"],
                description=f"No {number}.",
                tags=TAGS[number],
            )
        for alias, number in ALIASES.items():
            store.alias("price", alias, number)


def tell() -> Told:
    """What MLflow's client tells of the store, and what its models predict."""
    import mlflow
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.entities import ViewType

    client = MlflowClient()
    experiment = client.get_experiment_by_name("/Shared/archive")
    runs = {
        run.info.run_id: run
        for run in client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, order_by=["start_time"])
    }
    searches = {
        "metrics.f1 > 0.6 and attributes.status = 'FINISHED'": ["metrics.f1 DESC"],
        "tags.team = 'north'": [],
        "params.kind = 'gini'": [],
        "attributes.run_name LIKE 'forest%'": ["attributes.start_time ASC"],
    }
    price = client.get_registered_model("price")
    frame = pd.DataFrame(ROWS)
    uris = [f"models:/price/{number}" for number in MODELS]
    uris += ["models:/price@champion", "models:/price/Production", client.get_model_version("price", "2").source]
    return {
        "experiment": {"id": experiment.experiment_id, "made": experiment.creation_time},
        "order": list(runs),
        "runs": {
            run_id: {
                "name": run.info.run_name,
                "status": run.info.status,
                "started": run.info.start_time,
                "ended": run.info.end_time,
                "deleted": run.info.lifecycle_stage == "deleted",
                "params": run.data.params,
                "metrics": run.data.metrics,
                "tags": run.data.tags,
                "history": {
                    key: [(p.step, p.value) for p in client.get_metric_history(run_id, key)] for key in run.data.metrics
                },
                "artifacts": [file.path for file in client.list_artifacts(run_id)],
            }
            for run_id, run in runs.items()
        },
        "found": {
            query: [run.info.run_id for run in client.search_runs([experiment.experiment_id], query, order_by=order)]
            for query, order in searches.items()
        },
        "table": len(mlflow.search_runs(experiment_names=["/Shared/archive"])),
        "price": {"tags": price.tags, "aliases": dict(price.aliases), "description": price.description},
        "bare": client.get_registered_model("bare").latest_versions,
        "latest": {v.current_stage: int(v.version) for v in price.latest_versions},
        "versions": {
            int(v.version): (v.current_stage, v.tags, v.description, v.status, v.run_id, v.creation_timestamp)
            for v in client.search_model_versions("name = 'price'")
        },
        "pointed": {alias: int(client.get_model_version_by_alias("price", alias).version) for alias in ALIASES},
        "predicted": {uri: [int(n) for n in mlflow.pyfunc.load_model(uri).predict(frame)] for uri in uris},
        "inputs": [mlflow.models.get_model_info(uri).signature.inputs.input_names() for uri in uris[:3]],
    }


def go_on() -> Told:
    """What a notebook does next with what it finds in the store."""
    import mlflow
    from mlflow import MlflowClient

    client = MlflowClient()
    mlflow.set_experiment("/Shared/archive")
    with mlflow.start_run(run_name="mine") as run:
        mlflow.log_metric("f1", 0.5)
        mlflow.log_text("x", "note.txt")
    client.log_metric("d" * 32, "f1", 0.25, step=4)
    client.set_terminated("d" * 32)
    client.log_metric("a" * 32, "f1", 0.8, step=9)
    client.restore_run("e" * 32)
    source = client.get_model_version("price", "1").source
    made = client.create_model_version("price", source, run_id=run.info.run_id)
    client.transition_model_version_stage("price", made.version, "Production", archive_existing_versions=True)
    client.set_registered_model_alias("price", "champion", made.version)
    client.delete_registered_model_alias("price", "old")
    client.set_model_version_tag("price", "1", "seen", "yes")
    client.delete_model_version("price", "3")
    client.rename_registered_model("bare", "better")
    return {"run": run.info.run_id, "version": int(made.version), "latest": client.get_run("a" * 32).data.metrics["f1"]}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("written") / "root"
    new_store(root)
    fill(root)
    return root


@pytest.fixture(scope="module")
def told(root: Path) -> Told:
    return apart(root, both, str(root))


def both(root: str) -> Told:
    told = tell()
    # What the store holds in between is kept for the tests: MLflow is loaded once for both.
    kept = Path(root).with_name("kept.db")
    kept.write_bytes((Path(root) / STORE).read_bytes())
    return {**told, "next": go_on()}


def test_runs_are_read_by_mlflow(told: Told) -> None:
    assert told["experiment"]["id"] == str(EXPERIMENT) and told["experiment"]["made"] == AT
    assert set(told["runs"]) == set(RUNS) and told["table"] == len(RUNS) - 1
    for run_id, run in RUNS.items():
        found = told["runs"][run_id]
        ended = run["started_ms"] + round(run.get("seconds", 60) * 1000)
        assert found["name"] == run["name"] and found["status"] == run.get("status", "FINISHED")
        assert found["started"] == run["started_ms"]
        assert found["ended"] == (None if run.get("status") == "RUNNING" else ended)
        assert found["deleted"] == run.get("deleted", False)
        assert found["params"] == {key: str(value) for key, value in run.get("params", {}).items()}
        assert found["metrics"] == LAST.get(run_id, {})
        assert {**run.get("tags", {}), "mlflow.runName": run["name"], "mlflow.user": "colleague"} == found["tags"]
        assert {key: sorted(points) for key, points in found["history"].items()} == {
            key: sorted(points) for key, points in run.get("metrics", {}).items()
        }
        assert found["artifacts"] == []


def test_runs_are_found_by_mlflows_search(told: Told) -> None:
    a, b = "a" * 32, "b" * 32
    assert list(told["found"].values()) == [[b, a], [a], [a], [b, a]]


def test_the_registry_is_read_by_mlflow(told: Told) -> None:
    assert told["price"] == {"tags": {"owner": "north"}, "aliases": ALIASES, "description": "Prices."}
    assert not told["bare"]
    assert told["latest"] == {"Archived": 1, "Production": 2, "None": 3}
    assert told["pointed"] == ALIASES
    assert told["versions"] == {
        number: (model["stage"], TAGS[number], f"No {number}.", "READY", "a" * 32, AT + number)
        for number, model in MODELS.items()
    }


def test_models_predict_what_linear_score_tells(told: Told) -> None:
    for uri, number in zip(told["predicted"], (*MODELS, 2, 2, 2), strict=True):
        model = MODELS[number]
        wanted = [linear_score(row, model["weights"], model["threshold"]) for row in ROWS]
        assert told["predicted"][uri] == wanted, uri
        assert {0, 1} == set(wanted), "both answers should occur"
    assert told["inputs"] == [list(model["weights"]) for model in MODELS.values()]


def test_a_score_on_the_threshold_is_not_above_it() -> None:
    assert linear_score({"a": 2.0, "b": 1.0}, {"a": 0.5}, 1.0) == 0
    assert linear_score({"a": math.nextafter(2.0, 3.0)}, {"a": 0.5}, 1.0) == 1


def test_the_evidence_reads_the_same(root: Path, told: Told) -> None:
    store = tracking.open_store(root.with_name("kept.db"), root, str(root))
    assert [run.id for run in store.runs] == told["order"]
    for run in store.runs:
        found = told["runs"][run.id]
        assert (run.name, run.status, run.deleted) == (found["name"], found["status"], found["deleted"])
        assert {key: run.metric(key) for key in run.metrics} == found["metrics"]
    models = registry.open_registry(root.with_name("kept.db")).models
    assert models["price"].aliases == ALIASES and models["price"].tags == {"owner": "north"}
    for number, version in models["price"].versions.items():
        assert (version.stage, version.tags) == (MODELS[number]["stage"], TAGS[number])
        source = store.model_at(version.source)
        assert source is not None and source.inputs is not None
        assert [column.name for column in source.inputs] == list(MODELS[number]["weights"])
        assert json.loads((source.path / "settings.json").read_text())["threshold"] == MODELS[number]["threshold"]


def test_mlflow_goes_on_from_there(root: Path, told: Told) -> None:
    more = told["next"]
    store = tracking.open_store(root / STORE, root, str(root))
    mine = store.run(more["run"])
    assert mine is not None and mine.experiment == "/Shared/archive" and len(mine.files) == 1
    assert more["latest"] == 0.8, "a later step counts, as it does where MLflow wrote the earlier ones"
    still_open = store.run("d" * 32)
    assert still_open is not None and (still_open.status, still_open.metric("f1")) == ("FINISHED", 0.25)
    restored = store.run("e" * 32)
    assert restored is not None and not restored.deleted
    found = registry.open_registry(root / STORE)
    price = found.models["price"]
    assert more["version"] == 4 and price.deleted == {3}
    assert price.in_stage("Production") == (4,) and price.in_stage("Archived") == (1, 2)
    assert price.aliases == {"champion": 4} and price.versions[1].tags == {"seen": "yes"}
    assert found.stages("price", 2) == ("Production", "Archived") and found.pointed("price", "champion") == (2, 4)
    assert found.pointed("price", "old") == (2, None)
    assert set(found.models) == {"price", "better"}
