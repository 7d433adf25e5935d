"""SQL cells inside the lab: statements, widgets and the lines that errors are told in. No Spark is needed."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from grader.lab.sandbox import GUEST

sys.path.append(str(GUEST))

from lab_guest import sql  # type: ignore[import-not-found]
from lab_guest.dbutils import Widgets  # type: ignore[import-not-found]


class Spark:
    """Notes what it is asked; a statement with ``boom`` in it fails."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str] | None]] = []

    def sql(self, text: str, args: dict[str, str] | None = None) -> Any:
        self.asked.append((text.strip(), args))
        if "boom" in text:
            raise RuntimeError("boom")
        return SimpleNamespace(columns=[], text=text)


def run(cell: str, line: str = "", **widgets: str) -> tuple[Spark, dict[str, Any]]:
    spark = Spark()
    names = {"spark": spark, "dbutils": SimpleNamespace(widgets=Widgets(widgets))}
    sql.run(SimpleNamespace(user_ns=names), line, cell)
    return spark, names


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("", []),
        (";;\n;", []),
        ("-- nothing", []),
        ("/* nothing; */", []),
        ("SELECT 1", [(1, "SELECT 1")]),
        ("SELECT 1;", [(1, "SELECT 1")]),
        ("SELECT 1; SELECT 2", [(1, "SELECT 1"), (1, "SELECT 2")]),
        ("\n\nSELECT 1;\n\nSELECT\n2;\n", [(3, "SELECT 1"), (5, "SELECT\n2")]),
        ("SELECT ';', \";\", `;`", [(1, "SELECT ';', \";\", `;`")]),
        ("SELECT 'it''s; \\'; fine'; SELECT 2", [(1, "SELECT 'it''s; \\'; fine'"), (1, "SELECT 2")]),
        ("SELECT 1 -- a; b\n, 2", [(1, "SELECT 1 -- a; b\n, 2")]),
        ("SELECT 1 /* a;\nb */; SELECT 2", [(1, "SELECT 1 /* a;\nb */"), (2, "SELECT 2")]),
        ("SELECT '-- no comment'; SELECT 2", [(1, "SELECT '-- no comment'"), (1, "SELECT 2")]),
        ("SELECT '/*'; SELECT '*/'", [(1, "SELECT '/*'"), (1, "SELECT '*/'")]),
        ("SELECT '--'", [(1, "SELECT '--'")]),
        ("SELECT 'never closed; SELECT 2", [(1, "SELECT 'never closed"), (1, "SELECT 2")]),
    ],
)
def test_statements(text: str, statements: list[tuple[int, str]]) -> None:
    assert [(number, statement.strip()) for number, statement in sql.split(text)] == statements


def test_widgets_by_name() -> None:
    spark, _ = run("SELECT * FROM delta.`${root}/tables/${name}`", root="/lab", name="rides")
    assert spark.asked == [("SELECT * FROM delta.`/lab/tables/rides`", None)]


def test_an_unknown_widget_says_which_there_are() -> None:
    with pytest.raises(ValueError, match=r"no widget 'rot'.*root"):
        run("SELECT '${rot}'", root="/lab")


def test_parameter_markers_are_widgets_too() -> None:
    spark, _ = run("SELECT * FROM t WHERE a = :a AND b = ':b' AND c::int = 1 -- :b", a="1", b="2")
    assert spark.asked[0][1] == {"a": "1"}


def test_a_marker_that_is_no_widget_is_left_to_spark() -> None:
    spark, _ = run("SELECT :other")
    assert spark.asked == [("SELECT :other", None)]


def test_the_last_result_is_kept() -> None:
    _, names = run("SELECT 1; SELECT 2;")
    assert names["_sqldf"].text.strip() == "SELECT 2"


def test_an_error_names_its_statement_and_line() -> None:
    with pytest.raises(RuntimeError) as raised:
        run("SELECT 1;\n\n-- why\nSELECT\n  boom;\nSELECT 3")
    line, source = raised.value.lab_statement  # type: ignore[attr-defined]
    # The line of the statement's own first word, not of a comment above it.
    assert (line, source) == (4, "SELECT")


def test_what_comes_after_an_error_is_not_run() -> None:
    spark = Spark()
    names = {"spark": spark, "dbutils": SimpleNamespace(widgets=Widgets({}))}
    with pytest.raises(RuntimeError):
        sql.run(SimpleNamespace(user_ns=names), "", "SELECT 1; boom; SELECT 3")
    assert [text for text, _ in spark.asked] == ["SELECT 1", "boom"]
