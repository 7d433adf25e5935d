"""Text that hurts whatever stores or shows it, and how to see that none of it came through."""

from __future__ import annotations

import os
import unicodedata

PIECES = (
    *("\ud800", "\udcff", "\x00", "\x1b[31m", "\x9b1m", "\x85", "\u202e", "\u2066", "\u200b", "\u2028", "\ufeff"),
    *("\U000e0041", "\U000e0100", "\u061c", "\u00ad", "\u2060", "\ufff9", "\ue000", "\uffff", "\u3164"),
)
TEXT = "".join(PIECES)
HUGE = TEXT + "x" * (10 << 20) + TEXT

NAMES = tuple(
    os.fsdecode(name)
    for name in (
        *(b"caf\xe9", b"caf\xe8", "café".encode(), b"caf\\xe9", b"ca\xc2\x85f", b"ab", "a\u202eb".encode()),
        *("a\U000e0041b".encode(), "a\u061cb".encode(), "a\u00adb".encode(), "a\u2060b".encode(), "a\ufff9b".encode()),
        *(b"a\nb", b"a\x1b[31mb", b"a\\nb", b"a\xed\xa0\x80b", b"x" * 250, b"x" * 249 + b"y", b"<script>", b"=1+1"),
    )
)
"""Names of folders, as Python reads them from a disk: some not UTF-8, many alike, some as long as names can be."""

_KEPT = "\n\r\t"


def hurtful(text: str) -> set[str]:
    """The characters in it that no report may hold: those that nobody sees, and those that something obeys."""
    seen = {c for c in set(text) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")}
    return (seen | ({*PIECES} & set(text))) - {*_KEPT}
