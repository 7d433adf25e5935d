"""The suite of exercise 2 on a feature store that was changed by hand: it judges, and never breaks.

What tables, results, models and the tracking store may hold is spoiled in :mod:`tests.test_spoiled`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from grader.suite.api import Lab
from tests import spoiled
from tests.spoiled import FEATURES, ODD, Answers, Finished

pytestmark = [pytest.mark.lab, pytest.mark.proof, pytest.mark.timeout(900)]

CHANGES = 60
"""Changes of each file."""


def nested(right: Any, odd: list[Any], seed: int) -> Iterator[Any]:
    return spoiled.spoil_nested(right, odd, random.Random(seed), CHANGES)


@pytest.fixture(scope="module")
def finished(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    request.config.addinivalue_line("markers", "check(id): judges the declared check of this id")
    return spoiled.finish("ex2", "feature_store_client.py", tmp_path_factory.mktemp("ex2"))


def judged(finished: Finished, place: Path, file: Path, texts: Iterable[str]) -> None:
    """Have a copy judged with each of these texts in the place of a file, whose path is below the lab's folder."""
    spoiled.copy(finished, place, str(file))
    for text in texts:
        (place / file).unlink()  # It is shared with the others.
        (place / file).write_text(text)
        answers = Answers(None, place.resolve() / "root", finished.told)
        seen = Lab(place, finished.data, finished.facts, finished.seen_at, answers, None, finished.reported)  # type: ignore[arg-type]
        _, mistakes = spoiled.judge(finished, seen)
        assert not mistakes, f"{mistakes}\n{text}"


def test_whatever_stands_in_the_catalogue(finished: Finished, tmp_path: Path) -> None:
    data = finished.data
    odd = [*ODD, "/lab", "/lab/tables/training", [data.key], [{"store": data.schema, "table": "sqlite_master"}]]
    odd += [data.customers_table, data.coffees_table, data.activity_table, data.time_key, [data.time_key]]
    right = json.loads((finished.folder / FEATURES).read_text())
    judged(finished, tmp_path / "lab", Path(FEATURES), map(json.dumps, nested(right, odd, 2)))


def test_whatever_stands_in_the_feature_spec(finished: Finished, tmp_path: Path) -> None:
    data = finished.data
    file = next(finished.folder.glob("root/mlruns/**/feature_spec.yaml"))
    right = yaml.safe_load(file.read_text())
    odd = [*ODD, data.key, "country", "spend", data.growers_table, data.activity_table]
    texts = map(yaml.safe_dump, nested(right, odd, 3))
    judged(finished, tmp_path / "lab", file.relative_to(finished.folder), texts)
