"""Files as cells: every shape a learner may hand in, and where each cell's lines stand in the file."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from grader.errors import BadInput
from grader.submission import MAX_BYTES, Cell, parse, read
from tests.properties import given, st


def notebook(*cells: dict[str, Any], minor: int = 5) -> str:
    return json.dumps({"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": list(cells)})


def code(source: str | list[str], **more: Any) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    return cell | {"id": "a"} | more


def shapes(cells: tuple[Cell, ...]) -> list[tuple[str, str, str, int]]:
    return [(cell.title, cell.language, cell.source, cell.line) for cell in cells]


class TestPercent:
    def test_a_file_without_marks_is_one_cell(self) -> None:
        assert shapes(parse("x = 1\n\ny = 2\n")) == [("x = 1", "python", "x = 1\n\ny = 2", 1)]

    def test_titles_and_lines(self) -> None:
        text = "# header\n\n# %% Task 1: make\n\nx = 1\n\n# %%\n# a comment as title\ny = 2\n"
        assert shapes(parse(text)) == [
            ("Task 1: make", "python", "x = 1", 5),
            ("a comment as title", "python", "# a comment as title\ny = 2", 8),
        ]

    def test_code_above_the_first_mark_is_a_cell(self) -> None:
        assert [cell.source for cell in parse("import os\n# %%\nx = 1\n")] == ["import os", "x = 1"]

    @pytest.mark.parametrize("mark", ["# %%", "#%%", "# %% ", "#%% Task", "# %%%% Sub", '# %% Task {"a": 1}'])
    def test_marks(self, mark: str) -> None:
        assert [cell.source for cell in parse(f"{mark}\nx = 1\n{mark}\ny = 2\n")] == ["x = 1", "y = 2"]

    @pytest.mark.parametrize("line", ["  # %% no", "x = '# %%'", "## %% no", "# % no", "#  %% no"])
    def test_no_marks(self, line: str) -> None:
        assert len(parse(f"x = 1\n{line}\ny = 2\n")) == 1

    @pytest.mark.parametrize("kind", ["markdown", "md", "raw"])
    def test_text_gives_its_heading_to_the_code_below(self, kind: str) -> None:
        cells = parse(f"# %% [{kind}]\n# ## A heading\n# more\n\n# %%\nx = 1\n\n# %%\ny = 2\n")
        assert shapes(cells) == [
            ("A heading", "markdown", "## A heading\nmore", 2),
            ("A heading", "python", "x = 1", 6),
            ("y = 2", "python", "y = 2", 9),
        ]

    def test_text_in_quotes(self) -> None:
        (text, _) = parse('# %% [markdown]\n"""\n# Heading\n"""\n# %%\nx = 1\n')
        assert text.language == "markdown"

    def test_sql_plain_and_commented_out(self) -> None:
        plain, hidden = parse("# %% [sql] One\nSELECT 1\n# %% [sql] Two\n# SELECT 2\n#\n# -- x\n")
        assert (plain.title, plain.language, plain.source, plain.line) == ("One", "sql", "SELECT 1", 2)
        assert (hidden.title, hidden.language, hidden.source, hidden.line) == ("Two", "sql", "SELECT 2\n\n-- x", 4)

    @pytest.mark.parametrize("magic", ["%sql", "%%sql", "%SQL"])
    def test_sql_by_magic(self, magic: str) -> None:
        (cell,) = parse(f"# %% Task 1\n{magic}\nSELECT 1\n")
        assert (cell.title, cell.language, cell.source, cell.line) == ("Task 1", "sql", "SELECT 1", 3)

    def test_sql_on_the_line_of_the_magic(self) -> None:
        (cell,) = parse("# %%\n# what it is\n%sql SELECT 1\n")
        assert (cell.title, cell.language, cell.source, cell.line) == ("what it is", "sql", "SELECT 1", 3)

    def test_an_unknown_magic_is_left_to_the_notebook(self) -> None:
        (cell,) = parse("# %%\n%timeit 1\n")
        assert (cell.language, cell.source) == ("python", "%timeit 1")

    def test_only_the_head_of_a_cell_says_the_language(self) -> None:
        (cell,) = parse("# %%\nx = 1\n%sql\n")
        assert cell.language == "python"

    def test_windows_line_ends(self) -> None:
        assert shapes(parse("# %% A\r\nx = 1\r\ny = 2\r\n")) == [("A", "python", "x = 1\ny = 2", 2)]

    def test_only_line_ends_end_lines(self) -> None:
        """A form feed or a Unicode separator in a string must not move the lines that errors are told in."""
        text = '# %% A\nx = "a\x0cb\u2028c\x85d\x1ce"\n# %% B\ny = 2\n'
        first, second = parse(text)
        assert first.source == 'x = "a\x0cb\u2028c\x85d\x1ce"'
        assert second.line == 4

    def test_empty_cells_are_no_cells(self) -> None:
        assert [cell.index for cell in parse("# %%\n\n# %%\nx = 1\n# %%\n")] == [2]

    def test_long_titles_are_cut(self) -> None:
        (cell,) = parse(f"# %% {'x' * 500}\nx = 1\n")
        assert len(cell.title) == 80

    @given(st.text(max_size=300))
    def test_any_text_is_read_and_lines_hold(self, text: str) -> None:
        for cell in parse(text):
            assert cell.source.strip()
            assert cell.line >= 1


class TestDatabricks:
    def test_cells_titles_and_lines(self) -> None:
        text = (
            "# Databricks notebook source\n"
            "# MAGIC %md\n# MAGIC # Heading\n\n"
            "# COMMAND ----------\n\n"
            "# DBTITLE 1,Task 1: make\n"
            "x = 1\n\n"
            "# COMMAND ----------\n\n"
            "# MAGIC %sql\n# MAGIC SELECT 1;\n# MAGIC\n# MAGIC SELECT 2\n"
        )
        assert shapes(parse(text)) == [
            ("Heading", "markdown", "# Heading", 3),
            ("Task 1: make", "python", "x = 1", 8),
            ("SELECT 1;", "sql", "SELECT 1;\n\nSELECT 2", 13),
        ]

    def test_other_magics(self) -> None:
        text = "# Databricks notebook source\n# MAGIC %sh ls\n# COMMAND ----------\n# MAGIC %python\n# MAGIC x = 1\n"
        assert [(c.language, c.source) for c in parse(text)] == [("shell", "ls"), ("python", "x = 1")]

    def test_percent_marks_mean_nothing_there(self) -> None:
        assert len(parse("# Databricks notebook source\nx = 1\n# %%\ny = 2\n")) == 1

    def test_the_mark_must_come_first(self) -> None:
        assert len(parse("x = 1\n# Databricks notebook source\n# COMMAND ----------\ny = 2\n")) == 1


class TestNotebook:
    def read(self, tmp_path: Path, text: str) -> tuple[Cell, ...]:
        (tmp_path / "a.ipynb").write_text(text)
        return read(tmp_path / "a.ipynb").cells

    def test_cells(self, tmp_path: Path) -> None:
        text = notebook(
            {"cell_type": "markdown", "metadata": {}, "source": "# Heading", "id": "b"},
            code(["x = 1\n", "y = 2"]),
            code("%%sql\nSELECT 1", id="c"),
            {"cell_type": "raw", "metadata": {}, "source": "raw", "id": "d"},
        )
        assert shapes(self.read(tmp_path, text)) == [
            ("Heading", "markdown", "# Heading", 1),
            ("Heading", "python", "x = 1\ny = 2", 1),
            ("SELECT 1", "sql", "SELECT 1", 2),
            ("raw", "markdown", "raw", 1),
        ]

    def test_version_3(self, tmp_path: Path) -> None:
        cell = {"cell_type": "code", "language": "python", "collapsed": False, "input": "x = 1", "outputs": []}
        old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [cell]}]}
        assert [c.source for c in self.read(tmp_path, json.dumps(old))] == ["x = 1"]

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "[]",
            "7",
            "null",
            '"text"',
            "{}",
            '{"nbformat": 4}',
            '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 5}',
            '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [5]}',
            '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "source": 7}]}',
            '{"nbformat": "x", "cells": []}',
            '{"nbformat": 99, "cells": []}',
            "[" * 100_000,
            '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code"}]}',
            '{"nbformat": 3, "worksheets": 7}',
            notebook(),
            notebook({"cell_type": "markdown", "metadata": {}, "source": "# only text", "id": "b"}),
        ],
    )
    def test_what_is_no_notebook_is_told_in_a_sentence(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(BadInput) as told:
            self.read(tmp_path, text)
        assert len(str(told.value)) < 400 and "\n" not in str(told.value)

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize(
        "more",
        [
            {"outputs": [{}] * 100_000},
            {"outputs": [{"output_type": "stream", "name": "stdout", "text": ["line\n"] * 10_000}]},
            {"metadata": {"tags": [str(number) for number in range(100_000)]}},
            {"attachments": {"a": {"image/png": "x" * 1_000_000}}},
            {"unknown": [[]] * 100_000},
            {"id": "?"},
        ],
        ids=lambda more: next(iter(more)),
    )
    def test_what_is_not_read_is_not_looked_at(self, tmp_path: Path, more: dict[str, Any]) -> None:
        """Held against the notebook's schema, some of it takes minutes and gigabytes."""
        text = notebook(code("x = 1", **more), code("y = 2", **more))  # with one id twice
        assert [cell.source for cell in self.read(tmp_path, text)] == ["x = 1", "y = 2"]

    def test_what_is_many_times_larger_in_memory_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="clear the notebook's outputs"):
            self.read(tmp_path, notebook(code("x = 1", outputs=[{}] * 600_000)))

    def test_half_a_character_can_be_graded(self, tmp_path: Path) -> None:
        """JSON can spell half a surrogate pair; no file or terminal could be written with it."""
        (cell,) = self.read(tmp_path, notebook(code("# \ud800\nx = '\udc00'")))
        assert (cell.title + cell.source).encode()
        assert cell.source == "# ?\nx = '?'"


def test_too_many_cells_are_refused(tmp_path: Path) -> None:
    (tmp_path / "many.py").write_text("# %%\nx = 1\n" * 2_001)
    with pytest.raises(BadInput, match="2,001 cells"):
        read(tmp_path / "many.py")


class TestFile:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="no file"):
            read(tmp_path / "none.py")

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="folder"):
            read(tmp_path)

    def test_another_kind(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="neither"):
            read(tmp_path / "a.txt")

    @pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "# %%\n# %%\n", "\ufeff"])
    def test_nothing_to_run(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "a.py").write_text(text, encoding="utf-8")
        with pytest.raises(BadInput, match="no code"):
            read(tmp_path / "a.py")

    @pytest.mark.parametrize("content", ["x = 'é'".encode("latin-1"), "x = 1".encode("utf-16"), bytes(range(256))])
    def test_not_utf_8(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "a.py").write_bytes(content)
        with pytest.raises(BadInput, match="UTF-8"):
            read(tmp_path / "a.py")

    def test_a_byte_order_mark(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbf# %% A\nx = 1\n")
        submission = read(tmp_path / "a.py")
        assert shapes(submission.cells) == [("A", "python", "x = 1", 2)]
        assert submission.sha256 == hashlib.sha256((tmp_path / "a.py").read_bytes()).hexdigest()

    def test_too_large(self, tmp_path: Path) -> None:
        with (tmp_path / "a.py").open("wb") as file:
            file.truncate(MAX_BYTES + 1)
        with pytest.raises(BadInput, match="larger"):
            read(tmp_path / "a.py")

    def test_what_never_ends_is_no_submission(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.py")
        (tmp_path / "b.py").symlink_to("/dev/zero")
        (tmp_path / "c.py").symlink_to("c.py")
        for name in ("a.py", "b.py", "c.py"):
            with pytest.raises(BadInput):
                read(tmp_path / name)

    @pytest.mark.parametrize("name", ["x" * 300, "x/" * 3000, "a\0b", "\ud800", "file.py/x"])
    def test_a_name_that_no_file_has(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "file.py").write_text("x = 1\n")
        with pytest.raises(BadInput):
            read(tmp_path / f"{name}.py")

    def test_nul_bytes_are_the_cells_own_error(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_bytes(b"# %%\nx = 1\x00\n# %%\ny = 2\n")
        assert len(read(tmp_path / "a.py").cells) == 2
