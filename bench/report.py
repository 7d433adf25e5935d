"""Class reports against the plain work they can't do without.

- A class's page of 3,000 learners and six exercises, from the gradebook to the text, against the plain SQL that fetches
  the same rows, with nothing made of them.
- The page of 1,000 learners in Chromium, until it has been drawn and takes input, against an empty page in the same
  browser; and how long sorting and filtering keep that page from drawing.

The gradebook is written by SQL: no lab is raised.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from grader import catalog
from grader.classroom import gradebook
from grader.classroom.roster import NOBODY
from grader.exams import load_exams
from grader.report import classdata, htmlclass

LEARNERS = 3_000
ON_THE_PAGE = 1_000
RUNS = 5
MOST_TIMES_SQL = 3.0
MOST_TIMES_EMPTY = 6.0

NEWEST = "SELECT max(id) FROM attempts GROUP BY exercise, learner"
COLUMNS = (
    "id, learner, exercise, suite_version, grader_version, seed, isolation, status, reason, score, max_score, "
    "submitted_at, deduction, graded_at"
)
PLAIN = (
    f"SELECT {COLUMNS} FROM attempts WHERE id IN ({NEWEST})",
    f"SELECT attempt, check_id, topic, outcome, points, found FROM results WHERE attempt IN ({NEWEST})",
)
"""All that the page tells of: the attempts that count, and each of their checks."""


def fill(path: Path, learners: int) -> None:
    """A gradebook in which everybody has done every exercise, some better, some worse."""
    with gradebook.opened(str(path)):
        pass
    rng = random.Random(1)
    attempts: list[tuple[object, ...]] = []
    results: list[tuple[object, ...]] = []
    for number in range(learners):
        skill = rng.gauss(0.75, 0.2)
        for exercise in catalog.all_exercises():
            attempt, score = len(attempts) + 1, 0
            for at, check in enumerate(exercise.checks):
                passed = rng.random() < skill - 0.01 * at + 0.1
                score += check.points * passed
                found = (
                    None if passed else f"{check.title}: there are {rng.randrange(20)} rows where 40 were asked for."
                )
                outcome = "passed" if passed else "failed"
                results.append((attempt, check.id, check.topic, outcome, check.points, found))
            key = (f"learner{number:04}", exercise.id, f"{attempt:064x}", exercise.suite_version, "0.1.0", 1, 0)
            moments = ("2026-03-01 12:00:00.000000", 0.0, "2026-03-02 12:00:00.000000", 20.0)
            attempts.append((attempt, *key, "sandbox", "graded", None, score, exercise.max_score, *moments, "{}"))
    with sqlite3.connect(path) as database:
        database.executemany(f"INSERT INTO attempts VALUES ({', '.join('?' * 18)})", attempts)
        database.executemany("INSERT INTO results VALUES (?, ?, ?, ?, ?, ?)", results)
    database.close()


def page(path: Path) -> str:
    """The class's page, as ``grade report --class-only`` makes it."""
    with gradebook.opened(str(path)) as book:
        figures, overrides = book.figures(), book.overridden()
    exercises = sorted({row.exercise for row in figures.attempts})
    made = classdata.build(figures, overrides, NOBODY, exercises, load_exams(), made_at=datetime.now(UTC))
    return htmlclass.text(made, links=True)


def plain_sql(path: Path) -> float:
    started = time.perf_counter()
    database = sqlite3.connect(path)
    for query in PLAIN:
        database.execute(query).fetchall()
    database.close()
    return time.perf_counter() - started


def report(path: Path) -> float:
    started = time.perf_counter()
    page(path)
    return time.perf_counter() - started


def measure_sql(folder: Path) -> bool:
    path = folder / "large.db"
    fill(path, LEARNERS)
    plain_sql(path), report(path)  # files into memory, templates compiled
    ratios = []
    for run in range(RUNS):
        plain, whole = plain_sql(path), report(path)
        ratios.append(whole / plain)
        print(f"  run {run + 1}: plain SQL {plain:.2f} s, report {whole:.2f} s, ratio {whole / plain:.2f}", flush=True)
    ratio = statistics.median(ratios)
    print(f"Class report of {LEARNERS} learners x 6 exercises to the plain SQL: {ratio:.2f} (at most {MOST_TIMES_SQL})")
    return ratio <= MOST_TIMES_SQL


EMPTY = '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>empty</title></head><body></body></html>'
DRAWN = "() => new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0)))"
"""Milliseconds from the start of the navigation until a frame has been drawn after all scripts have run."""
ACTS = {
    "sort by learner": "document.querySelector('#learners thead button').click()",
    "sort by marks": "document.querySelectorAll('#learners thead button')[1].click()",
    "filter": "(() => { const f = document.querySelector('#words'); f.value = '77'; "
    "f.dispatchEvent(new Event('input', { bubbles: true })) })()",
    "show the topics of an exercise": "(() => { const f = document.querySelector('#exercise'); f.value = 'ex1'; "
    "f.dispatchEvent(new Event('change', { bubbles: true })) })()",
}


def measure_browser(folder: Path) -> bool:
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        print("No Chromium on this system: its figures are left out.")
        return True
    fill(folder / "small.db", ON_THE_PAGE)
    (folder / "class.html").write_text(page(folder / "small.db"), encoding="utf-8")
    (folder / "empty.html").write_text(EMPTY, encoding="utf-8")
    ratios = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])

        def ready(name: str) -> float:
            tab = browser.new_page()
            started = time.perf_counter()
            tab.goto((folder / name).as_uri())
            tab.evaluate(DRAWN)
            took = time.perf_counter() - started
            tab.close()
            return took

        ready("empty.html"), ready("class.html")
        for run in range(RUNS):
            empty, whole = ready("empty.html"), ready("class.html")
            ratios.append(whole / empty)
            told = f"empty {empty * 1000:.0f} ms, class {whole * 1000:.0f} ms, ratio {whole / empty:.2f}"
            print(f"  run {run + 1}: {told}", flush=True)
        tab = browser.new_page()
        tab.goto((folder / "class.html").as_uri())
        for name, act in ACTS.items():
            milliseconds = tab.evaluate(
                f"() => new Promise(done => {{ const t = performance.now(); {act}; "
                "requestAnimationFrame(() => setTimeout(() => done(performance.now() - t), 0)) })"
            )
            print(f"  {name}, {ON_THE_PAGE} rows: {milliseconds:.0f} ms to the next frame")
        browser.close()
    ratio = statistics.median(ratios)
    what = f"Class page of {ON_THE_PAGE} learners, ready for input, to an empty page"
    print(f"{what}: {ratio:.2f} (at most {MOST_TIMES_EMPTY})")
    return ratio <= MOST_TIMES_EMPTY


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        met = [measure_sql(folder), measure_browser(folder)]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
