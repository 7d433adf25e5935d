"""SQL cells: each statement run in turn, the last result shown and bound to ``_sqldf``.

As in a Databricks notebook (documentation page "Develop code in Databricks notebooks"): ``${name}`` and the
parameter marker ``:name`` stand for a widget's value.
"""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(
    r"""(?P<skip>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|`[^`]*`|--[^\n]*|/\*.*?\*/)|(?P<end>;)""", re.DOTALL
)
_LEAD = re.compile(r"(?:\s|--[^\n]*|/\*.*?\*/)*", re.DOTALL)
"""What may stand before a statement."""
_WIDGET = re.compile(r"\$\{(\w+)\}")
_MARKER = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")


def run(shell: Any, line: str, cell: str) -> None:
    """Run a cell's statements. Raises what Spark raises, marked with the statement it came from."""
    spark = shell.user_ns["spark"]
    widgets = shell.user_ns["dbutils"].widgets.getAll()
    result = None
    for number, statement in split(line + "\n" + cell):
        try:
            text = _WIDGET.sub(lambda match: _widget(widgets, match[1]), statement)
            markers = {name: widgets[name] for name in _MARKER.findall(_without_strings(text)) if name in widgets}
            result = spark.sql(text, args=markers) if markers else spark.sql(text)
            if result.columns:
                result.show()  # Queries are lazy: one that fails must fail here, in its own cell.
        except Exception as error:
            # The first line of the cell is the magic's own.
            error.lab_statement = (number - 1, statement.splitlines()[0])  # type: ignore[attr-defined]
            raise
    if result is not None:
        shell.user_ns["_sqldf"] = result


def split(text: str) -> list[tuple[int, str]]:
    """The statements of a SQL text with the line each starts on, from 1; strings and comments in them stay whole."""
    statements, start = [], 0
    ends = [match.start() for match in _TOKEN.finditer(text) if match["end"]]
    for end in [*ends, len(text)]:
        start += len(_LEAD.match(text[start:end])[0])  # type: ignore[index]  # which matches nothing, too
        if start < end:
            statements.append((text.count("\n", 0, start) + 1, text[start:end].rstrip()))
        start = end + 1
    return statements


def _without_strings(text: str) -> str:
    return _TOKEN.sub(lambda match: "" if match["skip"] else match[0], text)


def _widget(widgets: dict[str, str], name: str) -> str:
    if name not in widgets:
        raise ValueError(f"There is no widget '{name}'. There are: {', '.join(widgets)}.")
    return widgets[name]
