"""The suite of exercise 2 on a finished lab whose evidence was spoiled: it judges, and never breaks.

One lab is raised; its files are then changed in all kinds of ways, and the suite's tests are called on them. What a
spoiled model would say is told in the prober's place.
"""

from __future__ import annotations

import importlib
import inspect
import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from deltalake import write_deltalake

from fixtures import coffee
from grader import catalog, lab, submission
from grader.evidence import Unreadable
from grader.lab import sandbox
from grader.suite.api import Lab, Mismatch

pytestmark = [pytest.mark.lab, pytest.mark.proof, pytest.mark.timeout(900)]

DATA = coffee.plan(1)
ODD: list[Any] = [
    *(None, True, -1, 10**400, 1e308, float("inf"), "", "x", "NAType", [1], {"a": 1}, [[1]]),
    *("2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00"),
]
SPOILED = 40
"""Changes of each kind."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a lab in which everything was done rightly, and where the lab itself saw its files."""
    exercise = catalog.find("ex2")
    file = catalog.home() / "solutions" / exercise.name / "accepted" / "feature_store_client.py"
    kept = tmp_path_factory.mktemp("finished") / "lab"
    with lab.folder() as folder:
        isolation = sandbox.choose("auto")
        record = lab.run(exercise, submission.read(file), 1, folder, isolation=isolation, notify=lambda _: None)
        shutil.copytree(folder / "root", kept / "root")
        (kept / "run").mkdir()
        shutil.copy(folder / "run" / "results.json", kept / "run")
    return kept, record.seen_at


@pytest.fixture
def place(finished: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy of that folder, to be spoiled."""
    return Path(shutil.copytree(finished[0], tmp_path / "lab"))


@pytest.fixture(scope="module")
def suite(pytestconfig: pytest.Config) -> Iterator[list[Callable[..., None]]]:
    """The suite's tests."""
    pytestconfig.addinivalue_line("markers", "check(id): judges the declared check of this id")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(catalog.find("ex2").suite))
        modules = [importlib.import_module(name) for name in ("test_tables", "test_time", "test_forecast")]
        yield [
            test
            for module in modules
            for name, test in vars(module).items()
            if name.startswith("test_") and test.__module__ == module.__name__
        ]


class Prober:
    """Tells what it is made to tell, for each row alike."""

    def __init__(self, told: Any = 1.0) -> None:
        self.told = told

    def ask(self, model: Path, flavor: str, calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        json.dumps(calls)
        if isinstance(self.told, dict):
            return self.told
        return {"calls": [{"values": [self.told] * len(call["rows"])} for call in calls]}


def judge(suite: list[Callable[..., None]], place: Path, seen_at: str, told: Any = 1.0) -> Counter[str]:
    """How many tests of the suite pass and how many don't. Whatever else they raise is their mistake."""
    seen = Lab(place, DATA, {}, seen_at, Prober(told))  # type: ignore[arg-type]
    given = {"lab": seen, "data": DATA}
    found: Counter[str] = Counter()
    for test in suite:
        try:
            test(**{name: given[name] for name in inspect.signature(test).parameters})
            found["passed"] += 1
        except Mismatch as error:
            assert error.expected and error.found
            found["failed"] += 1
        except Unreadable as error:
            assert str(error)
            found["unreadable"] += 1
    return found


def test_all_is_right_but_for_what_the_model_says(
    suite: list[Callable[..., None]], finished: tuple[Path, str], place: Path
) -> None:
    assert judge(suite, place, finished[1]) == {"passed": len(suite) - 3, "failed": 3}


@pytest.mark.parametrize(
    "told", [*ODD, {"ended": "timeout"}, {"error": {}}, {"calls": 7}], ids=lambda told: str(told)[:20]
)
def test_whatever_a_model_says(
    suite: list[Callable[..., None]], finished: tuple[Path, str], place: Path, told: Any
) -> None:
    assert judge(suite, place, finished[1], told)["failed"] == 3


def test_whatever_the_results_are(suite: list[Callable[..., None]], finished: tuple[Path, str], place: Path) -> None:
    rng = random.Random(1)
    file = place / "run" / "results.json"
    right = file.read_text()
    for _ in range(SPOILED):
        told = json.loads(right)
        name = rng.choice(list(told))
        if rng.random() < 0.5 or told[name]["kind"] != "frame":
            value = rng.choice([*ODD, rng.sample(ODD, 5)])
            told[name] = {"kind": "value", "type": rng.choice(["list", "tuple", "int", "str"]), "value": value}
        else:
            for row in rng.sample(told[name]["rows"], 4):
                row[rng.randrange(len(row))] = rng.choice(ODD)
            rng.choice(told[name]["columns"])[0] = rng.choice(["x", DATA.key, "called_at", "prediction"])
        file.write_text(json.dumps(told))
        assert judge(suite, place, finished[1])["passed"] <= len(suite) - 3


def test_whatever_stands_in_the_catalogue(
    suite: list[Callable[..., None]], finished: tuple[Path, str], place: Path
) -> None:
    rng = random.Random(2)
    file = place / "root" / "features" / "catalogue.json"
    right = file.read_text()
    values = [*ODD, "/lab", "/lab/tables/training", [DATA.key], [{"store": DATA.schema, "table": "sqlite_master"}]]
    for _ in range(SPOILED):
        told = json.loads(right)
        entry, other = rng.sample(list(told["tables"].values()), 2)
        name = rng.choice(list(entry))
        entry[name] = other[name] if rng.random() < 0.4 else rng.choice(values)
        file.write_text(json.dumps(told))
        judge(suite, place, finished[1])


def parts(value: Any, *way: Any) -> Iterator[tuple[Any, ...]]:
    """The ways to all parts of nested data."""
    if way:
        yield way
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield from parts(part, *way, name)


def test_whatever_stands_in_the_feature_spec(
    suite: list[Callable[..., None]], finished: tuple[Path, str], place: Path
) -> None:
    rng = random.Random(3)
    file = next(place.glob("root/mlruns/**/feature_spec.yaml"))
    right = file.read_text()
    for _ in range(SPOILED):
        told = yaml.safe_load(right)
        *way, last = rng.choice(list(parts(told)))
        inner = told
        for name in way:
            inner = inner[name]
        inner[last] = rng.choice([*ODD, DATA.key, "country", "spend"])
        file.write_text(yaml.safe_dump(told))
        judge(suite, place, finished[1])


KEY, LABEL = DATA.key, DATA.label
STRANGE: dict[str, dict[str, Any]] = {
    "other columns": {"x": [1]},
    "lists": {KEY: [[1], [2]], "spend": [[1.0], None], "country": [["AT"], None], LABEL: [[1], [2]]},
    "texts": {KEY: ["a", None], "spend": ["a", None], "coffee": ["a", "b"], LABEL: ["1", "2"]},
    "no finite numbers": {KEY: [1, 1], "spend": [float("nan"), float("inf")], LABEL: [float("nan"), float("-inf")]},
    "nulls": {KEY: pa.array([None, None], pa.int64()), LABEL: pa.array([None, None], pa.float64())},
    "no rows": {KEY: pa.array([], pa.int64()), LABEL: pa.array([], pa.float64())},
    "labels alone": {LABEL: [row[LABEL] for row in DATA.orders]},
    "records": {**{name: [{"a": 1}] for name in DATA.renamed}, LABEL: [DATA.orders[0][LABEL]], DATA.time_key: [[1]]},
}


@pytest.mark.parametrize("columns", STRANGE.values(), ids=STRANGE.keys())
@pytest.mark.parametrize("table", ["customers_table", "coffees_table", "activity_table", "training"])
def test_whatever_a_table_holds(
    suite: list[Callable[..., None]], finished: tuple[Path, str], place: Path, table: str, columns: dict[str, Any]
) -> None:
    if table == "training":
        path = place / "root" / "tables" / "training"
    else:
        path = place / "root" / "warehouse" / getattr(DATA, table).replace(".", ".db/")
    assert path.is_dir()
    shutil.rmtree(path)
    write_deltalake(str(path), pa.table(columns))
    assert judge(suite, place, finished[1])["passed"] < len(suite) - 3
