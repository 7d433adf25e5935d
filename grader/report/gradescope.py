"""Gradescope's ``results.json`` (Gradescope Autograder Documentation, "Autograder Specifications", output format)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from grader.report.classdata import ClassReport, ExerciseFigure, Result
from grader.report.pages import number, percent
from grader.text import clean, one_line


def files(report: ClassReport) -> Iterator[tuple[str, str]]:
    """For each result with a mark a path, ``<exercise>/<learner's page>/results.json``, and what stands there.

    Gradescope knows no result without a score: what has no mark gets no file, since a zero would be a mark.
    """
    for learner in report.learners:
        for exercise, result in zip(report.exercises, learner.results, strict=True):
            if result.mark is not None:
                content = json.dumps(_results(exercise, result), indent=2, allow_nan=False) + "\n"
                yield f"{exercise.id}/{learner.page}/results.json", content


def _results(exercise: ExerciseFigure, result: Result) -> dict[str, Any]:
    told: dict[str, Any] = {
        "score": result.mark,
        "output": " ".join(_story(exercise, result)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"isolation": result.isolation, "status": result.status, "machine_score": result.score},
    }
    if result.status == "graded":
        checks = result.checks or {}
        titles = {topic.id: topic.title for topic in exercise.topics}
        told["tests"] = [
            {
                "name": one_line(check.title),
                "score": checks[check.id].points if checks[check.id].outcome == "passed" else 0,
                "max_score": checks[check.id].points,
                "status": "passed" if checks[check.id].outcome == "passed" else "failed",
                "output": clean(checks[check.id].found or ""),
                "tags": [titles.get(check.topic, check.topic)],
                "visibility": "visible",
            }
            for check in exercise.checks
            if check.id in checks
        ]
    return told


def _story(exercise: ExerciseFigure, result: Result) -> Iterator[str]:
    if result.status == "not_graded":
        yield f"The machine could not grade this: {one_line(result.reason or '')}"
    elif result.score is not None:
        yield f"{exercise.title}: {result.score} of {result.max_score} points."
    if result.deduction and result.machine_mark is not None:
        yield f"Handed in late, {percent(result.deduction)} taken off: {number(result.machine_mark)}."
    if result.override:
        by, why = one_line(result.override.author), one_line(result.override.reason, 1000)
        yield f"The mark was given by hand, by {by}: {number(result.override.score or 0)}. {why}"
    if result.isolation == "process":
        yield "The lab ran without a sandbox (isolation: process)."
