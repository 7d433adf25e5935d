"""The parts of the proof: none is forgotten, each has its turn, and time that is over is no failure."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from grader import catalog
from tests import proof
from tests.proof import Part


def part(name: str, code: str, minutes: float = 0) -> Part:
    return Part(name, (Path(sys.executable).name, "-c", code), minutes)


def test_every_test_that_takes_long_is_in_one_part() -> None:
    listed = sorted(module for modules, _ in proof.TESTS.values() for module in modules)
    marked = [file.stem for file in Path(__file__).parent.glob("test_*.py") if "mark.proof" in file.read_text()]
    assert listed == sorted(name for name in marked if name != Path(__file__).stem)


def test_every_exercise_is_proven_with_two_seeds() -> None:
    names = [each.name for each in proof.parts()]
    assert len(names) == len(set(names))
    for exercise in catalog.all_exercises():
        assert {f"solutions {exercise.id}, seed {seed}" for seed in (1, 2)} <= set(names)


def test_each_part_comes_first_in_one_of_as_many_turns() -> None:
    everything = list(proof.parts())
    turns = [proof.in_turn(everything, turn, []) for turn in range(100, 100 + len(everything))]
    assert {turn[0] for turn in turns} == set(everything)
    assert all(sorted(each.name for each in turn) == sorted(each.name for each in everything) for turn in turns)


def test_a_part_that_fails_fails_the_run(capfd: pytest.CaptureFixture[str]) -> None:
    assert proof.run([part("good", ""), part("bad", "raise SystemExit(3)"), part("late", "print('ran')")], 1) == 1
    told = capfd.readouterr().out
    assert "--- bad: FAILED (3)" in told
    assert "ran" in told
    assert "Proof: 3 of 3 parts, 1 failed.\nFailed: bad.\n" in told


def test_a_part_without_time_is_left_out_and_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert proof.run([part("long", "print('never')", minutes=5), part("short", "")], 1) == 0
    told = capfd.readouterr().out
    assert "never" not in told
    assert "Proof: 1 of 2 parts, 0 failed.\nLeft out for want of time: long.\n" in told


def test_a_part_that_takes_longer_than_there_is_time_is_stopped(capfd: pytest.CaptureFixture[str]) -> None:
    assert proof.run([part("endless", "import time; time.sleep(600)")], 0.02) == 0
    assert "Left out for want of time: endless.\n" in capfd.readouterr().out


def test_parts_can_be_named() -> None:
    everything = list(proof.parts())
    assert [each.name for each in proof.in_turn(everything, 5, ["kill tests"])] == ["kill tests"]
