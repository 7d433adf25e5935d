"""Text from outside: what is shown of it, and names that stay different."""

from __future__ import annotations

import re
import unicodedata

import pytest

from grader.text import LONGEST_IDENTITY, clean, identity, one_line
from tests.properties import given, st

ANY = st.text(st.characters(), max_size=300)
"""Texts of all characters there are, surrogates included."""
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def hidden(text: str, but: str = "") -> set[str]:
    return {c for c in text if unicodedata.category(c) in HIDDEN and c not in but}


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("plain", "plain"),
        ("a\r\nb\tc", "a\nb\tc"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(Bx\x1bc", "x"),
        ("\x9b31mx\x85", "x"),
        ("a\rb", "ab"),
        ("\ud800", "\ufffd"),
        ("naïve ✓ 日本", "naïve ✓ 日本"),
        ("\u061c\u00ad\u2060\ufff9\u200b\u2028\ue000\uffff\U000e0041x\U000e0100", "x"),
        ("\u3164\u115f\u034f\ufe0fx", "x"),
    ],
)
def test_clean(given: str, safe: str) -> None:
    assert clean(given) == safe


@given(ANY, st.integers(1, 50))
def test_no_text_hides_anything(text: str, limit: int) -> None:
    assert not hidden(clean(text), "\n\t")
    assert not hidden(clean(text, limit), "\n\t") and len(clean(text, limit)) <= limit
    assert not hidden(one_line(text, limit)) and len(one_line(text, limit)) <= limit
    assert clean(clean(text)) == clean(text)


def test_what_was_cut_shows() -> None:
    assert clean("a\nb", 3) == "a\nb"
    assert clean("ab cd", 4) == "ab…"
    assert clean("\x00" * 1000 + "end", 3) == "…"
    assert one_line("a\n  b\tc") == "a b c"
    cut = one_line("word " * 1_000_000, 50)
    assert len(cut) <= 50
    assert cut.endswith("word…")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ann", "ann"),
        ("José Núñez/日本.py", "José Núñez/日本.py"),
        ("a\\b", "a\\\\b"),
        ("caf\udce9", "caf\\xe9"),
        ("caf\x85\n", "caf\\u0085\\u000a"),
        ("\u202eann\ud800", "\\u202eann\\ud800"),
        ("a\U000e0041", "a\\U000e0041"),
    ],
)
def test_a_name_shows_what_it_holds(name: str, shown: str) -> None:
    assert identity(name) == shown


@given(ANY)
def test_a_name_hides_nothing_and_loses_nothing(name: str) -> None:
    shown = identity(name, 5000)
    assert not hidden(shown)
    assert re.sub(r"\\(?:\\|x(..)|u(.{4})|U(.{8}))", meant, shown) == name


def meant(escape: re.Match[str]) -> str:
    """What an escape of :func:`identity` stands for."""
    byte, *codes = escape.groups()
    if byte:
        return chr(0xDC00 + int(byte, 16))
    return next((chr(int(code, 16)) for code in codes if code), "\\")


@given(st.lists(st.text(st.sampled_from("a\\#nu0\x00\x85\udc85\udcff\u202e"), max_size=12), unique=True, max_size=30))
def test_different_names_stay_different(names: list[str]) -> None:
    assert len({identity(name, 40) for name in names}) == len(names)
    assert all(len(identity(name, 40)) <= 40 for name in names)


def test_long_names_stay_different() -> None:
    one, other = identity("x" * 300 + "a"), identity("x" * 300 + "b")
    assert one != other
    assert len(one) == LONGEST_IDENTITY
    assert identity(one) != one  # a name that looks like a cut one is another
    assert not identity("\\" * 300).startswith("\\" * 300)
