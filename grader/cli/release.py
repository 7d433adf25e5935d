"""``grade release``: the learners' bundle."""

from __future__ import annotations

from pathlib import Path

from grader import catalog
from grader.cli.words import paragraph


def release(folder: Path, exercises: list[str]) -> int:
    """Write the bundle and say what is in it."""
    from grader.classroom.release import release as write

    wanted = [catalog.find(name) for name in exercises] if exercises else list(catalog.all_exercises())
    files = write(folder, wanted)
    names = ", ".join(exercise.id for exercise in wanted)
    print(paragraph(f"Wrote {len(files)} files for {names} to {folder}. Begin with {folder / 'README.md'}."))
    return 0
