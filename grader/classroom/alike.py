"""Submissions that are likely copies: pairs whose code is alike beyond what the starter gave. A hint, never a mark.

The measure is winnowing (Schleimer, Wilkerson, Aiken: "Winnowing: local algorithms for document fingerprinting", 2003),
the one behind MOSS: code becomes tokens in which names, numbers and texts are all alike, so that renaming hides
nothing; each run of :data:`RUN` tokens has a fingerprint; of each :data:`WINDOW` neighbours the smallest is kept, which
finds every shared stretch of ``RUN + WINDOW - 1`` tokens. What the starter has, and what more than a part of the class
has, tells nothing and is left out.
"""

from __future__ import annotations

import hashlib
import io
import keyword
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from grader.submission import Cell

RUN = 15
WINDOW = 10
COMMON = 0.25
"""The part of a class from which on a fingerprint is nobody's: how the task is usually solved."""
FEW = 4
"""In a small class what so many share is not common yet."""
LEAST_SHARE, LEAST_SHARED = 0.5, 8
"""From which share, and number, of fingerprints in common a pair is told."""

_SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT}


@dataclass(frozen=True)
class Pair:
    """Two learners' work. ``share`` is that of the shorter one's fingerprints which the other has too, 0 to 1.

    ``stretches`` are what they share, as first and last lines in the one and in the other.
    """

    one: str
    other: str
    share: float
    shared: int
    stretches: tuple[tuple[tuple[int, int], tuple[int, int]], ...]


def pairs(work: Mapping[str, Sequence[Cell]], starter: Sequence[Cell]) -> tuple[Pair, ...]:
    """The pairs that are alike, the most alike first. ``work`` is each learner's cells."""
    given = set(_fingerprints(starter))
    prints = {learner: _fingerprints(cells) for learner, cells in sorted(work.items())}
    counts = Counter(mark for marks in prints.values() for mark in marks)
    most = max(FEW, COMMON * len(work))
    own = {
        learner: {mark: places for mark, places in marks.items() if mark not in given and counts[mark] <= most}
        for learner, marks in prints.items()
    }
    holders: defaultdict[int, list[str]] = defaultdict(list)
    for learner, marks in own.items():
        for mark in marks:
            holders[mark].append(learner)
    shared: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for mark, learners in holders.items():
        for one, other in combinations(learners, 2):
            shared[one, other].append(mark)
    found = []
    for (one, other), common in shared.items():
        share = len(common) / min(len(own[one]), len(own[other]))
        if len(common) >= LEAST_SHARED and share >= LEAST_SHARE:
            stretches = _stretches([(own[one][mark], own[other][mark]) for mark in common])
            found.append(Pair(one, other, round(share, 3), len(common), stretches))
    return tuple(sorted(found, key=lambda pair: (-pair.share, -pair.shared, pair.one, pair.other)))


def _fingerprints(cells: Sequence[Cell]) -> dict[int, tuple[int, int]]:
    """Fingerprints with the lines, first and last, at which each is first found."""
    found: dict[int, tuple[int, int]] = {}
    for cell in cells:
        tokens = list(_tokens(cell))
        runs = [
            (_mark([text for text, _ in tokens[at : at + RUN]]), tokens[at][1], tokens[at + RUN - 1][1])
            for at in range(len(tokens) - RUN + 1)
        ]
        for at in range(max(1, len(runs) - WINDOW + 1) if runs else 0):
            mark, first, last = min(runs[at : at + WINDOW])
            found.setdefault(mark, (first, last))
    return found


def _mark(texts: list[str]) -> int:
    """The same number for the same tokens in every run of the program."""
    return int.from_bytes(hashlib.blake2b("\0".join(texts).encode(), digest_size=8).digest())


def _tokens(cell: Cell) -> Iterator[tuple[str, int]]:
    """What a cell says, with names, numbers and texts made alike, and the file's line of each token."""
    if cell.language == "markdown":
        return
    if cell.language != "python":
        for number, line in enumerate(cell.source.split("\n"), cell.line):
            yield from ((word.lower(), number) for word in line.split())
        return
    try:
        for token in tokenize.generate_tokens(io.StringIO(cell.source).readline):
            if token.type in _SKIPPED:
                continue
            text = token.string
            if token.type == tokenize.NAME and not keyword.iskeyword(text):
                text = "n"
            elif token.type == tokenize.NUMBER:
                text = "0"
            elif token.type == tokenize.NEWLINE:
                text = ";"
            elif token.type == tokenize.STRING or tokenize.tok_name[token.type].startswith("FSTRING"):
                text = "s"
            yield text, cell.line + token.start[0] - 1
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return  # what came before it is compared all the same


def _stretches(
    places: list[tuple[tuple[int, int], tuple[int, int]]],
) -> tuple[tuple[tuple[int, int], tuple[int, int]], ...]:
    """Join what overlaps or touches on both sides."""
    joined: list[tuple[tuple[int, int], tuple[int, int]]] = []
    for left, right in sorted(places):
        if joined:
            (a, b), (c, d) = joined[-1]
            if left[0] <= b + 1 and c - 1 <= right[0] <= d + 1:
                joined[-1] = ((a, max(b, left[1])), (c, max(d, right[1])))
                continue
        joined.append((left, right))
    return tuple(joined)
