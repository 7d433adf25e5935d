"""Runs, experiments and logged models, read from MLflow's tracking store without MLflow.

Names and meanings follow MLflow's documentation pages "MLflow Tracking" and "Backend Stores".
"""

from __future__ import annotations

import math
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.evidence import Unreadable, database, files
from grader.evidence.database import Row
from grader.evidence.models import Model

DEEPEST = 6
"""How many folders below a run's artifacts a model is looked for."""
_SERVED = re.compile(r"^mlflow-artifacts:(//[^/]*)?/+")
"""What a server of MLflow's calls its own files: it keeps them in the folder mlartifacts where it was started."""

_TABLES = {
    "experiments": ("experiment_id", "name", "lifecycle_stage"),
    "runs": (
        *("run_uuid", "name", "status", "start_time", "end_time", "lifecycle_stage", "artifact_uri", "experiment_id"),
    ),
    "params": ("run_uuid", "key", "value"),
    "metrics": ("run_uuid", "key", "value", "step", "timestamp", "is_nan"),
    "tags": ("run_uuid", "key", "value"),
    "logged_models": (
        *("model_id", "name", "artifact_location", "creation_timestamp_ms", "lifecycle_stage", "source_run_id"),
    ),
    "logged_model_params": ("model_id", "param_key"),
    "logged_model_metrics": ("model_id", "metric_name", "run_id", "dataset_digest"),
    "inputs": ("input_uuid", "source_type", "source_id", "destination_type", "destination_id"),
    "input_tags": ("input_uuid", "name", "value"),
}


@dataclass(frozen=True, order=True)
class Point:
    """One value of a metric. ``timestamp`` in milliseconds since 1970."""

    step: int
    timestamp: int
    value: float


@dataclass(frozen=True)
class Run:
    """One run. ``started_ms`` and ``ended_ms`` in milliseconds since 1970, ``ended_ms`` None while it is open.

    ``status`` is RUNNING, SCHEDULED, FINISHED, FAILED or KILLED; ``metrics`` hold every value in the order of steps;
    ``artifacts`` is its folder, None if that is not in the lab; ``logged`` are MLflow 3's models that it put out;
    ``contexts`` are those of the datasets among its inputs, such as ``train`` (the tag ``mlflow.data.context``).
    """

    id: str
    name: str
    experiment: str
    status: str
    started_ms: int
    ended_ms: int | None
    deleted: bool
    params: Mapping[str, str]
    metrics: Mapping[str, tuple[Point, ...]]
    tags: Mapping[str, str]
    artifacts: Path | None
    logged: tuple[Model, ...] = field(default=(), repr=False)
    contexts: frozenset[str] = frozenset()

    @property
    def parent(self) -> str | None:
        """The id of the run that this one is nested in (the tag ``mlflow.parentRunId``)."""
        return self.tags.get("mlflow.parentRunId")

    def metric(self, key: str) -> float | None:
        """A metric's latest value: that of the highest step, as MLflow shows it."""
        points = self.metrics.get(key)
        return points[-1].value if points else None

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """The run's models, in the order in which they were logged; those among its artifacts come first."""
        return (*self._among_artifacts, *self.logged)

    @cached_property
    def _among_artifacts(self) -> tuple[Model, ...]:
        root = self.artifacts
        if root is None or not files.is_folder(root):
            return ()
        return tuple(
            Model(path.parent, path.parent.relative_to(root).as_posix(), None, self.id)
            for path in self.files
            if path.name == "MLmodel" and len(path.relative_to(root).parts) <= DEEPEST
        )

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """All files among the run's artifacts. Raises Unreadable when there is anything but files and folders."""
        if self.artifacts is None or not files.is_folder(self.artifacts):
            return ()
        files.refuse_strange(self.artifacts)
        found = (Path(folder) / name for folder, _, names in os.walk(self.artifacts) for name in names)
        return tuple(sorted(found))

    def artifact(self, name: str) -> Path:
        """Where an artifact of this name lies, or would lie."""
        return (self.artifacts or Path("/nowhere")) / name


@dataclass(frozen=True)
class Store:
    """All that the lab's tracking store holds. Made by :func:`open_store`."""

    experiments: Mapping[str, str]
    """Names of the experiments that are not deleted, by id."""
    runs: tuple[Run, ...]
    """In the order in which they began, deleted ones included."""
    models: tuple[Model, ...]
    """MLflow 3's logged models that are not deleted, in the order in which they were made."""
    _place: Callable[[str], Path | None] = field(repr=False, compare=False)

    def model_at(self, uri: str) -> Model | None:
        """The model that a URI names: ``models:/m-...``, ``runs:/run/name`` or a folder of the lab's."""
        kind, _, rest = uri.partition(":/")
        if kind == "models":
            return next((model for model in self.models if model.id == rest), None)
        if kind == "runs":
            run_id, _, name = rest.partition("/")
            run = self.run(run_id)
            return next((m for m in reversed(run.models) if m.name == name), None) if run else None
        path = self._place(uri)
        known = next((model for model in self.models if model.path == path), None)
        if known or path is None or not files.is_file(path / "MLmodel"):
            return known
        return Model(path, path.name, None, None)

    @cached_property
    def _by_id(self) -> dict[str, Run]:
        return {run.id: run for run in self.runs}

    def run(self, run_id: str | None) -> Run | None:
        return self._by_id.get(run_id or "")

    def named(self, name: str) -> tuple[Run, ...]:
        """The runs of this name that are not deleted, in the order in which they began."""
        return tuple(run for run in self.runs if run.name == name and not run.deleted)

    def children(self, run: Run) -> tuple[Run, ...]:
        """The runs nested directly in this one that are not deleted, in the order in which they began."""
        return tuple(child for child in self.runs if child.parent == run.id and not child.deleted)


def open_store(path: Path, root: Path, seen_at: str) -> Store:
    """The store in the file ``path`` of a lab whose folder ``root`` the lab knows as ``seen_at``.

    Raises Unreadable when it is gone, damaged or not as MLflow makes it.
    """
    tables = database.read(path, _TABLES)
    try:
        return _store(tables, root, seen_at)
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Unreadable("the tracking store holds values that MLflow never writes") from error


def _store(tables: Mapping[str, list[Row]], root: Path, seen_at: str) -> Store:
    def place(uri: str) -> Path | None:
        return files.inside(root, seen_at, _SERVED.sub("mlartifacts/", uri))

    experiments = {str(row["experiment_id"]): row for row in tables["experiments"]}
    params = _grouped(tables["params"], lambda row: str(row["value"]))
    tags = _grouped(tables["tags"], lambda row: "" if row["value"] is None else str(row["value"]))
    metrics = _metrics(tables["metrics"])
    models = _models(tables, place)
    contexts = _contexts(tables)
    put_out = defaultdict(set)
    for row in tables["inputs"]:
        if row["source_type"] == "RUN_OUTPUT" and row["destination_type"] == "MODEL_OUTPUT":
            put_out[str(row["source_id"])].add(str(row["destination_id"]))
    runs = []
    for row in sorted(tables["runs"], key=lambda row: (int(row["start_time"] or 0), str(row["run_uuid"]))):
        run_id = str(row["run_uuid"])
        experiment = experiments.get(str(row["experiment_id"]), {})
        gone = row["lifecycle_stage"] != "active" or experiment.get("lifecycle_stage") != "active"
        runs.append(
            Run(
                id=run_id,
                name=str(row["name"]),
                experiment=str(experiment.get("name")),
                status=str(row["status"]),
                started_ms=int(row["start_time"] or 0),
                ended_ms=None if row["end_time"] is None else int(row["end_time"]),
                deleted=gone,
                params=params.get(run_id, {}),
                metrics=metrics.get(run_id, {}),
                tags=tags.get(run_id, {}),
                artifacts=place(str(row["artifact_uri"])),
                logged=tuple(m for m in models if m.run_id == run_id or m.id in put_out[run_id]),
                contexts=frozenset(contexts[run_id]),
            )
        )
    active = {key: str(row["name"]) for key, row in experiments.items() if row["lifecycle_stage"] == "active"}
    return Store(active, tuple(runs), models, place)


def _models(tables: Mapping[str, list[Row]], place: Callable[[str], Path | None]) -> tuple[Model, ...]:
    params, measured = defaultdict(set), defaultdict(set)
    for row in tables["logged_model_params"]:
        params[str(row["model_id"])].add(str(row["param_key"]))
    for row in tables["logged_model_metrics"]:
        if row["dataset_digest"]:
            measured[str(row["model_id"]), str(row["run_id"])].add(str(row["metric_name"]))
    found = []
    for row in sorted(tables["logged_models"], key=lambda row: int(row["creation_timestamp_ms"])):
        path = place(str(row["artifact_location"]))
        if row["lifecycle_stage"] == "active" and path is not None:
            run_id = None if row["source_run_id"] is None else str(row["source_run_id"])
            model_id = str(row["model_id"])
            found.append(
                Model(
                    path,
                    str(row["name"]),
                    model_id,
                    run_id,
                    int(row["creation_timestamp_ms"]),
                    frozenset(params[model_id]),
                    frozenset(measured[model_id, str(run_id)]),
                )
            )
    return tuple(found)


def _contexts(tables: Mapping[str, list[Row]]) -> Mapping[str, set[str]]:
    """The contexts of each run's datasets."""
    of_input = defaultdict(set)
    for row in tables["input_tags"]:
        if row["name"] == "mlflow.data.context":
            of_input[str(row["input_uuid"])].add(str(row["value"]))
    found: dict[str, set[str]] = defaultdict(set)
    for row in tables["inputs"]:
        if (row["source_type"], row["destination_type"]) == ("DATASET", "RUN"):
            found[str(row["destination_id"])] |= of_input[str(row["input_uuid"])]
    return found


def _grouped(rows: Iterable[Row], value: Callable[[Row], str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        found[str(row["run_uuid"])][str(row["key"])] = value(row)
    return found


def _metrics(rows: Iterable[Row]) -> dict[str, dict[str, tuple[Point, ...]]]:
    points: dict[str, dict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        value: Any = math.nan if row["is_nan"] else float(row["value"])
        points[str(row["run_uuid"])][str(row["key"])].append(Point(int(row["step"]), int(row["timestamp"]), value))
    return {run: {key: tuple(sorted(some)) for key, some in keys.items()} for run, keys in points.items()}
