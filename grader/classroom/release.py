"""What learners get: starters and briefs, what to install, how to begin; and nothing that would tell an answer."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from grader.catalog import Exercise
from grader.errors import BadInput
from grader.exams import load_exams

LIBRARIES = (
    "pyspark",
    "delta-spark",
    "mlflow",
    "databricks-sdk",
    "pandas",
    "scikit-learn",
    "skops",
    "optuna",
    "matplotlib",
    "deltalake",
    "jupyterlab",
)
"""What a notebook in a lab can import, and something to write it in: pinned to what labs have."""

_WIDTH = 110


def release(folder: Path, exercises: Sequence[Exercise]) -> list[Path]:
    """Write the learners' bundle into ``folder``, which must be empty or not there yet, and list its files.

    Raises BadInput when it is not, or can't be written.
    """
    files = {"README.md": _readme(exercises), "requirements.txt": _requirements()}
    for exercise in exercises:
        files[f"{exercise.name}/README.md"] = exercise.brief.read_text(encoding="utf-8")
        files[f"{exercise.name}/{exercise.name}.py"] = exercise.starter.read_text(encoding="utf-8")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BadInput(f"{folder} is not empty: name a new folder, so that nothing of yours is mixed in.")
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:  # of a name that no folder can have
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise BadInput(f"Can't write to {folder}: {reason}.") from error
    return [folder / name for name in files]


def _requirements() -> str:
    pins = "".join(f"{name}=={metadata.version(name)}\n" for name in LIBRARIES)
    return f"# What the labs have that your work is graded in.\n{pins}"


def _readme(exercises: Sequence[Exercise]) -> str:
    exams = {exam.id: exam.title for exam in load_exams()}
    rows = "".join(
        f"| [{exercise.title}]({exercise.name}/README.md) | `{exercise.name}/{exercise.name}.py` | "
        f"{exercise.max_score} | {exercise.summary} |\n"
        for exercise in exercises
    )
    served = sorted({exam for exercise in exercises for topic in exercise.topics for exam in topic.sections})
    return "".join(
        (
            "# Exercises: machine learning on Databricks\n\n",
            _filled(
                "Each folder holds a brief, README.md, and a file to work in. Read the brief, replace what the "
                "file's cells leave open, and hand that file in under its own name, or as a notebook (.ipynb) of "
                "the same name. Keep the headings of the cells: they tell which task a cell is about."
            ),
            "\n| exercise | your file | points | what it practises |\n|---|---|---|---|\n",
            rows,
            "\n",
            _filled(
                "Your work is run cell by cell in a fresh lab that looks like a Databricks notebook: `spark` (where "
                "the exercise has Spark), `dbutils`, `display` and SQL cells are there. All names, paths and figures "
                "come from `dbutils.widgets`, and differ from lab to lab, so read them and type none in. What counts "
                "is what your work leaves behind; any right way to get there is right."
            ),
            "\n## To write it\n\n",
            _filled(
                "Any editor will do, and so will a Databricks workspace: the files are notebooks in percent cells "
                "(`# %%`). To have the same versions of all libraries as the labs:"
            ),
            "\n```sh\npython -m venv .venv\n.venv/bin/pip install -r requirements.txt\n```\n\n",
            _filled(f"Exams that the topics belong to: {'; '.join(exams[exam] for exam in served)}."),
        )
    )


def _filled(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False) + "\n"
