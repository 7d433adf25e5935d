"""Text from outside (a learner's, a file's name, a platform's export), made safe to store and to show.

:func:`clean` and :func:`one_line` are for text that a person reads. :func:`identity` is for names that tell learners or
files apart: nothing of them is lost. Values that are compared with one another are compared as they came.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

LONGEST_IDENTITY = 200
"""Characters of an id, which is what the gradebook's columns hold."""

_HEAD = 4
"""How many times its limit is looked at of a text: what is removed may leave room for more."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's categories of control and format characters, surrogates, private use, unassigned and line separators."""
# Letters and marks that show nothing either: Unicode's Default_Ignorable_Code_Point outside of those categories.
_INVISIBLE = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164, 0xFFA0),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)
# What a terminal obeys rather than shows: CSI and OSC sequences, then any other two-byte escape.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)


def clean(text: str, limit: int | None = None) -> str:
    """``text`` without anything that a terminal or a report obeys, and without characters that nobody sees.

    Line ends and tabs stay; half a character (a surrogate) becomes U+FFFD. With ``limit`` it has at most that many
    characters, and an ellipsis shows that something was cut.
    """
    if limit is None:
        return _visible(text)
    head = text[: limit * _HEAD]
    return _cut(_visible(head), limit, cut=len(head) < len(text))


def one_line(text: str, limit: int = 300) -> str:
    """``clean(text)`` on one line, at most ``limit`` characters long; an ellipsis shows that something was cut."""
    head = text[: limit * _HEAD * _HEAD]
    return _cut(" ".join(_visible(head).split()), limit, cut=len(head) < len(text))


def identity(name: str, limit: int = LONGEST_IDENTITY) -> str:
    r"""A learner's or file's name as it is stored and shown; different names stay different.

    A character that can't be shown becomes ``\u202e`` (or ``\U000e0041``), a byte that is not UTF-8 ``\xff``, a
    backslash two. Of a name that is longer than ``limit`` characters then, the end becomes ``\#`` and a digest.
    """
    parts = [character if _plain(character) else _escaped(character) for character in name]
    if sum(map(len, parts)) <= limit:
        return "".join(parts)
    # No escape begins with \#, and none is cut in two: no shorter name looks like this one.
    tail = rf"\#{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
    head = ""
    for part in parts:
        if len(head) + len(part) + len(tail) > limit:
            break
        head += part
    return head + tail


def _visible(text: str) -> str:
    text = text.replace("\r\n", "\n")
    if text.isprintable() and _INVISIBLE.isdisjoint(text):
        return text
    return "".join(map(_shown, _ESCAPES.sub("", text)))


def _shown(character: str) -> str:
    if character in "\n\t" or not _hidden(character):
        return character
    return "\ufffd" if unicodedata.category(character) == "Cs" else ""


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN or character in _INVISIBLE


def _plain(character: str) -> bool:
    return character != "\\" and not _hidden(character)


def _escaped(character: str) -> str:
    code = ord(character)
    if character == "\\":
        return r"\\"
    if 0xDC80 <= code <= 0xDCFF:  # how Python spells a byte of a file's name that is not UTF-8
        return rf"\x{code - 0xDC00:02x}"
    return rf"\u{code:04x}" if code <= 0xFFFF else rf"\U{code:08x}"


def _cut(text: str, limit: int, *, cut: bool) -> str:
    if len(text) <= limit and not cut:
        return text
    return text[: limit - 1].rstrip() + "…"
