"""A logged model's folder, and a probe's answers: what MLflow writes is read, and what it never writes harms nobody."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from grader.evidence import Unreadable, behaviour, models
from grader.evidence.behaviour import Answer, Behaviour, Call
from grader.evidence.models import Column, Example, Model
from tests.apart import apart, new_store
from tests.properties import given, settings, st

pytestmark = pytest.mark.server

Told = dict[str, Any]
COLUMNS = ("inputs", "outputs", "params")


# What MLflow writes


def save_models() -> Told:
    """Models with and without what they may carry, and what MLflow tells of each."""
    import cloudpickle
    import mlflow
    import numpy as np
    import pandas as pd
    from mlflow.models import ModelSignature, get_model_info, infer_signature
    from mlflow.types.schema import ColSpec, Schema
    from sklearn.linear_model import LinearRegression

    from tests import test_evidence_models

    class Echo(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
            return model_input

    cloudpickle.register_pickle_by_value(test_evidence_models)
    frame = pd.DataFrame({"area": [1.5, 2.5], "rooms": [3, 4], "town": ["Köln", "Bonn"]})
    numbers = frame[["area", "rooms"]]
    fitted = LinearRegression().fit(numbers, [1.0, 2.0])
    params = {"factor": 2, "names": ["a"]}
    optional = Schema([ColSpec("double", "area"), ColSpec("long", "rooms", required=False)])
    nameless = Schema([ColSpec("double")])
    sklearn = {
        "full": {"signature": infer_signature(numbers, fitted.predict(numbers)), "input_example": numbers},
        "bare": {},
        "tensor": {"signature": infer_signature(numbers.to_numpy(), np.ones(2))},
        "optional": {"signature": ModelSignature(optional, nameless)},
    }
    pyfunc = {
        "params": {"signature": infer_signature(frame, frame, params), "input_example": (frame, params)},
        "records": {"input_example": [{"area": 1.5, "rooms": 3}, {"rooms": 4, "area": 2.5}]},
        "array": {"input_example": np.ones((2, 2))},
        "text": {"input_example": "hello"},
    }
    for name, more in sklearn.items():
        mlflow.sklearn.save_model(fitted, name, serialization_format="cloudpickle", **more)
    for name, more in pyfunc.items():
        mlflow.pyfunc.save_model(name, python_model=Echo(), pip_requirements=["mlflow", "pandas>=2"], **more)
    told = {}
    for name in (*sklearn, *pyfunc):
        info = get_model_info(name)
        parts = {part: getattr(info.signature, part, None) for part in COLUMNS}
        told[name] = {
            "flavors": info.flavors,
            "signature": {part: None if schema is None else schema.to_dict() for part, schema in parts.items()},
        }
    return told


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Told]:
    """A folder with models in it by name, and what MLflow tells of them."""
    root = tmp_path_factory.mktemp("saved")
    new_store(root)
    return root, apart(root, save_models)


def model(path: Path) -> Model:
    return Model(path, path.name, None, None)


NAMES = ("full", "bare", "tensor", "optional", "params", "records", "array", "text")


@pytest.mark.parametrize("name", NAMES)
def test_flavors_and_signature_are_as_mlflow_tells_them(saved: tuple[Path, Told], name: str) -> None:
    root, told = saved
    found = model(root / name)
    assert found.flavors == told[name]["flavors"]
    for part in COLUMNS:
        wanted = told[name]["signature"][part]
        read = getattr(found, part)
        if wanted is None:
            assert read is None
        else:
            named = [(str(c["name"]) if "name" in c else None, c["type"], c.get("default")) for c in wanted]
            assert [(c.name, c.type, c.default) for c in read] == named


def test_columns_have_names_types_and_defaults(saved: tuple[Path, Told]) -> None:
    root, _ = saved
    assert model(root / "full").inputs == (Column("area", "double"), Column("rooms", "long"))
    assert model(root / "optional").inputs == (Column("area", "double"), Column("rooms", "long", required=False))
    assert model(root / "optional").outputs == (Column(None, "double"),)
    assert model(root / "tensor").inputs == (Column(None, "tensor"),)
    params = model(root / "params").params
    assert params is not None and [(p.name, p.default) for p in params] == [("factor", 2), ("names", ["a"])]
    assert model(root / "bare").inputs is None and model(root / "full").params is None


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("full", Example(("area", "rooms"), ((1.5, 3), (2.5, 4)))),
        ("params", Example(("area", "rooms", "town"), ((1.5, 3, "Köln"), (2.5, 4, "Bonn")))),
        ("records", Example(("area", "rooms"), ((1.5, 3), (2.5, 4)))),
        ("bare", None),
        ("array", None),
        ("text", None),
    ],
)
def test_an_example_that_is_a_table_is_read(saved: tuple[Path, Told], name: str, example: Example | None) -> None:
    assert model(saved[0] / name).example == example


def test_requirements_are_lines_without_comments(saved: tuple[Path, Told], tmp_path: Path) -> None:
    assert model(saved[0] / "params").requirements == ("mlflow", "pandas>=2")
    (tmp_path / "requirements.txt").write_bytes(b"# all\n\na==1  # why\n  b\r\n\xff\n")
    assert model(tmp_path).requirements == ("a==1", "b", "\N{REPLACEMENT CHARACTER}")


# What it never writes

GOOD: Told = {
    "flavors": {"python_function": {"loader_module": "x"}},
    "signature": {"inputs": '[{"name": "a", "type": "double"}]', "outputs": '[{"type": "long"}]', "params": None},
    "saved_input_example_info": {"artifact_path": "input_example.json", "type": "dataframe", "pandas_orient": "split"},
}
GOOD_EXAMPLE = '{"columns": ["a"], "data": [[1.0]]}'


def written(path: Path, card: object = GOOD, example: str | None = GOOD_EXAMPLE) -> Model:
    """A model with this card, as YAML or as the very text or bytes, and this example."""
    path.mkdir(exist_ok=True)
    if isinstance(card, bytes):
        (path / "MLmodel").write_bytes(card)
    else:
        (path / "MLmodel").write_text(card if isinstance(card, str) else yaml.safe_dump(card))
    if example is not None:
        (path / "input_example.json").write_text(example)
    (path / "requirements.txt").write_text("mlflow\n")
    return model(path)


def asked_for_everything(found: Model) -> set[str]:
    """Which parts of a model can't be read. All that can must be of the promised types."""
    unreadable = set()
    parts: dict[str, Callable[[Any], bool]] = {
        "card": lambda card: isinstance(card, dict),
        "flavors": lambda flavors: all(isinstance(k, str) and isinstance(v, dict) for k, v in flavors.items()),
        **dict.fromkeys(COLUMNS, _columns_are_typed),
        "example": _example_is_typed,
        "requirements": lambda lines: isinstance(lines, tuple) and all(isinstance(line, str) for line in lines),
    }
    for part, typed in parts.items():
        try:
            assert typed(getattr(found, part)), f"{part} is not what it promises"
        except Unreadable as error:
            assert str(error)
            unreadable.add(part)
    return unreadable


def _columns_are_typed(columns: Any) -> bool:
    return columns is None or all(
        isinstance(c.name, str | None) and isinstance(c.type, str) and isinstance(c.required, bool) for c in columns
    )


def _example_is_typed(example: Any) -> bool:
    return example is None or (
        all(isinstance(name, str) for name in example.columns)
        and all(isinstance(row, tuple) and len(row) == len(example.columns) for row in example.rows)
    )


ALL = {"card", "flavors", *COLUMNS, "example"}
"""All that is read from the card."""


def test_what_is_spoiled_below_was_good(tmp_path: Path) -> None:
    found = written(tmp_path / "model")
    assert asked_for_everything(found) == set()
    assert found.inputs == (Column("a", "double"),) and found.example == Example(("a",), ((1.0,),))


def bomb(link: str, *, opens: str = "[", closes: str = "]") -> str:
    """Each line stands for ten of the line before: 10^12 of the first."""
    lines = ["a0: &a0 {x: 1}"]
    for n in range(1, 13):
        lines.append(f"a{n}: &a{n} {opens}{link}[{', '.join([f'*a{n - 1}'] * 10)}]{closes}")
    return "\n".join(lines) + "\nflavors: *a12\n"


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "card",
    [
        b"",
        b"\0",
        bytes(range(256)),
        random.Random(1).randbytes(1000),
        b"\xff\xfe" + "flavors: {}".encode("utf-16-be"),
        b"x: 1\n" * (2 << 20),
        "null",
        "[]",
        "text",
        "flavors",
        "flavors: []",
        "flavors: null",
        "- flavors: {}",
        "{" * 60_000,
        "[" * 60_000,
        "- " * 30_000,
        "flavors: {}\nflavors: []",
        "flavors: {}\n? [a, b]\n: c",
        "flavors: {}\na: *nothing",
        "flavors: {}\n---\nflavors: {}",
        # Text that is not what its tag says.
        *(f"flavors: {{}}\nx: !!{tag}" for tag in ("int ''", "float ''", "bool maybe", "timestamp soon", "null [1]")),
        *(f"flavors: {{}}\nx: {text}" for text in ("2026-02-31", "1:00:" + "00:" * 300 + "00.0", "1" * 5000)),
        # Merges, however they are spelt.
        bomb("<<: ", opens="{", closes="}"),
        bomb("!!merge x: ", opens="{", closes="}"),
        bomb("!<tag:yaml.org,2002:merge> x: ", opens="{", closes="}"),
        bomb("<<: ", opens="{", closes="}").encode("utf-16"),
        "%TAG !m! tag:yaml.org,2002:mer\n---\na: &a {x: 1}\nflavors: {!m!ge x: *a}",
        "flavors: {<<: {x: {}}}",
    ],
    ids=lambda card: repr(card[:40]),
)
def test_a_card_that_mlflow_never_wrote_is_not_read(tmp_path: Path, card: str | bytes) -> None:
    assert asked_for_everything(written(tmp_path / "model", card)) == ALL


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "card",
    [
        bomb(""),
        "flavors: &a {python_function: *a}\nsignature: *a\nsaved_input_example_info: *a\n",
        "&a flavors: *a",
        "flavors: {1: {}, null: {}, 2.5: {}, [a]: 1}",
        "flavors: {0x" + "f" * 10_000 + ": {}}",
        "flavors: {a: 1, b: []}",
        *(f"flavors: {{a: {{}}}}\nsignature: {value}" for value in ("1", "[]", "text", "{inputs: 1}", "{inputs: {}}")),
        *(f"flavors: {{a: {{}}}}\nsaved_input_example_info: {value}" for value in ("1", "[]", "text", "{}")),
    ],
    ids=lambda card: repr(card[:40]),
)
def test_an_odd_card_breaks_no_promise(tmp_path: Path, card: str) -> None:
    asked_for_everything(written(tmp_path / "model", card))


@pytest.mark.parametrize(
    "tag",
    [
        *("!!python/object/apply:os.system [{0}]", "!!python/object/new:os.system [{0}]", "!!python/name:os.system ''"),
        *("!!python/module:os ''", "!!python/object:pathlib.Path {{}}"),
        "!<tag:yaml.org,2002:python/object/apply:os.system> [{0}]",
    ],
)  # fmt: skip
def test_nothing_in_a_card_is_run(tmp_path: Path, tag: str) -> None:
    trace = tmp_path / "trace"
    card = f"flavors: {tag.format(f'touch {trace}')}"
    assert asked_for_everything(written(tmp_path / "model", card)) == ALL
    assert not trace.exists()


@pytest.mark.parametrize("kind", ["missing", "link", "folder", "pipe", "device"])
def test_a_card_that_is_no_file_is_not_read(tmp_path: Path, kind: str) -> None:
    found = written(tmp_path / "model")
    for name in ("MLmodel", "requirements.txt"):
        path = found.path / name
        path.rename(tmp_path / name)
        if kind == "link":
            path.symlink_to(tmp_path / name)
        elif kind == "folder":
            path.mkdir()
        elif kind == "pipe":
            os.mkfifo(path)
        elif kind == "device":
            path.symlink_to("/dev/zero")
    assert asked_for_everything(found) == {*ALL, "requirements"}


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "nan", "7", "null", "true", '"text"', '{"a": 1}', "[1]", "[[]]", '["a"]', "[null]", "[" * 30_000),
        *('[{"name": "a"}, 7]', "9" * 5000),
    ],
)
def test_a_signature_that_is_none_is_not_read(tmp_path: Path, text: str) -> None:
    card = {**GOOD, "signature": {"inputs": text, "outputs": '[{"type": "long"}]'}}
    found = written(tmp_path / "model", card)
    assert asked_for_everything(found) == {"inputs"}
    assert found.outputs == (Column(None, "long"),)


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": 7, "type": 8, "required": "no"}]',
        '[{"name": ["a"], "type": {"b": 1}, "required": []}]',
        '[{"name": null, "type": null}, {}]',
        '[{"name": "\\ud800", "type": "\\u0000"}]',
        '[{"name": "a", "type": "double", "default": NaN, "x": 1e999}]',
        f'[{{"name": {"[" * 500}{"]" * 500}}}]',
        "[]",
    ],
    ids=lambda text: text[:40],
)
def test_an_odd_signature_breaks_no_promise(tmp_path: Path, text: str) -> None:
    found = written(tmp_path / "model", {**GOOD, "signature": dict.fromkeys(COLUMNS, text)})
    assert asked_for_everything(found) <= set(COLUMNS)


@pytest.mark.parametrize(
    "name",
    [
        *("missing.json", "../input_example.json", "/etc/hostname", "below/input_example.json", "", ".", ".."),
        *("a\0b", "n" * 300, "below", "link", "\ud800", 7, None, ["input_example.json"], {"a": 1}, True),
    ],
    ids=lambda name: repr(name)[:30],
)
def test_an_example_elsewhere_is_none(tmp_path: Path, name: object) -> None:
    card = {**GOOD, "saved_input_example_info": {"artifact_path": name}}
    found = written(tmp_path / "model", json.dumps(card) if name != "\ud800" else card)
    (tmp_path / "input_example.json").write_text(GOOD_EXAMPLE)
    (found.path / "below").mkdir()
    (found.path / "below" / "input_example.json").write_text(GOOD_EXAMPLE)
    (found.path / "link").symlink_to(tmp_path / "input_example.json")
    assert asked_for_everything(found) in (set(), ALL)
    if "example" not in asked_for_everything(found):
        assert found.example is None


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "example",
    [
        *("", "{", "7", "null", "[]", '"text"', '["a"]', "[[1, 2]]", '{"a": {"b": 1}}', "{}", "9" * 5000),
        *('{"columns": ["a"]}'),
        *('{"columns": 1, "data": 2}', '{"columns": ["a"], "data": {"b": 1}}', '{"columns": null, "data": []}'),
        *('{"columns": ["a"], "data": [1]}', '{"columns": ["a"], "data": [[1, 2]]}', '{"columns": ["a"], "data": "x"}'),
        *('[{"a": 1}, 7]', '[{"a": 1}, {"b": 2}]', '[{"a": 1}, {}]', '{"inputs": [[1]]}', "[" * 200_000),
        '{"columns": ["a"], "data": ["x"]}',
        "[" + json.dumps({str(n): 0 for n in range(50_000)}) + ", {}" * 500_000 + "]",
    ],
    ids=lambda example: example[:40],
)  # fmt: skip
def test_an_example_that_is_no_table_is_none(tmp_path: Path, example: str) -> None:
    found = written(tmp_path / "model", example=example)
    assert asked_for_everything(found) == set() and found.example is None


@pytest.mark.parametrize(
    "example",
    ['{"columns": [1, null], "data": [[[], {}]]}', '{"columns": [], "data": [[]]}', '[{"a": [1]}]', "[{}]"],
)
def test_an_odd_example_breaks_no_promise(tmp_path: Path, example: str) -> None:
    assert asked_for_everything(written(tmp_path / "model", example=example)) == set()


def test_an_example_too_large_to_be_judged_is_not_read(tmp_path: Path) -> None:
    found = written(tmp_path / "model", example=" " * (models.MOST_EXAMPLE_BYTES + 1))
    assert asked_for_everything(found) == {"example"}


# Any shape

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
columns = st.lists(
    anything | st.dictionaries(st.sampled_from(["name", "type", "required", "default"]), anything), max_size=4
)
tables = st.fixed_dictionaries(
    {"columns": anything | st.lists(anything), "data": anything | st.lists(st.lists(anything))}
)
cards = st.fixed_dictionaries(
    {"flavors": st.dictionaries(st.text(max_size=5), anything, max_size=3) | anything},
    optional={
        "signature": anything
        | st.dictionaries(st.sampled_from(COLUMNS), anything | (anything | columns).map(json.dumps)),
        "saved_input_example_info": anything
        | st.fixed_dictionaries({"artifact_path": st.just("input_example.json"), "params": anything}),
    },
)
scraps = st.lists(
    st.sampled_from(
        [
            *("flavors", "signature", "inputs", ": ", "- ", "? ", "\n", "\n  ", " ", "{", "}", "[", "]", ",", "'", '"'),
            *("&a ", "*a", "<<", "=", "!!int ", "!!float ", "!!bool ", "!!timestamp ", "!!merge ", "!!set ", "!!omap "),
            *("!!pairs ", "!!binary ", "!!str ", "!!python/name:os.system ", "!x ", "%TAG ! x\n", "---\n", "...\n"),
            *("0x", "0b1", "1:2", "1:99.5", ".inf", ".nan", "2026-13-45", "~", "yes", "|", ">", "#", "\t", "é", "\x85"),
        ]
    ),
    max_size=25,
).map("".join)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any") / "model"


@settings(max_examples=100)
@given(card=cards, example=anything | tables | st.lists(st.dictionaries(st.sampled_from("ab"), anything)))
def test_a_model_of_any_shape_breaks_no_promise(place: Path, card: Any, example: Any) -> None:
    asked_for_everything(written(place, json.dumps(card), json.dumps(example)))
    asked_for_everything(written(place, json.dumps(card), json.dumps({"inputs": example})))


@settings(max_examples=200)
@given(scraps | st.binary(max_size=200))
def test_a_card_of_any_text_breaks_no_promise(place: Path, card: str | bytes) -> None:
    asked_for_everything(written(place, card))


# What a probe tells


@pytest.mark.parametrize("ended", sorted(behaviour.WHY))
def test_a_question_that_has_no_answer_has_a_reason(ended: str) -> None:
    assert behaviour.understood({"ended": ended}, 1) == Behaviour((), behaviour.WHY[ended])


def test_answers_are_taken_one_a_call() -> None:
    told = {
        "calls": [
            {"values": [1, [2, 3]], "changed": True},
            {"error": {"name": "KeyError", "message": "'a'"}},
            {"values": 7, "changed": False},
        ]
    }
    answers = (Answer((1, [2, 3]), None, True), Answer(None, "KeyError: 'a'"), Answer((7,), None))
    assert behaviour.understood(told, 3) == Behaviour(answers, None)
    assert behaviour.understood(told, 2) == Behaviour((), behaviour.WHY["died"])
    failed = behaviour.understood({"error": {"name": "ImportError", "message": "x" * 1000}}, 1)
    assert failed.failure is not None and failed.failure.startswith("loading it raised ImportError: xxx")
    assert len(failed.failure) < 400


errors = anything | st.dictionaries(st.sampled_from(["name", "message"]), anything)
answers = st.fixed_dictionaries({}, optional={"values": anything, "changed": anything, "error": errors})
tellings = st.dictionaries(st.text(max_size=5), anything, max_size=3) | st.fixed_dictionaries(
    {}, optional={"ended": anything, "error": errors, "calls": anything | st.lists(anything | answers, max_size=3)}
)


@settings(max_examples=150)
@given(tellings, st.integers(min_value=0, max_value=3))
def test_an_answer_of_any_shape_is_understood(told: dict[str, Any], calls: int) -> None:
    found = behaviour.understood(told, calls)
    if found.failure is not None:
        assert isinstance(found.failure, str) and len(found.failure) < 400 and found.answers == ()
    else:
        assert len(found.answers) == calls
    for answer in found.answers:
        assert isinstance(answer.changed, bool)
        assert (answer.values is None) != (answer.error is None)
        assert isinstance(answer.values, tuple | None) and isinstance(answer.error, str | None)
        assert answer.error is None or len(answer.error) <= 300


@pytest.mark.parametrize("part", ["ended", "error", "calls"])
def test_an_answer_as_deep_as_json_goes_is_understood(part: str) -> None:
    deep = json.loads("[" * 900 + "]" * 900)
    for told in ({part: deep}, {part: {"name": deep, "message": deep}}, {"calls": [{part: deep, "values": deep}]}):
        assert isinstance(behaviour.understood(told, 1), Behaviour)


def test_a_call_is_asked_as_plain_data() -> None:
    call = Call(("a",), ((1.0,), (None,)), {"a": "float32"}, {"factor": 2}, "predict_proba")
    assert json.loads(json.dumps(call.as_json())) == {
        "columns": ["a"],
        "rows": [[1.0], [None]],
        "types": {"a": "float32"},
        "params": {"factor": 2},
        "method": "predict_proba",
    }
    assert Call((), ()).as_json() == {"columns": [], "rows": [], "types": None, "params": None, "method": "predict"}
