"""Text that comes from a submission, made safe to show: no escape sequences, no control characters."""

from __future__ import annotations

import re

# What a terminal obeys rather than shows: CSI and OSC sequences, then any other two-byte escape.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
# C0 and C1 controls, zero-width and direction marks (they hide or reorder text), surrogates (not encodable).
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def literal(text: str) -> str:
    """``text`` without anything that a terminal or a report would obey; line ends and tabs stay."""
    text = _ESCAPES.sub("", text.replace("\r\n", "\n"))
    return _SURROGATES.sub("\ufffd", _UNSHOWABLE.sub("", text))


def one_line(text: str, limit: int = 300) -> str:
    """``literal(text)`` on one line, at most ``limit`` characters long; what was cut shows as an ellipsis."""
    # Only the head can be shown: a message of megabytes is not worth a look at each character.
    line = " ".join(literal(text[: limit * 20]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
