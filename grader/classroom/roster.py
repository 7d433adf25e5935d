"""The roster: who belongs to a class. Names and e-mails live here, and nowhere else."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import BadInput

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
    """One learner. ``others`` are the row's further columns, by which platforms may know the same person."""

    learner: str
    name: str = ""
    email: str = ""
    others: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Roster:
    """The people of a class, in the file's order."""

    people: tuple[Person, ...] = ()

    def find(self, word: str) -> Person | None:
        """Whom a platform means by ``word``: an id, a user name, an e-mail or a name in whatever order and spelling.

        None if nobody is meant, or more than one.
        """
        wanted = _plain(word)
        for names in (_exact, _loose):
            found = {person.learner: person for person in self.people if wanted in names(person)}
            if found:
                return next(iter(found.values())) if len(found) == 1 else None
        return None


NOBODY = Roster()


def read(path: Path) -> Roster:
    """The roster in a CSV file with a line of headings. Raises BadInput, saying what is wrong and where."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadInput(f"There is no roster {path}: check the name.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The roster {path} can't be read ({error}): save it as CSV in UTF-8.") from error
    first = text.split("\n", 1)[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    headings = {_heading(name): name for name in rows.fieldnames or () if name}
    column = {kind: next((headings[n] for n in names if n in headings), None) for kind, names in _COLUMNS.items()}
    if column["learner"] is None and column["email"] is None:
        known = ", ".join(_COLUMNS["learner"][:4])
        raise BadInput(f"The roster {path} has no column that tells learners apart: name one of {known}.")
    people: list[Person] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, start=2):
        told = {kind: (row.get(name) or "").strip() if name else "" for kind, name in column.items()}
        learner = told["learner"] or told["email"]
        if not learner and told["name"] in _NOBODY:
            continue
        if not learner:
            if any((value or "").strip() for value in row.values() if isinstance(value, str)):
                raise BadInput(f"The roster {path} has no id in line {number}: fill it in.")
            continue
        if learner in seen:
            raise BadInput(f"The roster {path} names {learner!r} in lines {seen[learner]} and {number}: keep one.")
        seen[learner] = number
        used = {name for name in column.values() if name}
        others = {str(k): str(v).strip() for k, v in row.items() if k and k not in used and isinstance(v, str) and v}
        name = told["name"] or f"{told['first']} {told['last']}".strip()
        people.append(Person(learner, name, told["email"], others))
    return Roster(tuple(people))


def _heading(name: str) -> str:
    return name.strip().lower()


def _plain(text: str) -> str:
    """Letters and digits alone, without accents, in lower case."""
    decomposed = unicodedata.normalize("NFKD", text)
    return re.sub(r"[^\w@.]|_", "", "".join(c for c in decomposed if not unicodedata.combining(c)).casefold())


def _exact(person: Person) -> Iterable[str]:
    return {_plain(word) for word in (person.learner, person.email, *person.others.values()) if word}


def _loose(person: Person) -> Iterable[str]:
    words = person.name.replace(",", " ").split()
    turned = [*words[-1:], *words[:-1]]
    return {_plain("".join(order)) for order in (words, turned, [*words[1:], *words[:1]]) if order}
