"""The scorecard: points, and the documented format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from grader.exams import load_exams
from grader.lab.record import CellError, CellRecord
from grader.report import jsonfile
from grader.scoring import SubmissionId, not_graded
from tests import factories

SCHEMA = json.loads((Path(__file__).parent.parent / "docs" / "scorecard.schema.json").read_text(encoding="utf-8"))


def validate(data: dict[str, Any]) -> None:
    jsonschema.validate(data, SCHEMA, cls=jsonschema.Draft202012Validator)


def test_schema_is_a_schema() -> None:
    meta = jsonschema.Draft202012Validator.META_SCHEMA
    assert SCHEMA["$schema"] == meta["$id"]
    assert [error.message for error in jsonschema.Draft202012Validator(meta).iter_errors(SCHEMA)] == []


@pytest.mark.parametrize("sample", factories.SAMPLES)
def test_json_follows_the_schema(sample: str) -> None:
    data = json.loads(jsonfile.text(factories.SAMPLES[sample]()))
    validate(data)
    assert list(data)[:2] == ["format_version", "exercise"]
    assert [check["id"] for check in data["checks"]] == [c.id for c in factories.exercise().checks]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "not_graded"},  # with a score and no reason
        {"score": None},
        {"reason": "because"},
        {"extra": 1},
        {"format_version": 3},
        {"seed": 7},
        {"seed": "07"},
        {"isolation": None},
    ],
)
def test_schema_refuses_what_does_not_fit_together(change: dict[str, Any]) -> None:
    data = json.loads(jsonfile.text(factories.mixed())) | change
    with pytest.raises(jsonschema.ValidationError):
        validate(data)


def test_points_add_up_per_topic_and_exam() -> None:
    card = factories.mixed()
    earned = sum(check.points for check in card.checks if check.outcome == "passed")
    assert 0 < earned < card.max_score
    assert card.score == earned
    assert sum(topic.score for topic in card.topics) == earned
    for exam in card.exams:  # every topic of exercise 1 serves a section of each of them
        assert sum(section.score for section in exam.sections) == earned
        assert sum(section.max_score for section in exam.sections) == card.max_score


def test_not_reached_earns_nothing_and_passed_needs_every_check() -> None:
    assert factories.graded(otherwise="not_reached").score == 0
    assert factories.all_passed().passed
    assert not factories.mixed().passed


def test_what_was_not_graded_has_no_score() -> None:
    card = factories.ungraded()
    assert card.score is None
    assert not card.passed
    assert {check.outcome for check in card.checks} == {"not_reached"}


def test_exam_weights_add_up() -> None:
    exams = load_exams()
    assert {exam.id for exam in exams} == {"associate-2025", "professional", "professional-2025"}
    for exam in exams:
        assert sum(section.weight for section in exam.sections) == 100


HOSTILE = "a\x1b[31m\ud800\x00\u202e\u061c\u00ad\u2060\ufff9\U000e0041" + "x" * 3_000_000


def test_text_of_a_submission_is_clean_and_short() -> None:
    cell = CellRecord(2, HOSTILE, "error", 1.0, CellError(HOSTILE, HOSTILE, 1, HOSTILE), (HOSTILE,))
    results = [factories.result(check.id, found=HOSTILE, expected=HOSTILE) for check in factories.exercise().checks]
    identity = SubmissionId(HOSTILE, "9f" * 32)
    judged = factories.graded(results, records=(cell,), submission=identity)
    lost = not_graded(factories.exercise(), HOSTILE, load_exams(), submission=identity, seed=1, cells=(cell,))
    for card in (judged, lost):
        text = json.dumps(card.as_json(), ensure_ascii=False)
        assert not {c for c in text if not c.isprintable()}
        assert len(text) < 200_000
        assert card.submission.path.startswith("a\\u001b[31m\\ud800\\u0000\\u202e")
