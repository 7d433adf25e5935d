"""Which lines of a cell's standard error are warnings, and how little of them is kept."""

from __future__ import annotations

import subprocess
import sys

import pytest

from grader.lab import warned
from tests.properties import given, st

WARNS = """
import logging, warnings
logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
class HouseWarning(UserWarning): ...
warnings.warn("old", FutureWarning)
warnings.warn("own", HouseWarning)
warnings.warn_explicit("explicit", RuntimeWarning, "/tmp/ipykernel_7/12.py", 3)
logging.getLogger("lib.part").warning("logged")
logging.getLogger("lib.part").error("no warning")
"""


def test_what_python_and_loggers_write_is_understood() -> None:
    done = subprocess.run([sys.executable, "-c", WARNS], capture_output=True, text=True, check=True)
    assert warned.gather(done.stderr) == (
        "FutureWarning: old",
        "HouseWarning: own",
        "RuntimeWarning: explicit",
        "lib.part: logged",
    )


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("UserWarning: bare", "UserWarning: bare"),
        ("/tmp/ipykernel_5/3.py:1: UserWarning: a cell's", "UserWarning: a cell's"),
        ("<string>:12: DeprecationWarning: of a text", "DeprecationWarning: of a text"),
        ("C:\\a.py:3: Warning: of its own kind", "Warning: of its own kind"),
        ("/a: b/c.py:1: UserWarning: 2:3: more: colons", "UserWarning: 2:3: more: colons"),
        ("2026/11/22 18:50:49 WARNING mlflow.models.model: deprecated", "mlflow.models.model: deprecated"),
        ("2026-11-22 18:50:49,123 WARNING alembic: slow", "alembic: slow"),
        ("/a.py:1: ÄrgerWarning: größer", "ÄrgerWarning: größer"),
        ("/a.py:1: UserWarning: \x1b[33min colour\x1b[0m", "UserWarning: in colour"),
        ("\x1b[1;31m2026/11/22 18:50:49 WARNING mlflow: red\x1b[0m", "mlflow: red"),
        ("", None),
        ("  warnings.warn('x')", None),
        ("  UserWarning: indented, as in a source line", None),
        ("UserWarning:", None),
        ("UserWarning", None),
        ("this is no Warning: at all", None),
        ("ValueError: wrong", None),
        ("2026/11/22 18:50:49 INFO mlflow: made", None),
        ("2026/11/22 18:50:49 ERROR mlflow: UserWarning", None),
        ("WARNING mlflow: without a time", None),
    ],
)
def test_a_line_is_a_warning_or_not(line: str, warning: str | None) -> None:
    wanted = () if warning is None else (warning,)
    assert warned.gather(line) == wanted
    assert warned.gather(f"Traceback\n{line}\n  more\n") == wanted


def test_each_is_told_once_and_the_first_few_alone() -> None:
    text = "".join(f"{'/x' * n}.py:{n}: UserWarning: {n // 2}\n" for n in range(30))
    assert warned.gather(text) == tuple(f"UserWarning: {n}" for n in range(warned.MOST))


def test_long_ones_are_cut() -> None:
    (found,) = warned.gather(f"UserWarning: {'x' * 10_000}")
    assert found.startswith("UserWarning: xxx") and len(found) == warned.LONGEST


def test_what_comes_late_is_not_looked_at() -> None:
    filler = "." * (warned.MOST_TEXT - 20) + "\n"
    assert warned.gather(f"{filler}UserWarning: early\n") and not warned.gather(f"{filler * 2}UserWarning: late\n")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "line",
    ["a:1" * 50_000, ":1: " * 20_000, "1" * 70_000, "Warning" * 10_000, "UserWarning: \n" * 5_000, "w" * 65_000],
    ids=lambda line: line[:10],
)
def test_no_text_holds_it_up(line: str) -> None:
    assert len(warned.gather(line)) <= 1
    assert len(warned.gather(f"{line}Warning: x")) <= 1


@given(st.text(alphabet=st.sampled_from("aW:1 \n\r\t\x1b\0é/") | st.characters(), max_size=300) | st.text())
def test_any_text_gives_a_few_short_lines(text: str) -> None:
    for given_text in (text, f"UserWarning: {text}", f"a.py:1: UserWarning: {text}\n{text}"):
        found = warned.gather(given_text)
        assert len(found) <= warned.MOST and len(set(found)) == len(found)
        assert all(0 < len(line) <= warned.LONGEST and len(line.splitlines()) == 1 for line in found)
