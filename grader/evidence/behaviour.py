"""How a logged model behaves: the answers of a probe, as typed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WHY = {
    "timeout": "it did not answer in time",
    "memory": "it took more memory than it may",
    "processes": "it started more processes than it may",
    "output": "its answer was too long",
    "died": "its process ended without an answer",
}


@dataclass(frozen=True)
class Call:
    """Rows for a model. ``types`` are pandas dtypes by column, where those of the rows won't do.

    ``method`` is what is called: ``predict``, or with scikit-learn's own flavor such as ``predict_proba``. ``own`` is
    what MLflow calls beneath ``predict`` once it has enforced the signature: the model is handed these very rows, in
    this order of columns, and ``params`` without defaults.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    types: Mapping[str, str] | None = None
    params: Mapping[str, Any] | None = None
    method: str = "predict"

    def as_json(self) -> dict[str, Any]:
        return {
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
            "types": None if self.types is None else dict(self.types),
            "params": None if self.params is None else dict(self.params),
            "method": self.method,
        }


@dataclass(frozen=True)
class Answer:
    """What came of one call: ``values`` (nested lists, a column's values flat) or the ``error`` it raised.

    ``changed``: the model altered the very rows that it was given.
    """

    values: tuple[Any, ...] | None
    error: str | None
    changed: bool = False


@dataclass(frozen=True)
class Behaviour:
    """A model's answers, one a call; or ``failure``, a sentence that tells why there is none."""

    answers: tuple[Answer, ...]
    failure: str | None


def understood(told: Mapping[str, Any], calls: int) -> Behaviour:
    """A probe's answer as a value. What is not of the shape that a probe writes counts as no answer."""
    if "ended" in told:
        ended = told["ended"]
        return Behaviour((), WHY.get(ended if isinstance(ended, str) else "", WHY["died"]))
    if "error" in told:
        return Behaviour((), f"loading it raised {_error(told['error'])}")
    found = told.get("calls")
    if not isinstance(found, list) or len(found) != calls or not all(isinstance(one, dict) for one in found):
        return Behaviour((), WHY["died"])
    return Behaviour(tuple(_answer(one) for one in found), None)


def _answer(told: Mapping[str, Any]) -> Answer:
    changed = told.get("changed") is True
    if "error" in told:
        return Answer(None, _error(told["error"]), changed)
    values = told.get("values")
    # One value alone, where a list is asked for, is a list of no use.
    return Answer(tuple(values) if isinstance(values, list) else (values,), None, changed)


def _error(told: Any) -> str:
    name, message = (told.get("name"), told.get("message")) if isinstance(told, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(message, str):
        return "an error"
    return f"{name}: {message}"[:300]
