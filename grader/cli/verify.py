"""``grade verify``: prove the suites on the solutions kept for them."""

from __future__ import annotations

import string
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from grader import catalog
from grader.errors import BadInput

if TYPE_CHECKING:
    from grader.verify import Compared, Disagreement, Notify, Verification

KEYS = string.ascii_lowercase + string.ascii_uppercase
"""The matrix's columns, a letter a check."""


def verify(exercises: list[str], *, seed: int | None, jobs: int | None, folder: Path | None, sealed: bool) -> int:
    """Print the matrix of each exercise (all of them, if none is named); 0 if all is as declared, else 1."""
    from grader import verify as proof

    chosen = [catalog.find(name) for name in exercises] or list(catalog.all_exercises())
    good = True
    for exercise in chosen:
        try:
            labs = proof.labs(exercise, folder)
        except OSError as error:
            raise BadInput(f"{folder} can't be read ({error.strerror}): name a folder with --solutions.") from error
        with _progress(labs) as notify:
            verification = proof.verify(
                exercise,
                seed=1 if seed is None else seed,
                jobs=jobs,
                folder=folder,
                sealed=sealed,
                notify=notify,
            )
        print("\n".join(render(verification)))
        good = good and verification.ok
    return 0 if good else 1


def render(verification: Verification) -> Iterator[str]:
    """The matrix as lines of plain text: a row a solution, a column a check, then what is not as declared."""
    exercise = verification.exercise
    ids = [check.id for check in exercise.checks]
    width = max(len(compared.solution.name) for compared in verification.compared)
    yield f"{exercise.id} {exercise.title}, seed {verification.seed}"
    yield "  . passed   x not passed, as declared   ! not as declared   ? not graded"
    yield ""
    yield f"{'':{width}}  {KEYS[: len(ids)]}"
    for compared in verification.compared:
        row = "".join(_mark(compared, check_id) for check_id in ids)
        yield f"{compared.solution.name:{width}}  {row}  {'ok' if compared.ok else 'WRONG'}"
    yield ""
    for key, check_id in zip(KEYS, ids, strict=False):
        wrong = [c for c in verification.compared if c.solution.kind == "wrong"]
        count = sum(check_id in (c.not_passed or ()) for c in wrong)
        yield f"  {key}  {check_id:20}  failed by {count} of {len(wrong)} wrong solutions"
    for compared in verification.compared:
        yield from _surprise(compared)
    for found in verification.disagreements:
        yield from _disagreement(found)
    if verification.unproven:
        yield ""
        yield f"No wrong solution fails {', '.join(verification.unproven)}: nothing proves that it judges."
    right = sum(compared.ok for compared in verification.compared)
    yield ""
    yield (
        f"{right} of {len(verification.compared)} solutions as declared, "
        f"{len(ids) - len(verification.unproven)} of {len(ids)} checks proven, {verification.seconds:.0f} s."
    )
    warm = f"{verification.warm_labs} submissions in warm labs, " if verification.warm_labs else ""
    yield f"{warm}{verification.sealed_labs} in sealed labs."


def _mark(compared: Compared, check_id: str) -> str:
    if compared.not_passed is None:
        return "?"
    if check_id in compared.unearned | compared.lost:
        return "!"
    return "x" if check_id in compared.not_passed else "."


def _surprise(compared: Compared) -> Iterator[str]:
    """What is wrong with one solution's verdict, if anything is."""
    if compared.ok:
        return
    yield ""
    yield f"{compared.solution.name}: {compared.solution.about}"
    if compared.not_passed is None:
        yield f"  was not graded: {compared.graded.reason}"
        return
    if compared.unearned:
        yield f"  passed, but must not: {' '.join(sorted(compared.unearned))}"
    if compared.lost:
        yield f"  did not pass, but must: {' '.join(sorted(compared.lost))}"


def _disagreement(found: Disagreement) -> Iterator[str]:
    yield ""
    yield f"{found.name}: a warm and a sealed lab disagree{f' on {found.check}' if found.check else ''}"
    for lab, told in (("warm", found.warm), ("sealed", found.sealed)):
        if told:
            outcome, expected, text = told
            yield f"  {lab}: {outcome}, expected: {expected}, found: {text}"
    if not found.check:
        yield "  it was graded in one of them and not in the other"


@contextmanager
def _progress(total: int) -> Iterator[Notify]:
    """A line on the terminal that says how far it is; a line a lab where there is no terminal."""
    started: list[str] = []
    if not sys.stderr.isatty():

        def log(name: str, doing: str) -> None:
            if name not in started:
                started.append(name)
                print(f"{len(started)} of {total}: {name}", file=sys.stderr, flush=True)

        yield log
        return
    from rich.console import Console

    with Console(stderr=True).status("Starting") as status:

        def show(name: str, doing: str) -> None:
            if name not in started:
                started.append(name)
            status.update(f"{len(started)} of {total}: {name}: {doing}")

        yield show
