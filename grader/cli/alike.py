"""``grade alike``: pairs of submissions that look like copies, with the lines side by side."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path

from grader import catalog
from grader.cli.words import paragraph
from grader.errors import BadInput
from grader.submission import Cell
from grader.text import clean, one_line

MOST_PAIRS = 20
NARROWEST = 60


def alike(folder: Path, name: str, *, roster: Path | None) -> int:
    """Compare the submissions for one exercise and show what is alike. It is a hint to look at, never a mark."""
    from grader import submission
    from grader.classroom import alike as measure
    from grader.classroom import layouts
    from grader.classroom import roster as rosters

    exercise = catalog.find(name)
    found = layouts.read(folder, [exercise], rosters.read(roster) if roster else rosters.NOBODY)
    work = {}
    for one in found.found:
        if one.path is not None:
            try:
                work[one.learner] = submission.read(one.path).cells
            except BadInput:
                continue  # what can't be read can't be compared; `grade class` tells of it
    pairs = measure.pairs(work, submission.read(exercise.starter).cells)
    print(f"{len(work)} submissions compared, {len(pairs)} pairs alike beyond the starter.")
    for pair in pairs[:MOST_PAIRS]:
        print()
        head = f"{pair.one} and {pair.other}: {pair.share:.0%} of the shorter one ({pair.shared} fingerprints)"
        print(one_line(head))
        for left, right in pair.stretches:
            _side_by_side(_lines(work[pair.one], *left), _lines(work[pair.other], *right))
    if len(pairs) > MOST_PAIRS:
        print(f"\nAnd {len(pairs) - MOST_PAIRS} more.")
    if pairs:
        print()
        print(paragraph("Alike is not copied: a short task has few solutions. Look at the lines before you judge."))
    return 0


def _lines(cells: Iterable[Cell], first: int, last: int) -> list[str]:
    """Lines of a submission, with their numbers in its file."""
    rows = []
    for cell in cells:
        for number, line in enumerate(cell.source.split("\n"), cell.line):
            if first <= number <= last:
                rows.append(f"{number:>4} {line}")
    return rows


def _side_by_side(left: list[str], right: list[str]) -> None:
    width = (max(shutil.get_terminal_size().columns, NARROWEST) - 5) // 2
    for one, other in zip_longest(left, right, fillvalue=""):
        print(f"  {clean(one, width):<{width}} | {clean(other, width)}".rstrip())
    print()
