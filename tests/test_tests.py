"""The tests themselves: each asserts something, and those of properties try the same examples in each run."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("test_*.py"))
MOST_HELPERS = 3
"""How many helpers are followed, one from another, to the assertion."""
CLAIMS = ("raises", "warns", "fail")
"""What in pytest is an assertion."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Module:
    """What a test can call: by name, on its own class, and from other modules of the tests."""

    functions: dict[str, Function] = field(default_factory=dict)
    methods: dict[str, Function] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)
    """For each local name the module of the tests and the name in it, which is empty for the module itself."""
    tests: list[Function] = field(default_factory=list)


def parsed(text: str) -> Module:
    module = Module()
    for node in ast.parse(text).body:
        own = [node] if isinstance(node, Function) else []
        methods = [each for each in node.body if isinstance(each, Function)] if isinstance(node, ast.ClassDef) else []
        module.functions |= {each.name: each for each in own}
        module.methods |= {each.name: each for each in methods}
        module.tests += [each for each in own + methods if each.name.startswith("test_")]
        if isinstance(node, ast.ImportFrom) and node.module:
            module.imported |= dict(_imported(node, node.module))
    return module


def _imported(node: ast.ImportFrom, source: str) -> Iterator[tuple[str, tuple[str, str]]]:
    for alias in node.names:
        if source == "tests":
            yield alias.asname or alias.name, (alias.name, "")
        elif source.startswith("tests."):
            yield alias.asname or alias.name, (source.removeprefix("tests."), alias.name)


@functools.cache
def of(name: str) -> Module:
    """A module of the tests, by its name."""
    return parsed((FOLDER / f"{name}.py").read_text(encoding="utf-8"))


def asserts(function: Function, module: Module, depth: int = MOST_HELPERS) -> bool:
    """Whether the function asserts anything, itself or by a helper that it calls."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Attribute(ast.Name("pytest"), name) if name in CLAIMS:
                    return True
                case called if depth and _helper_asserts(called, module, depth - 1):
                    return True
    return False


def _helper_asserts(called: ast.expr, module: Module, depth: int) -> bool:
    match called:
        case ast.Name(name) if name in module.functions:
            return asserts(module.functions[name], module, depth)
        case ast.Name(name) if name in module.imported:
            source, inner = module.imported[name]
        case ast.Attribute(ast.Name("self"), name) if name in module.methods:
            return asserts(module.methods[name], module, depth)
        case ast.Attribute(ast.Name(name), inner) if module.imported.get(name, ("", "x"))[1] == "":
            source = module.imported[name][0]
        case _:
            return False
    other = of(source)
    return inner in other.functions and asserts(other.functions[inner], other, depth)


def silent(module: Module) -> list[str]:
    """The tests that assert nothing."""
    return [test.name for test in module.tests if not asserts(test, module)]


@pytest.mark.parametrize("name", MODULES)
def test_each_test_asserts_something(name: str) -> None:
    assert of(name).tests, "a module of tests has tests"
    assert silent(of(name)) == []


def test_what_counts_as_an_assertion() -> None:
    module = parsed(
        """
import pytest
from tests import test_tests as other
from tests.test_tests import parsed, test_each_test_asserts_something as elsewhere
from grader.errors import check

def helper(): assert True
def further(): helper()
def quiet(): check(); parsed("")

def test_plain(): assert 1
def test_nested():
    def inner(): assert 1
    inner()
def test_raises():
    with pytest.raises(ValueError): int("x")
def test_by_a_helper(): further()
def test_by_anothers_helper(): elsewhere("x")
def test_by_a_modules_helper(): other.test_what_counts_as_an_assertion()
def test_quiet(): quiet()
def test_that_only_calls(): parsed("")
def test_of_others(): other.parsed(""); check.helper()
async def test_with_words_alone(): "assert 1"; pytest.skip("why")

class TestClass:
    def told(self): assert self
    def test_method(self): self.told()
    def test_quiet_method(self): self.helper()
class TestOther:
    def test_method(self): pass
"""
    )
    assert silent(module) == [
        "test_quiet",
        "test_that_only_calls",
        "test_of_others",
        "test_with_words_alone",
        "test_quiet_method",
        "test_method",
    ]


@pytest.mark.parametrize("name", MODULES)
def test_hypothesis_is_taken_from_where_its_examples_are_pinned(name: str) -> None:
    for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        assert not any(each.split(".")[0] == "hypothesis" for each in names), "import it from tests.properties"
