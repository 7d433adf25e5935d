"""Folders of submissions as learning platforms leave them, rosters, and due times."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader import catalog
from grader.classroom import late, layouts, roster
from grader.classroom.layouts import NOTHING, Class, Found
from grader.classroom.roster import Person, Roster
from grader.errors import BadInput

EX1, EX3 = catalog.find("ex1"), catalog.find("ex3")


def lay(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    return folder


def told(read: Class) -> dict[tuple[str, str], str]:
    """What was found, by learner and exercise: the file's name, or the problem."""
    return {(one.learner, one.exercise): one.path.name if one.path else str(one.problem) for one in read.found}


def test_a_folder_for_each_learner(tmp_path: Path) -> None:
    lay(tmp_path, "ann/ex1_delta.py", "ann/ex3.ipynb", "bob/work/ex1.py", "cy/notes.txt", "dee/Ex1-final.py")
    lay(tmp_path, "ann/.ipynb_checkpoints/ex1_delta-checkpoint.py", "ann/__pycache__/ex1_delta.py")
    read = layouts.read(tmp_path, [EX1, EX3])
    assert read.layout == "folders"
    assert told(read) == {
        ("ann", "ex1"): "ex1_delta.py",
        ("bob", "ex1"): "ex1.py",
        ("cy", "ex1"): NOTHING,
        ("dee", "ex1"): "Ex1-final.py",
        ("ann", "ex3"): "ex3.ipynb",
        ("bob", "ex3"): NOTHING,
        ("cy", "ex3"): NOTHING,
        ("dee", "ex3"): NOTHING,
    }


def test_one_exercise_takes_the_one_file_whatever_its_name(tmp_path: Path) -> None:
    lay(tmp_path, "ann/mine.py", "bob/a.py", "bob/b.py", "cy/ex3_tracking.py")
    found = told(layouts.read(tmp_path, [EX1]))
    assert found["ann", "ex1"] == "mine.py"
    assert found["bob", "ex1"] == "it is not clear which file is meant: a.py and b.py"
    assert found["cy", "ex1"] == NOTHING


def test_the_exact_name_wins(tmp_path: Path) -> None:
    lay(tmp_path, "ann/ex1_delta.py", "ann/ex1_delta-2026-03-01-101010.py")
    assert told(layouts.read(tmp_path, [EX1])) == {("ann", "ex1"): "ex1_delta.py"}


def test_a_file_for_each_learner(tmp_path: Path) -> None:
    lay(tmp_path, "ann.py", "bob_ex1.ipynb", "van_der_meer-ex1_delta.py")
    read = layouts.read(tmp_path, [EX1])
    assert read.layout == "files"
    assert told(read) == {
        ("ann", "ex1"): "ann.py",
        ("bob", "ex1"): "bob_ex1.ipynb",
        ("van_der_meer", "ex1"): "van_der_meer-ex1_delta.py",
    }


@pytest.mark.parametrize("top", ["submitted/", ""])
def test_nbgrader(tmp_path: Path, top: str) -> None:
    lay(tmp_path, f"{top}ann/ex1/problem1.ipynb", f"{top}ann/ex3/problem1.ipynb", f"{top}bob/ex3_tracking/own.ipynb")
    (tmp_path / f"{top}ann/ex1/timestamp.txt").write_text("2026-02-02 15:58:23.948203 America/Los_Angeles")
    (tmp_path / f"{top}bob/ex3_tracking/timestamp.txt").write_text("2026-02-02 15:58:23.948203 UTC\n")
    read = layouts.read(tmp_path, [EX1, EX3])
    assert read.layout == "nbgrader"
    assert told(read) == {
        ("ann", "ex1"): "problem1.ipynb",
        ("ann", "ex3"): "problem1.ipynb",
        ("bob", "ex1"): NOTHING,
        ("bob", "ex3"): "own.ipynb",
    }
    times = {(one.learner, one.exercise): one.submitted_at for one in read.found}
    assert times["ann", "ex1"] == datetime(2026, 2, 2, 23, 58, 23, 948203, tzinfo=UTC)
    assert times["bob", "ex3"] == datetime(2026, 2, 2, 15, 58, 23, 948203, tzinfo=UTC)


def test_canvas(tmp_path: Path) -> None:
    lay(tmp_path, "doejane_1234_99887_ex1_delta-1.py", "leekim_LATE_77_5511_ex1.ipynb")
    people = Roster((Person("jdoe", "Jane Doe", others={"ID": "1234"}), Person("kim", "Kim Lee")))
    read = layouts.read(tmp_path, [EX1], people)
    assert read.layout == "canvas"
    assert told(read) == {
        ("jdoe", "ex1"): "doejane_1234_99887_ex1_delta-1.py",
        ("kim", "ex1"): "leekim_LATE_77_5511_ex1.ipynb",
    }
    assert {one.learner for one in layouts.read(tmp_path, [EX1]).found} == {"1234", "77"}


def test_moodle(tmp_path: Path) -> None:
    lay(tmp_path, "Jane Doe_44_assignsubmission_file/ex1.py", "José Núñez_45_assignsubmission_file_/a/ex1.ipynb")
    (tmp_path / "Kim Lee_46_assignsubmission_file").mkdir()
    people = Roster((Person("jane", "Jane Doe"), Person("jose", "Jose Nunez"), Person("kim", "Lee, Kim")))
    read = layouts.read(tmp_path, [EX1], people)
    assert read.layout == "moodle"
    assert told(read) == {("jane", "ex1"): "ex1.py", ("jose", "ex1"): "ex1.ipynb", ("kim", "ex1"): NOTHING}


def test_github_classroom(tmp_path: Path) -> None:
    for user in ("ann-lee", "ann-moss", "bob"):
        lay(tmp_path, f"delta-lab-{user}/work/ex1_delta.py", f"delta-lab-{user}/exercises/ex1_delta/starter.py")
        lay(tmp_path, f"delta-lab-{user}/.git/config", f"delta-lab-{user}/tool.py")
    read = layouts.read(tmp_path, [EX1])
    assert read.layout == "github"
    assert told(read) == {(user, "ex1"): "ex1_delta.py" for user in ("ann-lee", "ann-moss", "bob")}


def test_what_is_no_file_of_its_own_is_not_followed(tmp_path: Path) -> None:
    secret = lay(tmp_path / "elsewhere", "ex1.py")
    folder = lay(tmp_path / "in", "zoe/ex1.py")
    for learner in ("ann", "bob", "cy"):
        (folder / learner).mkdir()
    (folder / "ann" / "ex1.py").symlink_to(secret / "ex1.py")
    os.mkfifo(folder / "bob" / "ex1.py")
    (folder / "cy" / "more").symlink_to(secret)
    (folder / "dee").symlink_to(secret)
    found = told(layouts.read(folder, [EX1]))
    assert found == {
        ("ann", "ex1"): "ex1.py is no file of its own",
        ("bob", "ex1"): "ex1.py is no file of its own",
        ("cy", "ex1"): NOTHING,
        ("zoe", "ex1"): "ex1.py",
    }


def test_with_a_roster_whoever_is_missing_is_told_and_so_are_strangers(tmp_path: Path) -> None:
    lay(tmp_path, "a.nn@example.com/ex1.py", "stranger/ex1.py")
    people = Roster((Person("ann", "Ann", "a.nn@example.com"), Person("bob", "Bob")))
    read = layouts.read(tmp_path, [EX1], people)
    assert told(read) == {("ann", "ex1"): "ex1.py", ("bob", "ex1"): NOTHING, ("stranger", "ex1"): "ex1.py"}
    assert read.strangers == ("stranger",)


def test_when_it_was_handed_in(tmp_path: Path) -> None:
    lay(tmp_path, "ann/ex1.py")
    os.utime(tmp_path / "ann/ex1.py", (1_700_000_000, 1_700_000_000))
    (found,) = layouts.read(tmp_path, [EX1]).found
    path = tmp_path / "ann/ex1.py"
    assert found == Found("ann", "ex1", path, datetime.fromtimestamp(1_700_000_000, UTC))


def test_no_submissions(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no folder"):
        layouts.read(tmp_path / "x", [EX1])
    lay(tmp_path, "ann/notes.txt")
    with pytest.raises(BadInput, match=r"holds no \.py or \.ipynb file"):
        layouts.read(tmp_path, [EX1])


# The roster


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "roster.csv"
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "Student_ID,Full Name,Email\nann,Ann Lee,ann@example.com\n\nbob,Bob Moss,\n",
        "email;last name;first name;username\nann@example.com;Lee;Ann;ann\n;Moss;Bob;bob\n",
        '\ufeffid\tname\te-mail\nann\t"Ann Lee"\tann@example.com\nbob\tBob Moss\t\n',
    ],
)
def test_rosters_of_all_kinds(tmp_path: Path, text: str) -> None:
    people = roster.read(written(tmp_path, text)).people
    assert people == (Person("ann", "Ann Lee", "ann@example.com"), Person("bob", "Bob Moss", ""))


def test_canvas_own_export_is_a_roster(tmp_path: Path) -> None:
    text = "Student,ID,SIS Login ID,ex1\n    Points Possible,,,45\nAnn Lee,7,ann,\n"
    assert roster.read(written(tmp_path, text)).people == (Person("7", "Ann Lee", "", {"SIS Login ID": "ann"}),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,group\nAnn,1\n", "no column that tells learners apart"),
        ("id,name\nann,Ann\nbob,Bob\nann,Other\n", "'ann' in lines 2 and 4"),
        ("id,name\n,Ann\n", "no id in line 2"),
    ],
)
def test_a_roster_that_will_not_do(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        roster.read(written(tmp_path, text))


def test_no_roster(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no roster"):
        roster.read(tmp_path / "roster.csv")
    with pytest.raises(BadInput, match="can't be read"):
        roster.read(written(tmp_path, "id\nJosé\n", "latin-1"))


def test_who_is_meant() -> None:
    people = Roster(
        (
            Person("jd1", "Jane Doe", "jane@example.com", {"SIS": "s-77"}),
            Person("jd2", "John Doe"),
            Person("s77", "Sam Lee"),
            Person("twin1", "Max Roe"),
            Person("twin2", "Max Roe"),
        )
    )

    def meant(word: str) -> str | None:
        person = people.find(word)
        return person.learner if person else None

    assert meant("JANE@example.com") == "jd1"
    assert meant("doejane") == meant("Doe, Jane") == meant("jane_doe") == "jd1"
    assert meant("jd2") == "jd2"
    assert meant("Max Roe") is None  # either
    assert meant("nobody") is None


def test_an_id_goes_before_all_that_looks_like_it() -> None:
    people = Roster((Person("a-b"), Person("ab"), Person("a\\x"), Person("a\\\\x")))
    for person in people.people:
        assert people.find(person.learner) is person


# Due times

DUE = "2026-03-01T12:00+00:00"


@pytest.mark.parametrize(
    ("policy", "hours", "share"),
    [
        (None, 100, 0),
        ("none", 100, 0),
        ("zero", 0.1, 1),
        ("zero", -1, 0),
        ("25%", 0.1, 0.25),
        ("25%", 999, 0.25),
        ("10%/day", 0, 0),
        ("10%/day", 0.1, 0.1),
        ("10%/day", 24, 0.1),
        ("10 % / day", 24.1, 0.2),
        ("10%/day", 24 * 30, 1),
        ("12.5%/hour", 1.5, 0.25),
        ("50%/week", 1, 0.5),
    ],
)
def test_what_lateness_costs(policy: str | None, hours: float, share: float) -> None:
    moment = datetime.fromtimestamp(datetime.fromisoformat(DUE).timestamp() + hours * 3600, UTC)
    assert late.parse(DUE, policy).deduction(moment) == pytest.approx(share)


def test_no_time_costs_nothing() -> None:
    assert late.parse(None, None).deduction(datetime.now(UTC)) == 0
    assert late.parse(DUE, "zero").deduction(None) == 0


@pytest.mark.parametrize(
    ("due", "policy", "says"),
    [
        (None, "zero", "needs a due time"),
        ("tomorrow", None, "'tomorrow' is no time"),
        (DUE, "10%/month", "no late policy"),
        (DUE, "110%", "no late policy"),
        (DUE, "", "no late policy"),
    ],
)
def test_policies_that_are_none(due: str | None, policy: str | None, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        late.parse(due, policy)
