"""What models bring along or are told: a file, a param, a module, the packages they need."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from asking import as_numbers, asked, close, files_of, logged, must_be, numbers, rows, wrong
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from fixtures.diabetes import Diabetes, decade
from grader.evidence import Unreadable, files
from grader.evidence.behaviour import Answer
from grader.evidence.models import Model
from grader.suite.api import Lab, check, mismatch

MOST_BYTES = 1 << 20
DEEPEST = 20
"""How many folders within a model's are copied."""
DEFINITION = re.compile(r"^[ \t]*def[ \t]+surcharge[ \t]*\(", re.MULTILINE)


@check("artifacts.file")
def test_artifact(lab: Lab, data: Diabetes) -> None:
    must_have_file(logged(lab, data, "artifact_run"), data)


def must_have_file(model: Model, data: Diabetes) -> Path:
    """Where in the model's folder the file with the offsets lies, which its MLmodel lists among the artifacts."""
    wanted = "the model lists reference/offsets.json among its artifacts, and its folder holds a copy"
    listed = model.flavors.get("python_function", {}).get("artifacts")
    entries = listed.values() if isinstance(listed, Mapping) else ()
    places = [str(entry["path"]) for entry in entries if isinstance(entry, Mapping) and "path" in entry]
    if not places:
        mismatch(wanted, "its MLmodel lists no artifacts")
    for name, file in files_of(model).items():
        if any(name == place or name.startswith(f"{place}/") for place in places) and _content(file) == data.offsets:
            return file
    mismatch(wanted, f"none of the {len(places)} that its MLmodel lists is a copy of that file")


def _content(file: Path) -> Any:
    try:
        return json.loads(files.read_bytes(file, MOST_BYTES))
    except (ValueError, RecursionError, Unreadable):
        return None


def corrected(lab: Lab, data: Diabetes, wanted: str) -> list[float]:
    """What the model of task 5 predicts for the held-out rows."""
    (answer,) = asked(lab, data, "artifact_run", rows(data.held_out))
    return numbers(answer, len(data.held_out), wanted)


@check("artifacts.right")
def test_corrected(lab: Lab, data: Diabetes) -> None:
    wanted = "the model predicts what base predicts, plus the offset for the decade of the row's age"
    found = corrected(lab, data, wanted)
    right = [base + data.offsets[decade(row)] for base, row in zip(data.base_predictions, data.held_out, strict=True)]
    must_be(found, right, wanted, "look at base, at the decade (47 belongs to 40) and at the sign")


@check("artifacts.followed")
def test_followed(lab: Lab, data: Diabetes) -> None:
    wanted = "with other offsets in the model's own copy of the file, the predictions differ by just that much"
    model = logged(lab, data, "artifact_run")
    file = must_have_file(model, data)
    before = corrected(lab, data, wanted)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name, path in files_of(model).items():
            if name.count("/") > DEEPEST:
                raise Unreadable(f"the model {model.name} holds folders within folders without end")
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy / name)
        (copy / file.relative_to(model.path)).write_text(json.dumps(data.other_offsets))
        (answer,) = lab.predict(replace(model, path=copy), rows(data.held_out))
    after = numbers(answer, len(before), wanted)
    if wrong(after, before) == 0:
        mismatch(wanted, "they stay the same: the model has the offsets from elsewhere than from context.artifacts")
    # All offsets are shifted alike, and a sign or a decade that is wrong is held against the other check.
    moved = sum(close(abs(b - a), abs(data.shift)) for a, b in zip(before, after, strict=True))
    if moved <= len(before) / 2:
        mismatch(wanted, "they differ otherwise")


def multiplied(lab: Lab, data: Diabetes) -> tuple[Answer, ...]:
    """What the model of task 6 answers without a param, and with each of the values."""
    told = [rows(data.held_out, params={data.param_name: value}) for value in data.param_given]
    return asked(lab, data, "params_run", rows(data.held_out), *told)


@check("params.declared")
def test_declared(lab: Lab, data: Diabetes) -> None:
    wanted = "the signature declares the param by the name in param_name: a double, with the default in param_default"
    model = logged(lab, data, "params_run")
    declared = {str(param.name): param for param in model.params or ()}
    if not declared:
        mismatch(wanted, "the model's signature declares no params")
    param = declared.get(data.param_name)
    if param is None:
        mismatch(wanted, "it declares a param of another name")
    if param.type != "double":
        mismatch(wanted, f"it is of type {param.type}")
    default = as_numbers([param.default])
    if default is None or not close(default[0], data.param_default):
        mismatch(wanted, "its default is another")


@check("params.default")
def test_default(lab: Lab, data: Diabetes) -> None:
    wanted = "without a param the model predicts what base predicts, times the default"
    found = numbers(multiplied(lab, data)[0], len(data.held_out), wanted)
    right = [base * data.param_default for base in data.base_predictions]
    must_be(found, right, wanted, "the default is not what they were multiplied by")


@check("params.given")
def test_given(lab: Lab, data: Diabetes) -> None:
    wanted = "given a value for the param, the model predicts what base predicts, times that value"
    for answer, value in zip(multiplied(lab, data)[1:], data.param_given, strict=True):
        found = numbers(answer, len(data.held_out), wanted)
        right = [base * value for base in data.base_predictions]
        must_be(found, right, wanted, "predict must take params, and the signature must declare what is handed on")


@check("packaging.code")
def test_code(lab: Lab, data: Diabetes) -> None:
    wanted = "the model's folder holds a Python file with the function surcharge"
    model = logged(lab, data, "code_run")
    sources = [path for name, path in files_of(model).items() if name.endswith(".py")]
    if not sources:
        mismatch(wanted, "it holds no Python file: what is only pickled can be neither read nor reviewed")
    for source in sources:
        if DEFINITION.search(files.read_bytes(source, MOST_BYTES).decode(errors="replace")):
            return
    mismatch(wanted, f"none of its {len(sources)} Python files has it")


@check("packaging.alone")
def test_alone(lab: Lab, data: Diabetes) -> None:
    wanted = "loaded where the lab's src is not, the model predicts what base predicts plus the surcharge"
    (answer,) = asked(lab, data, "code_run", rows(data.held_out))
    found = numbers(answer, len(data.held_out), wanted)
    right = [base + data.rules.surcharge(row) for base, row in zip(data.base_predictions, data.held_out, strict=True)]
    must_be(found, right, wanted, "look at base, and at what surcharge gives for a row")


@check("packaging.pinned")
def test_pinned(lab: Lab, data: Diabetes) -> None:
    wanted = "the model's requirements are the packages in the widget packages, each pinned to the lab's version"
    model = logged(lab, data, "packed_run")
    pinned: dict[str, str | None] = {}
    for line in model.requirements:
        try:
            needed = Requirement(line)
        except (InvalidRequirement, RecursionError):
            mismatch(wanted, "a line of its requirements.txt names no package")
        exact = [s.version for s in needed.specifier if s.operator == "=="]
        pinned[canonicalize_name(needed.name)] = exact[0] if len(needed.specifier) == len(exact) == 1 else None
    for name, version in data.versions.items():
        if name not in pinned:
            mismatch(wanted, f"{name} is missing from its requirements.txt")
        if pinned[name] is None:
            mismatch(wanted, f"{name} is not pinned to one version (==)")
        if pinned[name] != version:
            mismatch(wanted, f"{name} is pinned to another version than the lab has")
    more = sorted(pinned.keys() - data.versions.keys() - {"mlflow", "mlflow-skinny"})
    if more:
        mismatch(wanted, f"there is also {more[0]}")
