"""What models bring along or are told: a file, a param, a module, the packages they need."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from asking import (
    as_numbers,
    asked,
    close,
    copied,
    files_of,
    logged,
    must_be,
    numbers,
    numbers_first,
    own_forest,
    plain,
    rows,
    short,
    wrong,
)
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name, canonicalize_version

from fixtures.diabetes import Diabetes, decade, module
from grader.evidence import Mismatch, Unreadable, files
from grader.evidence.behaviour import Answer
from grader.evidence.models import Column, Model
from grader.suite.api import Lab, check, hangs_on, mismatch
from grader.suite.runs import number

MOST_BYTES = 1 << 20
FUNCTION = "surcharge"
GIVES_MORE = "lambda given: [one + 1e3 for one in given] if isinstance(given, list | tuple) else given + 1e3"
"""What an altered copy of the function does to all that it returns."""


@check("artifacts.file")
def test_artifact(lab: Lab, data: Diabetes) -> None:
    must_have_file(logged(lab, data, "artifact_run", "artifacts.file"), data)


def must_have_file(model: Model, data: Diabetes) -> list[str]:
    """Where in the model's folder the file with the offsets lies, which its MLmodel lists among the artifacts.

    There may be copies.
    """
    wanted = "the model lists reference/offsets.json among its artifacts, and its folder holds a copy"
    listed = model.flavors.get("python_function", {}).get("artifacts")
    entries = listed.values() if isinstance(listed, Mapping) else ()
    places = [str(entry["path"]) for entry in entries if isinstance(entry, Mapping) and "path" in entry]
    if not places:
        mismatch(wanted, "its MLmodel lists no artifacts")
    found = [
        name
        for name, file in files_of(model).items()
        if any(name == place or name.startswith(f"{place}/") for place in places) and _content(file) == data.offsets
    ]
    if not found:
        mismatch(wanted, f"none of the {len(places)} that its MLmodel lists is a copy of that file")
    return found


def _content(file: Path) -> Any:
    try:
        return json.loads(files.read_bytes(file, MOST_BYTES))
    except (ValueError, RecursionError, Unreadable):
        return None


def corrected(data: Diabetes, offsets: Mapping[str, float]) -> list[float]:
    """What the model of task 5 has to predict for the held-out rows."""
    return [base + offsets[decade(row)] for base, row in zip(data.base_predictions, data.held_out, strict=True)]


@check("artifacts.right")
def test_corrected(lab: Lab, data: Diabetes) -> None:
    wanted = "the model predicts what base predicts, plus the offset for the decade of the row's age"
    (answer,) = asked(lab, data, "artifact_run", "artifacts.right", rows(data.held_out))
    found = numbers(answer, len(data.held_out), wanted)
    right = corrected(data, data.offsets)
    must_be(found, right, wanted, "look at base, at the decade (47 belongs to 40) and at the sign")


@check("artifacts.followed")
def test_followed(lab: Lab, data: Diabetes) -> None:
    wanted = "with other offsets in the model's own copy of the file, the predictions follow"
    model = logged(lab, data, "artifact_run", "artifacts.followed")
    try:
        names = must_have_file(model, data)
    except Mismatch as error:
        hangs_on("artifacts.file", f"the model has no file to follow yet: {error.found}")
    (answer,) = asked(lab, data, "artifact_run", "artifacts.followed", rows(data.held_out))
    before = numbers_first(answer, len(data.held_out), "artifacts.right")
    if wrong(before, data.base_predictions) == 0:
        hangs_on("artifacts.right", "the model adds no offset yet: it predicts what base predicts")
    with copied(model) as copy:
        for name in names:
            (copy.path / name).write_text(json.dumps(data.other_offsets))
        try:
            (answer,) = lab.predict(copy, rows(data.held_out))
        except Mismatch as error:
            mismatch(wanted, f"with other offsets there, the model gives no answer: {error.found}")
    after = numbers(answer, len(before), wanted)
    same = len(before) - wrong(after, before)
    if same == len(before):
        mismatch(wanted, "they stay the same: the model has the offsets from elsewhere than its own copy of the file")
    if wrong(before, corrected(data, data.offsets)) == 0:
        many = wrong(after, corrected(data, data.other_offsets))
        if many:
            mismatch(
                wanted, f"{many} of {len(after)} do not: not all that the model adds comes from its copy of the file"
            )
    elif same > len(before) / 2:  # What is wrong with the figures themselves is held against the other check.
        mismatch(wanted, f"{same} of {len(before)} do not: not all that the model adds comes from its copy of the file")


def declared(model: Model, data: Diabetes) -> Column | None:
    """The param of the model's signature: the one asked for, or else the only one there is."""
    params = model.params or ()
    for param in params:
        if param.name == data.param_name:
            return param
    return params[0] if len(params) == 1 else None


def multiplied(lab: Lab, data: Diabetes, by: str) -> tuple[Answer, ...]:
    """What the model of task 6 answers without a param, with each of the values, and with 0."""
    param = declared(logged(lab, data, "params_run", by), data)
    name = data.param_name if param is None else str(param.name)
    # A param that was declared as text gets text: that it is none is held against the declaration.
    kind = str if param is not None and param.type == "string" else float
    told = [rows(data.held_out, params={name: kind(value)}) for value in (*data.param_given, 0.0)]
    return asked(lab, data, "params_run", by, rows(data.held_out), *told)


@check("params.declared")
def test_declared(lab: Lab, data: Diabetes) -> None:
    wanted = "the signature declares the param by the name in param_name: a double, with the default in param_default"
    model = logged(lab, data, "params_run", "params.declared")
    params = {str(param.name): param for param in model.params or ()}
    if not params:
        mismatch(wanted, "the model's signature declares no params")
    param = params.get(data.param_name)
    if param is None:
        mismatch(wanted, "it declares a param of another name")
    if param.type != "double":
        mismatch(wanted, f"it is of type {short(param.type)}")
    default = as_numbers([param.default])
    if default is None or not close(default[0], data.param_default):
        mismatch(wanted, "its default is another")


@check("params.default")
def test_default(lab: Lab, data: Diabetes) -> None:
    wanted = "without a param the model predicts what base predicts, times the default"
    answers = multiplied(lab, data, "params.default")
    found = numbers(answers[0], len(data.held_out), wanted)
    # Another default is held against the declaration, if the model does use the param.
    param = declared(logged(lab, data, "params_run", "params.default"), data)
    other = number(param.default) if param is not None and not follows(answers, data) else None
    right = [base * (data.param_default if other is None else other) for base in data.base_predictions]
    must_be(found, right, wanted, "look at base, and at what predict multiplies by when the caller gives no param")


def follows(answers: tuple[Answer, ...], data: Diabetes) -> str | None:
    """What is wrong with the answers to the values that were given, as a sentence, or None."""
    for answer, value in zip(answers[1:-1], data.param_given, strict=True):
        found = plain(answer, len(data.held_out))
        if isinstance(found, str):
            return found
        many = wrong(found, [base * value for base in data.base_predictions])
        if many:
            return f"{many} of {len(found)} predictions are others: predict has to multiply by the value in params"
    nothing = as_numbers(answers[-1].values or ())
    if nothing is None or len(nothing) != len(data.held_out) or wrong(nothing, [0.0] * len(nothing)):
        return "given the value 0, it predicts something else than 0: 0 is a value like any other"
    return None


@check("params.given")
def test_given(lab: Lab, data: Diabetes) -> None:
    wanted = "given a value for the param, the model predicts what base predicts, times that value"
    param = declared(logged(lab, data, "params_run", "params.given"), data)
    if param is None:
        hangs_on("params.declared", "MLflow drops a param that the signature does not declare")
    if param.type not in ("double", "float", "string") or isinstance(param.default, list | dict):
        hangs_on("params.declared", "the param that the signature declares takes no such number")
    answers = multiplied(lab, data, "params.given")
    found = follows(answers, data)
    if found:
        if any(isinstance(plain(answer, len(data.held_out)), str) for answer in answers[1:]):
            numbers_first(answers[0], len(data.held_out), "params.default")
        mismatch(wanted, found)


class Source(NamedTuple):
    """A Python file that defines the function."""

    functions: list[str]
    """Its definitions, as the texts of their syntax trees."""
    altered: bytes
    """The file in which they give something else."""


class Altered(ast.NodeTransformer):
    """Has each definition of the function give something else."""

    _within = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outer, self._within = self._within, node.name == FUNCTION
        self.generic_visit(node)
        self._within = outer
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        if self._within and node.value is not None:
            node.value = ast.Call(ast.parse(GIVES_MORE, mode="eval").body, [node.value], [])
        return node


def source(content: bytes) -> Source | None:
    """What the content of a Python file defines; None if the function is not defined there."""
    if FUNCTION.encode() not in content:
        return None
    try:
        tree = ast.parse(content)
        found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == FUNCTION]
        functions = [ast.dump(node) for node in found]
        altered = ast.unparse(ast.fix_missing_locations(Altered().visit(tree))).encode()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # Python could not run it either, or it was made to be hard to read.
    return Source(functions, altered) if found else None


def must_have_code(model: Model) -> dict[str, Source]:
    """The Python files in the model's folder that define the function, by their path in it."""
    wanted = f"a Python file in the model's folder defines the function {FUNCTION}"
    contents = {
        name: files.read_bytes(path, MOST_BYTES) for name, path in files_of(model).items() if name.endswith(".py")
    }
    if not contents:
        mismatch(wanted, "it holds no Python file: what is only pickled can be neither read nor reviewed")
    found = {name: told for name, content in contents.items() if (told := source(content)) is not None}
    if not found:
        mismatch(wanted, f"none of its {len(contents)} Python files defines it")
    return found


def surcharged(lab: Lab, data: Diabetes, model: Model) -> list[float] | str:
    """What the model of task 7 predicts for the held-out rows, or why it does not."""
    try:
        (answer,) = lab.predict(model, rows(data.held_out))
    except Mismatch as error:
        return error.found
    return plain(answer, len(data.held_out))


@check("packaging.code")
def test_code(lab: Lab, data: Diabetes) -> None:
    wanted = f"a Python file in the model's folder defines the function {FUNCTION}, and the model uses that function"
    model = logged(lab, data, "code_run", "packaging.code")
    sources = must_have_code(model)
    before = surcharged(lab, data, model)
    if isinstance(before, str):
        # Then the file alone has to do: the ward's function is what the model needs, whatever else it lacks.
        wards = source(module(data.rules).encode())
        if wards is not None and any(wards.functions[0] in found.functions for found in sources.values()):
            return
        hangs_on("packaging.alone", f"the model does not answer yet: {before}")
    with copied(model) as copy:
        for name, found in sources.items():
            (copy.path / name).write_bytes(found.altered)
        after = surcharged(lab, data, copy)
    if not isinstance(after, str) and wrong(after, before) == 0:
        mismatch(
            wanted,
            "when the function there gives something else, the predictions stay the same: the model uses another",
        )


@check("packaging.alone")
def test_alone(lab: Lab, data: Diabetes) -> None:
    wanted = "loaded where the lab's src is not, the model predicts what base predicts plus the surcharge"
    model = logged(lab, data, "code_run", "packaging.alone")
    found = surcharged(lab, data, model)
    if isinstance(found, str):
        try:
            must_have_code(model)
        except Mismatch as error:
            hangs_on("packaging.code", f"the model's folder does not hold its code yet: {error.found}")
        mismatch(wanted, found)
    right = [base + data.rules.surcharge(row) for base, row in zip(data.base_predictions, data.held_out, strict=True)]
    must_be(found, right, wanted, "look at base, and at what surcharge gives for a row")


@check("packaging.pinned")
def test_pinned(lab: Lab, data: Diabetes) -> None:
    wanted = "the model's requirements are the packages in the widget packages, each pinned to the lab's version"
    model = logged(lab, data, "packed_run", "packaging.pinned")
    pinned: dict[str, str | None] = {}
    for line in model.requirements:
        try:
            needed = Requirement(line)
        except (InvalidRequirement, RecursionError):
            mismatch(wanted, "a line of its requirements.txt names no package")
        exact = [s.version for s in needed.specifier if s.operator == "=="]
        pinned[canonicalize_name(needed.name)] = exact[0] if len(needed.specifier) == len(exact) == 1 else None
    for name, version in data.versions.items():
        found = pinned.get(name)
        if name not in pinned:
            mismatch(wanted, f"{name} is missing from its requirements.txt")
        if found is None:
            mismatch(wanted, f"{name} is not pinned to one version (==)")
        if canonicalize_version(found) != canonicalize_version(version):
            mismatch(wanted, f"{name} is pinned to another version than the lab has")
    more = sorted(pinned.keys() - data.versions.keys() - {"mlflow", "mlflow-skinny"})
    if more:
        mismatch(wanted, f"there is also {short(more[0])}")
    must_be_the_forest(lab, data)


def must_be_the_forest(lab: Lab, data: Diabetes) -> None:
    """A mismatch unless the packed model predicts what the forest of task 1 does: the one asked for, or the one logged.

    A wrong one is held against task 1.
    """
    wanted = "the packed model is the forest of task 1"
    (answer,) = asked(lab, data, "packed_run", "packaging.pinned", rows(data.held_out))
    found = numbers(answer, len(data.held_out), wanted)
    many = wrong(found, data.forest_predictions(data.held_out))
    if many:
        own = own_forest(lab, data)
        if own is None or wrong(found, own):
            mismatch(wanted, f"{many} of {len(found)} predictions are others than those of that forest")
