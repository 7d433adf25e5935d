"""The whole class report as JSON: every figure that the other formats show. ``docs/reports.md`` describes it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from grader.report.classdata import ClassReport, ExerciseFigure, Learner, Result, Spread

FORMAT_VERSION = 2
"""2: seeds are text."""


def text(report: ClassReport) -> str:
    """A JSON document. ASCII only, so that no reader's encoding or terminal can spoil it."""
    data = {
        "format_version": FORMAT_VERSION,
        "made_at": report.made_at.isoformat(),
        "grader_version": report.grader_version,
        "graders": list(report.graders),
        "pseudonymous": report.pseudonymous,
        "isolation": report.isolation,
        "caution": report.caution,
        "spread": _spread(report.spread),
        "exercises": [_exercise(exercise) for exercise in report.exercises],
        "exams": [asdict(exam) for exam in report.exams],
        "learners": [_learner(report, learner) for learner in report.learners],
    }
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def _exercise(exercise: ExerciseFigure) -> dict[str, Any]:
    told = {name: getattr(exercise, name) for name in ("id", "title", "max_score", "graded", "not_graded", "missing")}
    told |= {"late": exercise.late, "overridden": exercise.overridden, "spread": _spread(exercise.spread)}
    told |= {"suite_versions": list(exercise.suite_versions), "seeds": [str(seed) for seed in exercise.seeds]}
    told["topics"] = [{**asdict(topic), "share": topic.share} for topic in exercise.topics]
    told["checks"] = [asdict(check) for check in exercise.checks]
    return told


def _spread(spread: Spread) -> dict[str, Any]:
    return {**asdict(spread), "bins": list(spread.bins)}


def _learner(report: ClassReport, learner: Learner) -> dict[str, Any]:
    return {
        "id": learner.id,
        "name": learner.name or None,
        "email": learner.email or None,
        "in_roster": learner.known,
        "total": learner.total,
        "total_of": learner.total_of if learner.total is not None else None,
        "results": [
            _result(exercise, result) for exercise, result in zip(report.exercises, learner.results, strict=True)
        ],
    }


def _result(exercise: ExerciseFigure, result: Result) -> dict[str, Any]:
    graded = result.status == "graded"
    by_hand = result.override
    return {
        "exercise": result.exercise,
        "status": result.status,
        "reason": result.reason,
        "mark": result.mark,
        "machine_mark": result.machine_mark,
        "score": result.score,
        "max_score": result.max_score,
        "deduction": result.deduction,
        "isolation": result.isolation,
        "attempts": result.tries,
        "submitted_at": result.submitted_at.isoformat() if result.submitted_at else None,
        "graded_at": result.graded_at.isoformat() if result.graded_at else None,
        "override": None
        if by_hand is None
        else {
            "score": by_hand.score,
            "author": by_hand.author,
            "reason": by_hand.reason,
            "made_at": by_hand.made_at.isoformat(),
        },
        "topics": {
            topic.id: None if points is None else {"score": points.earned, "max_score": points.possible}
            for topic, points in zip(exercise.topics, result.topics, strict=True)
        },
        "checks": {
            check: {"outcome": one.outcome, "points": one.points, "found": one.found}
            for check, one in (result.checks or {}).items()
        }
        if graded
        else {},
    }
