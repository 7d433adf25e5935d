"""MLflow as a Databricks ML runtime has it, where the package itself would behave otherwise outside of one.

MLflow knows Databricks by an environment variable, which would also make it look for a cluster. So the few
differences are made here, right after its modules are loaded, and nothing is loaded that a cell does not import:

- the URIs ``databricks`` and ``databricks-uc`` name the lab's own tracking store and registry;
- ``mlflow.sklearn`` saves models with cloudpickle, which takes any estimator (its default elsewhere, skops, refuses
  types that it does not know);
- ``infer_code_paths=True`` finds the modules that a model needs, although the lab infers no requirements;
- a model version's number is text, as Databricks' REST interface gives it ("10", which sorts before "9");
- in a lab with a workspace its client takes a call that a guide to the exams makes (:mod:`lab_workspace.client`);
- what it says of the lab's own settings is not shown.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import logging
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

_store = ""
"""The lab's own tracking store, which :func:`settle` finds."""
_LEARNERS_BUSINESS_NOT = {
    # The lab switches the inference of requirements off; MLflow takes the flavor's own.
    "mlflow.utils.environment": ("Encountered an unexpected error while inferring pip requirements",),
    # True of cloudpickle everywhere; within Databricks MLflow does not say it either.
    "mlflow.sklearn": ("Saving scikit-learn models in the pickle or cloudpickle format",),
    # Both of what can't be otherwise here: a model class is pickled, and a lab has one environment.
    "mlflow.pyfunc": ("Passing a Python object as `python_model` causes it", "Calling `spark_udf()` with"),
    # A model has been no artifact of its run since MLflow 3; it is found all the same.
    "mlflow.tracking._model_registry.fluent": ("Run with id ",),
    # What mlflow.autolog() says of Spark, whether there is one or not.
    "mlflow.spark": ("With Pyspark >= 3.2, PYSPARK_PIN_THREAD",),
}
_INFERENCE = "MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT"


def settle() -> None:
    """Take the environment's tracking store as the lab's own, and see to :func:`adjust`."""
    global _store
    _store = os.environ.get("MLFLOW_TRACKING_URI", "")
    adjust()


def adjust() -> None:
    """Have MLflow's modules adjusted when, and if, they are imported. A second call does nothing."""
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, _Finder())
    for name, beginnings in _LEARNERS_BUSINESS_NOT.items():
        logging.getLogger(name).addFilter(_Without(beginnings))


class _Without(logging.Filter):
    def __init__(self, beginnings: tuple[str, ...]) -> None:
        super().__init__()
        self._beginnings = beginnings

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith(self._beginnings)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules to adjust as Python does, and adjusts each once it is loaded."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> Any:
        adjust = _ADJUST.get(name)
        spec = importlib.machinery.PathFinder.find_spec(name, path, target) if adjust else None
        if adjust is None or spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def load_and_adjust(module: ModuleType) -> None:
            load(module)
            adjust(module)

        spec.loader.exec_module = load_and_adjust  # type: ignore[method-assign]
        return spec


def _here(uri: Any) -> Any:
    is_databricks = isinstance(uri, str) and (uri == "databricks" or uri.startswith(("databricks:", "databricks-uc")))
    return _store if is_databricks else uri


def _tracking(module: Any) -> None:
    set_uri, get_uri, resolve = module.set_tracking_uri, module.get_tracking_uri, module._resolve_tracking_uri
    module.set_tracking_uri = _like(set_uri, lambda uri: set_uri(_here(uri)))
    module.get_tracking_uri = _like(get_uri, lambda: _here(get_uri()))
    module._resolve_tracking_uri = _like(resolve, lambda tracking_uri=None: _here(resolve(tracking_uri)))


def _registry(module: Any) -> None:
    set_uri, resolve = module.set_registry_uri, module._resolve_registry_uri
    module.set_registry_uri = _like(set_uri, lambda uri: set_uri(_here(uri)))
    module._resolve_registry_uri = _like(resolve, lambda *args, **kwargs: _here(resolve(*args, **kwargs)))


def _client(module: Any) -> None:
    if "DATABRICKS_HOST" in os.environ:
        from lab_workspace import client

        client.settle(module.MlflowClient)


def _sklearn(module: Any) -> None:
    module._get_default_serialization_format = lambda: module.SERIALIZATION_FORMAT_CLOUDPICKLE


def _code_paths(module: Any) -> None:
    infer = module._infer_and_copy_code_paths

    def infer_in_earnest(*args: Any, **kwargs: Any) -> Any:
        switched_off = os.environ.get(_INFERENCE) == "0"
        if switched_off:
            del os.environ[_INFERENCE]
        try:
            return infer(*args, **kwargs)
        finally:
            if switched_off:
                os.environ[_INFERENCE] = "0"

    module._infer_and_copy_code_paths = _like(infer, infer_in_earnest)


def _version(module: Any) -> None:
    module.ModelVersion.version = property(lambda self: str(self._version), doc="The version's number, as text.")


def _sql_store(module: Any) -> None:
    """MLflow's own store compares an alias's number with the version's, which is text now."""
    store = module.SqlAlchemyStore
    get_latest_versions = store.get_latest_versions

    def name_aliases(version: Any, aliases: dict[str, Any]) -> Any:
        version.aliases = [alias for alias, number in aliases.items() if str(number) == version.version]
        return version

    def populate(self: Any, session: Any, name: str, version: Any) -> Any:
        rows = self._get_registered_model(session, name).registered_model_aliases
        return name_aliases(version, {row.alias: row.version for row in rows})

    def latest(self: Any, name: str, stages: Any = None) -> Any:
        aliases = self.get_registered_model(name).aliases
        return [name_aliases(version, aliases) for version in get_latest_versions(self, name, stages)]

    store._populate_model_version_aliases = populate
    store.get_latest_versions = _like(get_latest_versions, latest)


def _like(original: Callable[..., Any], new: Callable[..., Any]) -> Callable[..., Any]:
    new.__name__, new.__doc__ = original.__name__, original.__doc__
    return new


_ADJUST: dict[str, Callable[[Any], None]] = {
    "mlflow.tracking._tracking_service.utils": _tracking,
    "mlflow.tracking._model_registry.utils": _registry,
    "mlflow.tracking.client": _client,
    "mlflow.sklearn": _sklearn,
    "mlflow.utils.model_utils": _code_paths,
    "mlflow.entities.model_registry.model_version": _version,
    "mlflow.store.model_registry.sqlalchemy_store": _sql_store,
}
