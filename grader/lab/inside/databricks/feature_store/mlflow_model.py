"""The MLflow loader of models that a feature store client logged: MLflow knows this module by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..lab_features import packaging


def save_model(path: str, mlflow_model: Any, **kwargs: Any) -> None:
    """Write a packaged model. For ``log_model`` of the clients only."""
    packaging.save(path, mlflow_model, **kwargs)


def _load_pyfunc(path: str) -> packaging.Packaged:
    """What ``mlflow.pyfunc.load_model`` makes of a packaged model."""
    return packaging.Packaged(Path(path))
