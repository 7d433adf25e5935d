"""The warnings among what a cell wrote to standard error: of Python, and of libraries that log theirs."""

from __future__ import annotations

import re

MOST_TEXT = 64 << 10
"""Characters of a cell's standard error that are looked at."""
MOST = 5
LONGEST = 300

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_PYTHON = re.compile(r"^(?:.*:\d+: )?(?P<kind>\w*Warning): (?P<text>.+)$")
_LOGGED = re.compile(r"^\d{4}[-/]\d\d[-/]\d\d \d\d:\d\d:\d\d(?:,\d+)? WARNING (?P<kind>[\w.]+): (?P<text>.+)$")


def gather(text: str) -> tuple[str, ...]:
    """The first few different warnings in a cell's standard error, one line each: who warns, and of what."""
    found: dict[str, None] = {}
    for line in _COLOUR.sub("", text[:MOST_TEXT]).splitlines():
        match = _PYTHON.match(line[: 4 * LONGEST]) or _LOGGED.match(line[: 4 * LONGEST])
        if match:
            found.setdefault(f"{match['kind']}: {match['text']}"[:LONGEST])
    return tuple(found)[:MOST]
