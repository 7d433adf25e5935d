"""What suites about MLflow ask of runs again and again. All raise Mismatch with a sentence for the learner."""

from __future__ import annotations

import math
from collections.abc import Collection

from grader.evidence.tracking import Run
from grader.suite.api import Lab, mismatch

TOLERANCE = 1e-6
"""How far a figure may be off, relative to what is right: the same training on the same machine gives the same."""


def newest(lab: Lab, name: str, widget: str) -> Run:
    """The run of this name that began last and has no parent; ``widget`` tells the learner where the name stands."""
    runs = [run for run in lab.tracking.named(name) if run.parent is None]
    if not runs:
        nested = bool(lab.tracking.named(name))
        found = "the only run of that name is nested in another" if nested else _why_none(lab)
        mismatch(f"a run named as the widget {widget} says", found)
    return runs[-1]


def _why_none(lab: Lab) -> str:
    own = [run for run in lab.tracking.runs if not run.deleted and run.tags.get("mlflow.user") != "colleague"]
    if own:
        return "there is no run of that name"
    return "the lab's tracking store holds no run of yours: none was logged, or to another tracking URI"


def number(text: object) -> float | None:
    """The number that a param or tag holds, or None if it is none."""
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def close(found: object, wanted: float) -> bool:
    """Whether a figure is the right one, but for rounding in the last digits."""
    if isinstance(found, int) and abs(found) > 1e300:
        return False  # too large for a float, and for anything that a suite expects
    return isinstance(found, int | float) and math.isclose(found, wanted, rel_tol=TOLERANCE, abs_tol=1e-9)


def wrong_metrics(run: Run, wanted: dict[str, float]) -> str | None:
    """The first metric that is missing or not what it should be, as a sentence, or None."""
    for key, value in wanted.items():
        found = run.metric(key)
        if found is None:
            return f"the metric {key} is missing"
        if not close(found, value):
            rounded = any(found == round(value, digits) for digits in range(2, 6))
            return f"the metric {key} is {'rounded' if rounded else 'not what such a model scores'}"
    return None


def param_is(run: Run, key: str, wanted: float) -> str | None:
    """What is wrong with a numeric param, as a sentence, or None."""
    if key not in run.params:
        return f"the param {key} is missing"
    if number(run.params[key]) != wanted:
        return f"the param {key} has another value"
    return None


def recorded(run: Run, keys: Collection[str]) -> dict[str, str]:
    """What a run tells under these names, whether as param or as tag."""
    told = {**run.tags, **run.params}
    return {key: told[key] for key in keys if key in told}
