"""Runs a function with MLflow in a process of its own: MLflow is slow to load, and keeps what it was told."""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from grader import lab
from grader.runtime import templates

Args = ParamSpec("Args")
Told = TypeVar("Told")


def new_store(root: Path, seen_at: str | None = None) -> Path:
    """A fresh tracking store below ``root``, which the lab knows as ``seen_at``, as a lab gets it."""
    root.mkdir(parents=True, exist_ok=True)
    store = root / templates.STORE
    lab._lay_store(templates.provide(lambda _: None) / templates.STORE, store, seen_at or str(root))
    return store


def apart(root: Path, function: Callable[Args, Told], *args: Args.args, **kwargs: Args.kwargs) -> Told:
    """What a module's function gives, called as in a cell: in the lab's folder, with a lab's settings of MLflow."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "MLFLOW_TRACKING_URI": f"sqlite:///{root}/{templates.STORE}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT": "0",
        "GIT_PYTHON_REFRESH": "quiet",
    }
    with tempfile.TemporaryDirectory() as work:
        answer = Path(work) / "answer"
        asked = pickle.dumps((function.__module__, function.__name__, args, kwargs, answer))
        done = subprocess.run(
            [sys.executable, "-m", "tests.apart"], cwd=root, env=environment, input=asked, capture_output=True
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-4000:]
        told: Told = pickle.loads(answer.read_bytes())
        return told


def _answer() -> None:
    module, name, args, kwargs, answer = pickle.loads(sys.stdin.buffer.read())
    answer.write_bytes(pickle.dumps(getattr(importlib.import_module(module), name)(*args, **kwargs)))


if __name__ == "__main__":
    _answer()
