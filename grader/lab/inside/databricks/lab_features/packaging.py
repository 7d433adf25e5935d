"""Models that know which features they need: logged with a training set, scored on keys alone.

Follows ``log_model`` and ``score_batch`` in Databricks' Python API reference, and "Train models with feature tables". A
packaged model is an MLflow model whose pyfunc loader is ``databricks.feature_store.mlflow_model``, as MLflow's own
source knows it. Its folder ``data/feature_store`` has ``feature_spec.yaml`` (lookups and functions) and ``raw_model``,
the model itself, an MLflow model of its own flavor.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from . import joins
from .session import current, quoted
from .spec import Column, Lookup, Spec
from .training import TrainingSet

LOADER = "databricks.feature_store.mlflow_model"
DATA = "data/feature_store"
SPEC, RAW = "feature_spec.yaml", "raw_model"
PREDICTION = "prediction"
_ROW = "__row"
_FEW = 10_000
"""Rows that are scored without starting another Python."""


def log(
    model: Any,
    name: str,
    *,
    flavor: Any,
    training_set: TrainingSet | None,
    registered_model_name: str | None,
    await_registration_for: int,
    infer_input_example: bool,
    more: dict[str, Any],
) -> Any:
    """Log a model with the lookups of its training set; register it if it gets a name. Gives MLflow's ModelInfo.

    ``more`` goes to the flavor, but for what concerns the logged model as a whole.
    """
    from mlflow.models import Model

    if not isinstance(training_set, TrainingSet):
        raise ValueError(
            f"training_set is what create_training_set gave, not {training_set!r}: it says which features the model "
            f"needs. (A model without a feature store is logged with the flavor's own log_model.)"
        )
    if not hasattr(flavor, "save_model"):
        raise ValueError(f"flavor is a module of MLflow such as mlflow.sklearn, not {flavor!r}.")
    whole = {key: more.pop(key) for key in ("metadata", "tags", "params", "model_type", "step") if key in more}
    if infer_input_example and "input_example" not in more:
        more["input_example"] = _example(training_set)
    from ..feature_store import mlflow_model as loader

    return Model.log(
        artifact_path=None,
        name=name,
        flavor=loader,
        registered_model_name=registered_model_name,
        await_registration_for=await_registration_for,
        model=model,
        model_flavor=flavor,
        spec=training_set.feature_spec,
        more=more,
        **whole,
    )


def artifact_name(artifact_path: str | None, name: str | None) -> str:
    """The logged model's name: ``name`` is what MLflow 3 calls ``artifact_path``. Raises ValueError without one."""
    given = name if artifact_path is None else artifact_path
    if not given or (artifact_path is not None and name is not None):
        raise ValueError("Give the model's name as artifact_path (or as name, which is what MLflow 3 calls it).")
    return given


def save(path: str, mlflow_model: Any, model: Any, model_flavor: Any, spec: Spec, more: dict[str, Any]) -> None:
    """Write a packaged model's folder. ``Model.log`` of MLflow calls it through the loader module."""
    from mlflow import pyfunc

    folder = Path(path)
    inside = folder / DATA
    inside.mkdir(parents=True)
    (inside / SPEC).write_text(yaml.safe_dump(spec.dump(), sort_keys=False))
    if getattr(model_flavor, "__name__", None) == "mlflow.pyfunc":  # which alone takes the path first
        model_flavor.save_model(str(inside / RAW), python_model=model, **more)
    else:
        model_flavor.save_model(model, str(inside / RAW), **more)
    environment = {}
    for key, file in (("conda", "conda.yaml"), ("virtualenv", "python_env.yaml"), (None, "requirements.txt")):
        if (inside / RAW / file).exists():
            shutil.copy(inside / RAW / file, folder / file)
            if key:
                environment[key] = file
    mlflow_model.signature = _signature(spec)
    pyfunc.add_to_model(mlflow_model, loader_module=LOADER, data=DATA, env=environment or None)
    mlflow_model.save(str(folder / "MLmodel"))


def score(model_uri: str, df: Any, result_type: Any, env_manager: str | None) -> Any:
    """``df`` with the features that it lacks and with ``prediction``, the model's answers.

    Raises ValueError for a model that was not logged by a feature store client, and for missing keys.
    """
    from mlflow.artifacts import download_artifacts

    if env_manager not in (None, "local"):
        warnings.warn(
            f"env_manager='{env_manager}': a lab has one environment, in which the model is scored.",
            UserWarning,
            stacklevel=3,
        )
    with _quietly():
        folder = Path(download_artifacts(model_uri))
    inside = folder / DATA
    if not (inside / SPEC).is_file():
        raise ValueError(
            f"The model {model_uri} was not logged with a feature store client's log_model: it does not say which "
            f"features it needs. Log it with log_model(..., training_set=...)."
        )
    return score_with(inside, df, result_type)


def score_with(inside: Path, df: Any, result_type: Any) -> Any:
    """As :func:`score`, of a packaged model whose data lie in the folder."""
    from mlflow import pyfunc
    from pyspark.sql import DataFrame
    from pyspark.sql import functions as F

    if not isinstance(df, DataFrame):
        raise ValueError(f"df is a Spark DataFrame, not {type(df).__name__}: spark.createDataFrame makes one.")
    spec = Spec.load(yaml.safe_load((inside / SPEC).read_text()))
    _check_batch(spec, df)
    full = joins.add(df, _wanted(spec), given=df.columns)
    names = [column.name for column in spec.model_inputs]
    with _quietly():
        answered = _here(full, names, str(inside / RAW), result_type)
        if answered is not None:
            return answered
        answer = pyfunc.spark_udf(current(), str(inside / RAW), result_type=result_type, env_manager="local")
    return full.withColumn(PREDICTION, answer(F.struct(*(F.col(quoted(name)) for name in names))))


def _here(full: Any, names: list[str], raw: str, result_type: Any) -> Any:
    """A small batch with its predictions, made in this process; None for what MLflow's Spark function is to do.

    That function gives the same, but it starts another Python, which takes seconds to load MLflow and the model.
    """
    import numpy as np
    import pyarrow as pa
    from mlflow import pyfunc

    kinds: dict[str, tuple[type, Any]] = {
        "double": (np.number, pa.float64()),
        "float": (np.number, pa.float32()),
        "long": (np.integer, pa.int64()),
        "string": (object, pa.string()),
    }
    told = result_type if isinstance(result_type, str) else getattr(result_type, "typeName", str)()
    kind = kinds.get(told)
    if kind is None:
        return None
    rows = full.limit(_FEW + 1).toArrow()
    if rows.num_rows > _FEW:
        return None
    frame = rows.select(names).to_pandas()
    for name in frame.select_dtypes("datetimetz"):
        frame[name] = frame[name].dt.tz_convert(None)  # as Spark hands them to Python, the lab's time being UTC
    values: Any = np.asarray(pyfunc.load_model(raw).predict(frame)) if rows.num_rows else np.empty(0)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.shape != (rows.num_rows,) or not (told == "string" or np.issubdtype(values.dtype, kind[0])):
        return None
    if told == "string":
        values = np.array([str(value) for value in values], dtype=object)
    answers = pa.array(values.astype(kind[1].to_pandas_dtype()), kind[1])
    return current().createDataFrame(rows.append_column(PREDICTION, answers))


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without what MLflow says of the environment, which a lab has one of, and without its progress bars."""
    logger, bars = logging.getLogger("mlflow"), "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"
    level, shown = logger.level, os.environ.get(bars)
    logger.setLevel(logging.ERROR)
    os.environ[bars] = "false"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        if shown is None:
            del os.environ[bars]
        else:
            os.environ[bars] = shown


class Packaged:
    """A packaged model as ``mlflow.pyfunc.load_model`` gives it: looks features up when it is asked."""

    def __init__(self, inside: Path) -> None:
        self._inside = inside
        self._spec = Spec.load(yaml.safe_load((inside / SPEC).read_text()))

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Predictions on a batch of keys: a DataFrame as of ``score_batch`` for a Spark DataFrame, an array in the
        order of the rows for a pandas DataFrame. Needs the lab's Spark session and feature tables.
        """
        from pyspark.sql import DataFrame

        if isinstance(data, DataFrame):
            return score_with(self._inside, data, self._type())
        from pyspark.sql import functions as F

        types = {column.name: column.type for column in (*self._spec.inputs, *self._spec.added)}
        rows = current().createDataFrame(data.assign(**{_ROW: range(len(data))}))
        for name in data.columns:
            if name in types:
                rows = rows.withColumn(name, F.col(quoted(name)).cast(types[name]))
        scored = score_with(self._inside, rows, self._type())
        return scored.orderBy(_ROW).select(PREDICTION).toPandas()[PREDICTION].to_numpy()

    def _type(self) -> str:
        labels = self._spec.labels
        return "string" if len(labels) == 1 and labels[0].type == "string" else "double"


def _wanted(spec: Spec) -> tuple[Any, ...]:
    """The lookups and functions without features that are left out and that no function needs."""
    bound = {name for step in spec.steps if not isinstance(step, Lookup) for name in step.needs}
    kept: list[Any] = []
    for step in spec.steps:
        if isinstance(step, Lookup):
            features = tuple(f for f in step.features if f.output not in spec.exclude or f.output in bound)
            if features:
                kept.append(replace(step, features=features))
        elif step.output not in spec.exclude or step.output in bound:
            kept.append(step)
    return tuple(kept)


def _check_batch(spec: Spec, df: Any) -> None:
    types = {field.name: field.dataType.simpleString() for field in df.schema.fields}
    if PREDICTION in types:
        raise ValueError(f"The DataFrame has a column '{PREDICTION}', which score_batch is to add: drop or rename it.")
    expected = {column.name: column.type for column in spec.inputs}
    features = {column.name for column in spec.added}
    needed = [column.name for column in spec.inputs if column.name not in spec.exclude]
    keys = list[str]()
    for step in _wanted(spec):
        if any(column.name not in types for column in step.columns):
            keys += [name for name in step.needs if name not in features]
    missing = sorted({name for name in (*needed, *keys) if name not in types})
    if missing:
        raise ValueError(
            f"The DataFrame lacks {', '.join(missing)}: a batch to score has the keys of the lookups (or the features "
            f"themselves) and every column that the model was trained on and no lookup adds."
        )
    for name in sorted({*keys}):
        if types[name] != expected.get(name, types[name]):
            raise ValueError(
                f"The lookup key '{name}' is {types[name]} in the DataFrame, and was {expected[name]} in training: "
                f"cast it."
            )


def _signature(spec: Spec) -> Any:
    """What a batch to score has, features being optional, and what comes out."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = [ColSpec(_mlflow(column), column.name) for column in spec.required]
    taken = {column.name for column in spec.required}
    inputs += [
        ColSpec(_mlflow(column), column.name, required=False) for column in spec.added if column.name not in taken
    ]
    outputs = [ColSpec(_mlflow(column), column.name) for column in spec.labels]
    return ModelSignature(Schema(inputs), Schema(outputs) if outputs else None)


def _mlflow(column: Column) -> Any:
    """The type that MLflow has for a Spark type, as it tells them of a Spark DataFrame."""
    from mlflow.types import DataType
    from mlflow.types.schema import AnyType

    types = {
        "smallint": DataType.integer,
        "int": DataType.integer,
        "bigint": DataType.long,
        "float": DataType.float,
        "double": DataType.double,
        "boolean": DataType.boolean,
        "string": DataType.string,
        "binary": DataType.binary,
        "date": DataType.datetime,
        "timestamp": DataType.datetime,
    }
    return types.get(column.type) or AnyType()


def _example(training_set: TrainingSet) -> Any:
    spec = training_set.feature_spec
    return training_set.load_df().select(*(quoted(c.name) for c in spec.model_inputs)).limit(5).toPandas()
