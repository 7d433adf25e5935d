"""Exam outlines, as data: one TOML file an exam, its sections and their weights in percent."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Section:
    id: str
    title: str
    weight: int


@dataclass(frozen=True)
class Exam:
    """An exam's outline; ``source`` names the published guide the weights come from."""

    id: str
    title: str
    source: str
    questions: int
    minutes: int | None
    sections: tuple[Section, ...]


def load_exams() -> tuple[Exam, ...]:
    """Every outline shipped with the grader, in the order of their ids."""
    exams = []
    for file in resources.files(__name__).iterdir():
        if file.name.endswith(".toml"):
            data = tomllib.loads(file.read_text(encoding="utf-8"))
            sections = tuple(Section(s["id"], s["title"], s["weight"]) for s in data["section"])
            exams.append(
                Exam(
                    id=file.name.removesuffix(".toml"),
                    title=data["title"],
                    source=data["source"],
                    questions=data["questions"],
                    minutes=data.get("minutes"),
                    sections=sections,
                )
            )
    return tuple(sorted(exams, key=lambda exam: exam.id))
