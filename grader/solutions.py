"""The solutions that are kept to prove a suite: submissions with known verdicts.

``solutions/<exercise>/`` holds ``accepted/``, ``partial/`` and ``wrong/`` submissions. A comment at the head
of each says what it is and which checks must not pass; ``docs/solutions.md`` describes the headers. A
solution may name a base and hold only the cells that differ from it, to show its one mistake and no more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grader import catalog
from grader.catalog import Exercise
from grader.errors import BadInput

Kind = Literal["starter", "accepted", "partial", "wrong"]
FOLDERS: tuple[Kind, ...] = ("accepted", "partial", "wrong")

_MARK = re.compile(r"^#\s?%%")
_TASK = re.compile(r"\bTask (\d+)\b")
_FIELD = re.compile(r"^(base|fails):\s*(.*)$")


@dataclass(frozen=True)
class Solution:
    """A submission with a known verdict: exactly the checks in ``fails`` must not pass."""

    name: str
    kind: Kind
    path: Path
    about: str
    base: str | None
    fails: frozenset[str]


Group = tuple[Solution, ...]
"""Solutions that one lab proves: their mistakes do not meet, so exactly the checks that they name must not pass."""


def fails(group: Group) -> frozenset[str]:
    """The checks that must not pass when the solutions of a group are graded as one submission."""
    return frozenset().union(*(solution.fails for solution in group))


def default_folder(exercise: Exercise) -> Path:
    """Where a checkout keeps the exercise's solutions."""
    return catalog.home() / "solutions" / exercise.name


def discover(exercise: Exercise, folder: Path) -> tuple[Solution, ...]:
    """The starter, which must earn nothing, and every solution in a folder, in the order of the matrix."""
    if not folder.is_dir():
        raise BadInput(
            f"There are no solutions in {folder}: they are kept in the project's checkout, "
            "not installed with it; name them with --solutions."
        )
    everything = frozenset(check.id for check in exercise.checks)
    found = [Solution("starter", "starter", exercise.starter, "The starter as it is.", None, everything)]
    for kind in FOLDERS:
        files = sorted(p for p in (folder / kind).glob("*") if p.suffix in (".py", ".ipynb"))
        found += [read(exercise, kind, file) for file in files]
    if len(found) == 1:
        raise BadInput(f"{folder} holds no solutions: they belong below accepted/, partial/ and wrong/.")
    return tuple(found)


def read(exercise: Exercise, kind: Kind, path: Path) -> Solution:
    """Read a solution's header. Raises BadInput when it does not fit its folder or the manifest."""
    if not path.is_file():
        raise BadInput(f"The solution {path} is not an ordinary file: replace it or take it away.")
    try:
        header = _header(path)
    except (OSError, ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
        raise BadInput(f"The solution {path} can't be read: {error}.") from error
    about = [line for line in header if not _FIELD.match(line)]
    fields: dict[str, list[str]] = {"base": [], "fails": []}
    for match in filter(None, map(_FIELD.match, header)):
        fields[match[1]] += match[2].split()
    fails = frozenset() if fields["fails"] == ["nothing"] else frozenset(fields["fails"])
    unknown = fails - {check.id for check in exercise.checks}
    if unknown:
        raise BadInput(f"{path} names checks that {exercise.id} has not: {', '.join(sorted(unknown))}.")
    if kind == "accepted" and fails:
        raise BadInput(f"{path} is accepted but names checks that fail: move it or mend its header.")
    if kind != "accepted" and not fails:
        raise BadInput(f"{path} must name the checks that fail, as '# fails: {exercise.checks[0].id}'.")
    name = f"{kind}/{path.name}"
    return Solution(name, kind, path, about[0] if about else "", " ".join(fields["base"]) or None, fails)


def _header(path: Path) -> list[str]:
    """The comment lines at a file's head, without their marks; a notebook may have none."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text).get("cells", [])
        text = "".join(cells[0].get("source", "")) if cells else ""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#") or _MARK.match(line):
            break
        lines.append(line.lstrip("#").strip())
    return lines


def complete(solution: Solution, folder: Path, *others: Solution) -> Path:
    """The file to grade: the solution itself, or a copy of its base with the solution's cells in it.

    ``others``: overlays of the same base, to be laid over it as well (see :func:`together`).
    """
    if solution.base is None:
        return solution.path
    base = solution.path.parent.parent / solution.base
    if base.suffix != ".py" or not base.is_file():
        raise BadInput(f"{solution.path} names the base {solution.base}, which is no .py file beside it.")
    text = base.read_text(encoding="utf-8")
    for one in (solution, *others):
        text = overlay(text, one.path.read_text(encoding="utf-8"))
    target = folder / solution.kind / solution.path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return target


def together(solutions: Iterable[Solution]) -> tuple[Group, ...]:
    """Solutions in groups that one lab can prove, since a lab takes long.

    Wrong ones may share a lab when they are overlays of the same base, change different tasks (and not the set-up)
    and name different checks: then just the checks that they name together must not pass.
    """
    groups: list[tuple[set[int], list[Solution]]] = []
    for solution in solutions:
        tasks = set(_by_task(_cells(solution.path.read_text(encoding="utf-8")))) if solution.base else set()
        shares = solution.kind == "wrong" and tasks and 0 not in tasks
        for taken, group in groups if shares else []:
            same_base = group[0].kind == "wrong" and group[0].base == solution.base and taken
            if same_base and not tasks & taken and not any(solution.fails & other.fails for other in group):
                taken |= tasks
                group.append(solution)
                break
        else:
            groups.append((tasks if shares else set(), [solution]))
    return tuple(tuple(group) for _, group in groups)


def overlay(base: str, changes: str) -> str:
    """A percent-cell text in which the cells of ``changes`` stand for the base's cells of the same task.

    A cell belongs to the first ``Task N`` of its title; one without belongs to task 0, the set-up. An empty
    cell drops the task. New cells stand where the task's first cell stood, or at the end.
    """
    cells = _cells(base)
    for task, replacement in _by_task(_cells(changes)).items():
        places = [place for place, cell in enumerate(cells) if _task(cell) == task]
        place = places[0] if places else len(cells)
        rest = [cell for cell in cells if _task(cell) != task]
        cells = [*rest[:place], *replacement, *rest[place:]]
    return "".join(cells)


def _cells(text: str) -> list[str]:
    """The percent cells of a text, without what stands above the first."""
    cells: list[str] = []
    for line in text.splitlines():
        if _MARK.match(line):
            cells.append("")
        if cells:
            cells[-1] += line + "\n"
    return cells


def _task(cell: str) -> int:
    title = _TASK.search(cell.partition("\n")[0])
    return int(title[1]) if title else 0


def _by_task(cells: Iterable[str]) -> dict[int, list[str]]:
    tasks: dict[int, list[str]] = {}
    for cell in cells:
        tasks.setdefault(_task(cell), []).append(cell)
    return tasks
