"""Results as a lab wrote them down, or as someone typed them: read as what they are, or as nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from grader.evidence.results import Other, Value, read_results
from grader.suite.api import rows_differ


def read(folder: Path, told: dict[str, Any]) -> Any:
    file = folder / "results.json"
    file.write_text(json.dumps({"found": told}))
    return read_results(file)["found"]


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("int", 3),
        ("float", 0.5),
        ("float", None),
        ("str", ""),
        ("list", []),
        ("tuple", [1]),
        ("set", [1]),
        ("bool", True),
    ],
    ids=str,
)
def test_a_value_of_its_type_is_read(tmp_path: Path, type: str, value: object) -> None:
    assert read(tmp_path, {"kind": "value", "type": type, "value": value}) == Value(type, value)


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("int", "3"),
        ("float", [1.0]),
        ("str", None),
        ("list", 7),
        ("list", None),
        ("tuple", {}),
        ("set", 7),
        ("dict", []),
    ],
    ids=str,
)
def test_a_value_of_another_type_than_it_says_is_none(tmp_path: Path, type: str, value: object) -> None:
    assert isinstance(read(tmp_path, {"kind": "value", "type": type, "value": value}), Other)


def test_numbers_beyond_all_floats_are_compared_all_the_same() -> None:
    wanted = [{"grams": 10**400}, {"grams": 1}]
    assert rows_differ(list(reversed(wanted)), wanted, ["grams"]) is None
    assert rows_differ([{"grams": 10**401}, {"grams": 1.0}], wanted, ["grams"]) is not None


def test_an_error_of_sparks_is_named_by_its_condition(tmp_path: Path) -> None:
    """Its text may name another file in each lab, and is about the inside of Spark."""
    text = (
        "org.apache.spark.SparkException: [FAILED_READ_FILE.FILE_NOT_EXIST] Encountered error while reading file:///a"
    )
    told = {"kind": "error", "name": "Py4JJavaError", "message": text}
    assert read(tmp_path, told) == Other("unreadable: Spark raised FAILED_READ_FILE.FILE_NOT_EXIST")
    told = {"kind": "error", "name": "ValueError", "message": "no [such] thing"}
    assert read(tmp_path, told) == Other("unreadable: ValueError: no [such] thing")
