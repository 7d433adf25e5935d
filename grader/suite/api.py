"""What a hidden suite is written with: the mark ``check`` and the fixture ``lab``.

A suite's test judges one declared check. It ends well (passed), raises :class:`Mismatch` (failed) or :class:`Unmet`
(not reached, since another check failed). Any other exception is a mistake of the suite, and then nothing is graded.
Absence of an error is no pass: a check that no test judged makes the whole run ``not_graded``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest

from grader.evidence import (
    Mismatch,
    Unreadable,
    behaviour,
    delta,
    features,
    files,
    honesty,
    registry,
    tracking,
    workspace,
)
from grader.evidence.behaviour import Answer, Call
from grader.evidence.models import Model
from grader.evidence.registry import Version
from grader.evidence.results import Frame, Other, Raised, Result, Value, read_results
from grader.lab.probe import Prober
from grader.runtime.templates import STORE

MOST_LISTED = 8
"""How many things a sentence lists."""
Test = TypeVar("Test", bound=Callable[..., None])


class Unmet(Exception):
    """What a check would judge is not there, and the check ``check_id`` has failed for that reason."""

    def __init__(self, check_id: str, why: str) -> None:
        super().__init__(check_id, why)
        self.check_id = check_id
        self.why = why


def mismatch(expected: str, found: str) -> NoReturn:
    """End a check as failed. Neither text may tell a hidden value."""
    raise Mismatch(expected, found)


def hangs_on(check_id: str, why: str) -> NoReturn:
    """End a check as not reached. ``why`` tells the learner in a few words what must come first.

    The other check must have failed (or be not reached itself): one mistake is told once. The judge holds it to that.
    """
    raise Unmet(check_id, why)


def listed(values: Sequence[object]) -> str:
    """The first values, separated by commas, as a sentence shows them; an ellipsis stands for more."""
    return ", ".join(map(str, values[:MOST_LISTED])) + (", …" if len(values) > MOST_LISTED else "")


def check(check_id: str) -> Callable[[Test], Test]:
    """Marks a test as judging the declared check of this id."""
    return pytest.mark.check(check_id)


@dataclass(frozen=True)
class Lab:
    """A finished lab, as a suite sees it. ``data`` is what the exercise's fixture planned for its seed."""

    folder: Path
    data: Any
    facts: Mapping[str, Any]
    seen_at: str
    """Where the lab itself saw its own files, ``folder / "root"``."""
    prober: Prober
    read_table: delta.ReadOtherwise | None = None
    """Reads the tables that delta-rs can't (:class:`grader.lab.reader.Reader`)."""
    reported: str = ""
    """What the lab's workspace reported of its deliveries, see :class:`grader.lab.record.LabRecord`."""

    @cached_property
    def results(self) -> dict[str, Result]:
        return read_results(self.folder / "run" / "results.json")

    @cached_property
    def _tables(self) -> dict[str, delta.Table | None]:
        return {}

    @cached_property
    def _forged(self) -> dict[tuple[str, int], str | None]:
        """What the history of a table contradicts: many checks ask, and each data file need be read but once."""
        return {}

    def table(self, name: str, *, came_with: int = 0) -> delta.Table:
        """The Delta table ``tables/<name>``, its history held against its files.

        ``came_with``: how many versions the lab itself wrote. Raises Mismatch when there is no table there,
        Unreadable when what is there can't be trusted.
        """
        return self._open(self.root / "tables" / name, f"tables/{name}", came_with)

    def _open(self, path: Path, name: str, came_with: int) -> delta.Table:
        if name not in self._tables:
            if files.inside(self.root, str(self.root), str(path)) is None:
                raise Unreadable(f"{name} is a link: what it leads to is not the lab's")
            self._tables[name] = delta.open_table(path, self.read_table)
        table = self._tables[name]
        if table is None:
            mismatch(f"a Delta table at {name}", f"no Delta table at {name}")
        if (name, came_with) not in self._forged:
            self._forged[name, came_with] = honesty.contradiction(table, trusted=came_with)
        forged = self._forged[name, came_with]
        if forged:
            raise Unreadable(forged, f"a history of {name} that Delta Lake itself wrote")
        return table

    @cached_property
    def features(self) -> features.Catalogue:
        """The feature store's catalogue. Raises Unreadable when it was changed by hand so that it can't be read."""
        return features.open_catalogue(self.root, self.seen_at)

    def feature_table(self, name: str, *, came_with: int = 0) -> delta.Table:
        """The Delta table of a feature table, as :meth:`table` gives one.

        Raises Mismatch when the catalogue does not know it, or when there is no table where it says.
        """
        entry = self.features.find(name)
        if entry is None:
            mismatch(f"a feature table {name}", f"the feature store knows no table {name}")
        if entry.path is None:
            raise Unreadable(f"the feature store's catalogue names a place for {name} that is not in the lab")
        return self._open(entry.path, name, came_with)

    @property
    def root(self) -> Path:
        return self.folder.resolve() / "root"

    @cached_property
    def tracking(self) -> tracking.Store:
        """The tracking store. Raises Unreadable when it is gone, damaged or was changed by hand."""
        return tracking.open_store(self.root / STORE, self.root, self.seen_at)

    @cached_property
    def registry(self) -> registry.Registry:
        """The model registry. Raises Unreadable as :attr:`tracking` does."""
        return registry.open_registry(self.root / STORE)

    @cached_property
    def workspace(self) -> workspace.Workspace:
        """What the lab's workspace keeps of webhooks and jobs. Raises Unreadable as :attr:`tracking` does."""
        return workspace.open_workspace(self.root / workspace.NAME, self.reported)

    def source(self, version: Version) -> Model | None:
        """The logged model that a registered version was made from, None if that is not in the lab."""
        return self.tracking.model_at(version.source)

    def predict(self, model: Model, *calls: Call, flavor: str = "pyfunc") -> tuple[Answer, ...]:
        """What the model answers to each call, loaded with this flavor in a fresh process of its own.

        Raises Mismatch when it can't be loaded or gives no answer, Unreadable when its folder is no model's.
        """
        asked = (model.path, flavor, repr(calls))
        if asked not in self._behaviour:
            told = self.prober.ask(model.path, flavor, [call.as_json() for call in calls])
            self._behaviour[asked] = behaviour.understood(told, len(calls))
        found = self._behaviour[asked]
        if found.failure:
            mismatch(f"the model {model.name!r} loads in a fresh process and answers", found.failure)
        return found.answers

    @cached_property
    def _behaviour(self) -> dict[tuple[Path, str, str], behaviour.Behaviour]:
        return {}

    def frame(self, name: str) -> Frame:
        """The result ``name``, which must be a DataFrame. Raises Mismatch otherwise."""
        found = self._result(name, "a DataFrame")
        if not isinstance(found, Frame):
            mismatch(f"{name} is a DataFrame", f"{name} is {_kind(found)}")
        return found

    def value(self, name: str, *kinds: str) -> Any:
        """The result ``name``, which must be a value of one of these built-in types.

        An array or a pandas Series counts as a ``list``, a number of numpy's as ``int`` or ``float``.
        """
        wanted = "a list (an array or a Series will do)" if "list" in kinds else f"a value of type {' or '.join(kinds)}"
        found = self._result(name, wanted)
        if not isinstance(found, Value) or found.type not in kinds:
            mismatch(f"{name} is {wanted}", f"{name} is {_kind(found)}")
        return found.value

    def sequence(self, name: str) -> list[Any]:
        """The result ``name``, which must be a list, or what tells as much: a tuple, an array or a Series, or the one
        column of a DataFrame. Values that lie in lists of one are taken out of them.
        """
        found = self.results.get(name)
        if isinstance(found, Frame) and len(found.columns) == 1:
            return [row[0] for row in found.data]
        values: list[Any] = self.value(name, "list", "tuple")
        alone = values and all(isinstance(value, list) and len(value) == 1 for value in values)
        return [value[0] for value in values] if alone else values

    def raised(self, name: str) -> Raised:
        """The result ``name``, which must be an exception that Spark raised."""
        found = self._result(name, "the exception that Spark raised")
        if not isinstance(found, Raised) or found.java is None:
            mismatch(f"{name} is the exception that Spark raised", f"{name} is {_kind(found)}")
        return found

    def _result(self, name: str, what: str) -> Result:
        found = self.results.get(name)
        if found is None or (isinstance(found, Value) and found.type == "NoneType"):
            mismatch(f"{name} is bound to {what}", f"nothing is bound to {name}")
        return found


def _kind(found: Result) -> str:
    if isinstance(found, Frame):
        return "a DataFrame"
    if isinstance(found, Raised):
        return f"a {found.type} that did not come from Spark" if found.java is None else f"a {found.type}"
    return found.type if isinstance(found, Other) else f"a value of type {found.type}"


def rows_differ(
    found: Iterable[Mapping[str, Any]],
    wanted: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
) -> str | None:
    """How ``found`` differs from ``wanted`` on these columns, as a sentence without values, or None.

    Order does not matter, repetition does. Floats count as equal to within one part in a million.
    """
    rows = list(found)
    lacking = sorted({column for column in columns for row in rows[:1] if column not in row})
    if lacking:
        return f"the column {lacking[0]} is missing"
    if len(rows) != len(wanted):
        return f"there are {len(rows)} rows, and there should be {len(wanted)}"
    have, want = _counted(rows, columns), _counted(wanted, columns)
    wrong = sum((have - want).values()) if have != want else 0
    return f"{wrong} of {len(rows)} rows are not what they should be" if wrong else None


def _counted(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Any:
    from collections import Counter

    return Counter(tuple(_comparable(row[column]) for column in columns) for row in rows)


def _comparable(value: Any) -> Any:
    """Numbers by value, not by type (3 is 3.0), floats rounded to seven significant digits."""
    if isinstance(value, bool) or value is None:
        return ("bool", value)
    if isinstance(value, int | float) and not (isinstance(value, int) and abs(value) > 1e300):
        return ("number", float(f"{value:.6e}"))
    return ("text", str(value))
