"""Submissions: a learner's file in any of the usual shapes, as cells.

Three shapes are read: percent cells (``# %%``, as VS Code, Spyder and Jupytext write them), Databricks source
(``# COMMAND ----------``, as "Import/export notebooks" in the Databricks documentation describes) and
Jupyter notebooks. Every cell knows the line of the file it starts at, so that an error can be shown where
the learner wrote it.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from grader.errors import BadInput

Language = Literal["python", "sql", "markdown", "shell"]

MAX_BYTES = 10 * 1024 * 1024
"""A larger submission is not read: no notebook without outputs comes near it."""
MOST_BRACKETS = 500_000
"""A notebook with more is not read: an empty object is two bytes as JSON, and sixty in memory."""
MOST_CELLS = 2_000

_LINE_END = re.compile(r"\r\n?|\n")
LONGEST_TITLE = 80

_PERCENT = re.compile(r"^#\s?%%(?P<rest>.*)$")
_COMMAND = re.compile(r"^#\s*COMMAND\s*-{5,}\s*$")
_DATABRICKS = re.compile(r"^#\s*Databricks notebook source\s*$")
_MAGIC = re.compile(r"^#\s*MAGIC\s?(?P<rest>.*)$")
_DBTITLE = re.compile(r"^#\s*DBTITLE\s+\d+\s*,\s*(?P<title>.*)$")
_LANGUAGES: dict[str, Language] = {
    "%python": "python",
    "%py": "python",
    "%sql": "sql",
    "%md": "markdown",
    "%md-sandbox": "markdown",
    "%sh": "shell",
}


@dataclass(frozen=True)
class Cell:
    """One cell. ``index`` is its place in the file, counted from 1, empty cells included; ``line`` is the file's line
    (from 1) on which ``source`` begins.

    In a notebook lines count from 1 in each cell, as Jupyter shows them.
    """

    index: int
    title: str
    language: Language
    source: str
    line: int


@dataclass(frozen=True)
class Submission:
    """A submission, read. ``sha256`` is that of the file's bytes, in hexadecimal."""

    path: Path
    sha256: str
    cells: tuple[Cell, ...]


def read(path: Path) -> Submission:
    """Read a submission. Raises BadInput when the file is missing, empty, too large or not what its name says."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise BadInput(f"{path} is a folder: name the file to grade.")
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(f"{path} is no ordinary file: save your work in one.")
        _check_kind(path)
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        _check_kind(path)
        raise BadInput(f"There is no file {path}: check the name, or run the command without one.") from None
    except OSError as error:
        raise BadInput(f"{path} can't be read ({error.strerror}): check its name and permissions.") from error
    except ValueError as error:  # of a NUL character
        raise BadInput(f"No file can be called {path} ({error}): check the name.") from error
    return of(path, content)


def _check_kind(path: Path) -> None:
    if path.suffix not in (".py", ".ipynb"):
        raise BadInput(f"{path} is neither a .py nor an .ipynb file: hand in one of these.")


def of(path: Path, content: bytes) -> Submission:
    """The submission whose file of that name holds these bytes. Raises BadInput as :func:`read` does."""
    if len(content) > MAX_BYTES:
        raise BadInput(f"{path} is larger than {MAX_BYTES >> 20} MB: clear the notebook's outputs first.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8.") from error
    cells = _notebook(path, text) if path.suffix == ".ipynb" else parse(text)
    if len(cells) > MOST_CELLS:
        raise BadInput(f"{path} has {len(cells):,} cells, and no more than {MOST_CELLS:,} are run: join some.")
    if not any(cell.language != "markdown" for cell in cells):
        raise BadInput(f"{path} has no code in it: there is nothing to run.")
    return Submission(path, hashlib.sha256(content).hexdigest(), cells)


def parse(text: str) -> tuple[Cell, ...]:
    """The cells of a .py file's text, in percent or Databricks format, or as one cell if it has no marks."""
    lines = _lines(text)
    first = next((line for line in lines if line.strip()), "")
    drafts = _databricks(lines) if _DATABRICKS.match(first) else _percent(lines)
    return _number(drafts)


def _lines(text: str) -> list[str]:
    """Lines as Python counts them: unlike ``splitlines``, a form feed in a string begins no new one."""
    return _LINE_END.split(text)


@dataclass
class _Draft:
    """A cell being read: its lines keep their place in the file, so that errors do too."""

    title: str
    language: Language
    line: int
    lines: list[str]


def _number(drafts: list[_Draft]) -> tuple[Cell, ...]:
    """Trim blank lines, and leave out the cells that hold nothing."""
    cells: list[Cell] = []
    heading = ""
    for index, draft in enumerate(drafts, start=1):
        while draft.lines and not draft.lines[0].strip():
            draft.lines.pop(0)
            draft.line += 1
        source = "\n".join(draft.lines).rstrip()
        if not source:
            continue
        if draft.language == "markdown":
            heading = _heading(source)
        title = draft.title or _comment(source) or heading or source.splitlines()[0]
        cells.append(Cell(index, _cut(title.strip()), draft.language, source, draft.line))
        if draft.language != "markdown":
            heading = ""
    return tuple(cells)


def _cut(title: str) -> str:
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"


def _heading(source: str) -> str:
    """What a text cell says first: the title of the code below it, if that has none of its own."""
    return next((line.lstrip("#").strip() for line in source.splitlines() if line.strip()), "")


def _comment(source: str) -> str:
    first = source.splitlines()[0].strip()
    return first.lstrip("#-").strip() if first.startswith(("#", "--")) else ""


def _percent(lines: list[str]) -> list[_Draft]:
    drafts = [_Draft("", "python", 1, [])]
    for number, line in enumerate(lines, start=1):
        mark = _PERCENT.match(line)
        if not mark:
            drafts[-1].lines.append(line)
            continue
        rest = mark["rest"].strip().lstrip("%").strip()
        language: Language = "python"
        kind = re.search(r"\[(markdown|md|sql|raw)\]", rest)
        if kind:
            language = "sql" if kind[1] == "sql" else "markdown"
            rest = rest.replace(kind[0], "").strip()
        drafts.append(_Draft(rest, language, number + 1, []))
    for draft in drafts:
        if draft.language == "python":
            _take_magic(draft)
        elif draft.language == "markdown" or all(line.startswith("#") or not line.strip() for line in draft.lines):
            draft.lines = [re.sub(r"^#\s?", "", line) for line in draft.lines]
    if _only_comments(drafts[0]):
        # What stands above the first mark is the file's header, not a cell, unless it is code.
        drafts.pop(0)
    return drafts


def _only_comments(draft: _Draft) -> bool:
    return all(not line.strip() or line.lstrip().startswith("#") for line in draft.lines)


def _databricks(lines: list[str]) -> list[_Draft]:
    drafts = [_Draft("", "python", 1, [])]
    for number, line in enumerate(lines, start=1):
        title = _DBTITLE.match(line)
        if _DATABRICKS.match(line) and number == drafts[0].line + len(drafts[0].lines):
            drafts[0].lines.append("")
        elif _COMMAND.match(line):
            drafts.append(_Draft("", "python", number + 1, []))
        elif title:
            drafts[-1].title = title["title"].strip()
            drafts[-1].lines.append("")
        else:
            magic = _MAGIC.match(line)
            drafts[-1].lines.append(magic["rest"] if magic else line)
    for draft in drafts:
        _take_magic(draft)
    return drafts


def _take_magic(draft: _Draft) -> None:
    """Take the language from a magic such as %sql at a cell's head, leaving a blank line in its place."""
    for number, line in enumerate(draft.lines):
        if not line.strip() or line.startswith("#"):
            continue
        word, _, rest = line.strip().partition(" ")
        # In a notebook Jupyter's own spelling, %%sql, means the same.
        language = _LANGUAGES.get(word.lower().replace("%%", "%", 1))
        if language is None:
            return
        draft.language = language
        comments = [text.lstrip("# ") for text in draft.lines[:number] if text.strip()]
        draft.title = draft.title or next(iter(comments), "")
        draft.lines = ["" for _ in draft.lines[:number]] + [rest] + draft.lines[number + 1 :]
        return


def _bare(notebook: dict[str, Any]) -> dict[str, Any]:
    """A notebook without outputs, metadata and whatever else is not read of it.

    What holds a notebook against its schema takes time and memory without bounds for some of that. Raises LookupError,
    TypeError or AttributeError for what is no notebook.
    """
    major = notebook["nbformat"]
    bare: dict[str, Any] = {"nbformat": major, "nbformat_minor": 0, "metadata": {}}
    if "worksheets" in notebook:  # until version 3 of the format
        return bare | {
            "worksheets": [{"cells": list(map(_bare_cell, sheet["cells"]))} for sheet in notebook["worksheets"]]
        }
    return bare | {"cells": list(map(_bare_cell, notebook["cells"]))}


def _bare_cell(cell: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        name: cell[name] for name in ("cell_type", "source", "input", "language", "level") if name in cell
    }
    for name in kept.keys() & {"source", "input"}:
        kept[name] = "".join(kept[name])
    if kept["cell_type"] == "code":
        kept |= {"outputs": []} if "input" in kept else {"outputs": [], "execution_count": None}
    return kept | {"metadata": {}}


def _notebook(path: Path, text: str) -> tuple[Cell, ...]:
    from grader.lab.inside.lab_guest.spare import GRAMMAR, spared

    with spared(GRAMMAR):
        import nbformat

    if text.count("{") + text.count("[") > MOST_BRACKETS:
        raise BadInput(f"{path} holds too much besides code: clear the notebook's outputs first.")
    try:
        notebook = nbformat.reads(json.dumps(_bare(json.loads(text))), as_version=4)
    except Exception as error:
        # nbformat raises whatever its reader met: not JSON, no notebook, cells that are no list.
        raise BadInput(f"{path} is no notebook that Jupyter could open: save it again from Jupyter.") from error
    drafts = []
    for cell in notebook.get("cells", []):
        source = cell.get("source", "")
        source = "".join(source) if isinstance(source, list) else str(source)
        language: Language = "python" if cell.get("cell_type") == "code" else "markdown"
        # JSON can spell half a character, which could be written nowhere.
        draft = _Draft("", language, 1, _lines(source.encode(errors="replace").decode()))
        if language == "python":
            _take_magic(draft)
        drafts.append(draft)
    return _number(drafts)
