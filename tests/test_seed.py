"""Drawn seeds have 63 bits, so no table holds the answers for all of them, and nothing in a lab gives one away."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from grader import catalog, lab, pipeline, seed, submission
from grader.classroom import gradebook, run
from grader.lab import sandbox

DRAWN = 0x5B3C_91D7_2A64_E80F
WORDS = tuple(text.encode() for text in (str(DRAWN), f"{DRAWN:x}", f"{DRAWN:X}", f"{DRAWN:016x}"))
EXERCISES = [exercise.id for exercise in catalog.all_exercises()]


def test_drawn_seeds_have_all_their_bits() -> None:
    drawn = [seed.draw() for _ in range(200)]
    assert len(set(drawn)) == len(drawn)
    assert all(0 <= each <= seed.LARGEST for each in drawn)
    together = 0
    for each in drawn:
        together |= each
    assert together == seed.LARGEST


def test_a_gradebook_draws_such_a_seed_and_keeps_it(tmp_path: Path) -> None:
    with gradebook.opened(str(tmp_path / "grades.db")) as book:
        first = run._seed(book, "ex1")
        assert run._seed(book, "ex1") == first
        assert {run._seed(book, f"ex{n}") > 1 << 32 for n in range(2, 22)} == {True}


@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_fixture_takes_any_seed(exercise: str) -> None:
    fixture = lab.load_fixture(catalog.find(exercise))
    for number in (0, seed.LARGEST):
        assert fixture.plan(number).seed == number


@pytest.mark.parametrize("exercise", EXERCISES)
def test_no_widget_and_no_later_step_tells_the_seed(exercise: str) -> None:
    fixture = lab.load_fixture(catalog.find(exercise))
    data = fixture.plan(DRAWN)
    assert not any(word in repr(data.widgets).encode() for word in WORDS)
    if hasattr(fixture, "afterwards"):
        assert not any(word in json.dumps(list(fixture.afterwards(data))).encode() for word in WORDS)


LOOKS = """
# %%
import glob, os
words = [bytes.fromhex(word) for word in {words!r}]
found = []
for name in [*glob.glob("/proc/*/cmdline"), *glob.glob("/proc/*/environ")]:
    try:
        text = open(name, "rb").read()
    except OSError:
        continue
    found += [name for word in words if word in text]
for folder in ({folders}):
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                text = open(os.path.join(place, name), "rb").read()
            except OSError:
                continue
            found += [os.path.join(place, name) for word in words if word in text]
raise Exception(f"found {{found}}")
"""


@pytest.mark.proof
@pytest.mark.lab
@pytest.mark.parametrize("exercise", ["ex2", "ex6"])  # with Spark, and with a workspace
def test_nothing_in_a_lab_tells_the_seed(exercise: str, tmp_path: Path) -> None:
    if why := sandbox.unavailable():
        pytest.skip(why)
    # In hexadecimal: the seed must not be in the notebook that looks for it.
    folders = f"'/lab', '/etc', '/opt', '/run', {tempfile.gettempdir()!r}, '/tmp'"
    looks = LOOKS.format(words=[word.hex() for word in WORDS], folders=folders)
    work = submission.of(tmp_path / "looks.py", looks.encode())
    card = pipeline.grade(catalog.find(exercise), work, pipeline.Options(seed=DRAWN))
    assert card.cells[0].error is not None
    assert card.cells[0].error.message == "found []"
    assert card.as_json()["seed"] == str(DRAWN)
