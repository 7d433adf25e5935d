"""``grade list``: the exercises, their topics, and the best score so far."""

from __future__ import annotations

from grader import catalog, progress
from grader.cli.words import command, paragraph


def list_exercises() -> int:
    """The exercises, their topics and your best scores."""
    standings = progress.load()
    for exercise in catalog.all_exercises():
        standing = standings.get(exercise.id)
        if standing is None or not standing.last:
            score = f"Not graded here yet: {command()} {exercise.id}"
        else:
            score = f"Your best score here: {standing.best} of {standing.max_score}"
        print(paragraph(exercise.title, f"{exercise.id}  "))
        margin = " " * (len(exercise.id) + 2)
        print(paragraph(exercise.summary, margin))
        print(paragraph("Topics: " + "; ".join(topic.title for topic in exercise.topics) + ".", margin))
        print(paragraph(score, margin))
    return 0
