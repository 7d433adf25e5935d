"""The roster: who belongs to a class. Names and e-mails live here, and nowhere else."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from grader.errors import BadInput
from grader.text import identity, one_line

MOST_BYTES = 20 << 20

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "learner": ("learner", "id", "student_id", "username", "user", "login", "sis_login_id", "sis login id"),
    "name": ("name", "full name", "full_name", "student", "student name"),
    "first": ("first name", "first_name", "firstname"),
    "last": ("last name", "last_name", "lastname", "surname"),
    "email": ("email", "e-mail", "email address", "mail"),
}
"""What the columns are called that learning platforms export."""

_NOBODY = {"Points Possible", "Student, Test"}
"""Rows of Canvas' gradebook export that are no learner's."""


@dataclass(frozen=True)
class Person:
    """One learner. ``learner`` is the id, as :func:`grader.text.identity` gives it, the other texts are clean.

    ``others`` are the row's further columns, by which platforms may know the same person.
    """

    learner: str
    name: str = ""
    email: str = ""
    others: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Roster:
    """The people of a class, in the file's order."""

    people: tuple[Person, ...] = ()

    @cached_property
    def _by_id(self) -> dict[str, Person]:
        return {person.learner: person for person in self.people}

    def ids(self, word: str) -> list[str]:
        """The ids that a person may mean by ``word``, the likeliest first: typed as shown, as it lies on the disk, or
        as in :meth:`find`. Not all of them need be somebody's.
        """
        person = self.find(identity(word))
        return [word, identity(word), *([person.learner] if person else [])]

    def find(self, word: str) -> Person | None:
        """Whom a platform means by ``word``: an id, a user name, an e-mail or a name in whatever order and spelling.

        None if nobody is meant, or more than one. An id goes before all else.
        """
        if word in self._by_id:
            return self._by_id[word]
        wanted = _plain(word)
        for names in (_exact, _loose):
            found = {person.learner: person for person in self.people if wanted in names(person)}
            if found:
                return next(iter(found.values())) if len(found) == 1 else None
        return None


NOBODY = Roster()


def read(path: Path) -> Roster:
    """The roster in a CSV file with a line of headings. Raises BadInput, saying what is wrong and where."""
    text = _text(path)
    first = text.split("\n", 1)[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        return Roster(tuple(_people(path, rows)))
    except csv.Error as error:
        raise BadInput(f"The roster {path} is no CSV in line {rows.line_num + 1} ({error}): save it anew.") from error


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise BadInput(f"There is no roster {path}: check the name.") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"The roster {path} can't be read ({error}): save it as CSV in UTF-8.") from error
    if len(content) > MOST_BYTES:
        raise BadInput(f"The roster {path} is larger than {MOST_BYTES >> 20} MB: name the class's CSV file.")
    return text


def _people(path: Path, rows: csv.DictReader[str]) -> Iterator[Person]:
    headings = {_heading(name): name for name in rows.fieldnames or () if name}
    column = {kind: next((headings[n] for n in names if n in headings), None) for kind, names in _COLUMNS.items()}
    if column["learner"] is None and column["email"] is None:
        known = ", ".join(_COLUMNS["learner"][:4])
        raise BadInput(f"The roster {path} has no column that tells learners apart: name one of {known}.")
    used = {name for name in column.values() if name}
    seen: dict[str, int] = {}
    for row in rows:
        number = rows.line_num
        told = {kind: (row.get(name) or "").strip() if name else "" for kind, name in column.items()}
        learner = identity(told["learner"] or told["email"])
        if not learner and told["name"] in _NOBODY:
            continue
        if not learner:
            if any((value or "").strip() for value in row.values() if isinstance(value, str)):
                raise BadInput(f"The roster {path} has no id in line {number}: fill it in.")
            continue
        if learner in seen:
            raise BadInput(f"The roster {path} names {learner!r} in lines {seen[learner]} and {number}: keep one.")
        seen[learner] = number
        others = {one_line(k): one_line(v) for k, v in row.items() if k and k not in used and isinstance(v, str) and v}
        name = told["name"] or f"{told['first']} {told['last']}".strip()
        yield Person(learner, one_line(name), one_line(told["email"]), others)


def _heading(name: str) -> str:
    return name.strip().lower()


def _plain(text: str) -> str:
    """Letters and digits alone, without accents, in lower case; and the backslash, with which ids keep apart what can't
    be shown."""
    decomposed = unicodedata.normalize("NFKD", text)
    return re.sub(r"[^\w@.\\]|_", "", "".join(c for c in decomposed if not unicodedata.combining(c)).casefold())


def _exact(person: Person) -> Iterable[str]:
    others = (identity(word) for word in (person.email, *person.others.values()))
    return {_plain(word) for word in (person.learner, *others) if word}


def _loose(person: Person) -> Iterable[str]:
    words = person.name.replace(",", " ").split()
    turned = [*words[-1:], *words[:-1]]
    return {_plain("".join(order)) for order in (words, turned, [*words[1:], *words[:1]]) if order}
