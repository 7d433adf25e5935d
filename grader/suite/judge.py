"""The judge's own process: runs a hidden suite with pytest on a finished lab and prints the results as JSON.

It is told which exercise and seed while the lab still runs, so that its imports cost nobody time, nor what a fixture's
``rehearse`` works out for the checks to compare with; then it waits to be told, on standard input, that the lab has
finished. A process of its own, because what it reads was written by someone else's code: a file that
crashes or starves its reader must not take the grading process with it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from grader import catalog
from grader.evidence import Mismatch, Unreadable
from grader.lab import load_fixture
from grader.lab.probe import Prober
from grader.lab.reader import Reader
from grader.suite.api import Lab, Unmet

MEMORY_MB = 4096
CPU_SECONDS = 120
MOST_TEXT = 10_000
"""Characters of a result's sentence that are passed on; a scorecard keeps fewer (``grader.scoring``)."""


class Collector:
    """The pytest plugin: gives tests their lab, and turns how each ended into a result for its check."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.results: dict[str, dict[str, Any]] = {}
        self.mistakes: list[str] = []

    @pytest.fixture(scope="session")
    def lab(self) -> Lab:
        return self._lab

    @pytest.fixture(scope="session")
    def data(self) -> Any:
        return self._lab.data

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "check(id): judges the declared check of this id")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        self._note(item, call)
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._mistake(f"its file {Path(report.nodeid).name} can't be loaded", [str(report.longrepr)])

    def _note(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        marker = item.get_closest_marker("check")
        if marker is None:
            self._mistake(f"its test {item.name} judges no declared check")
            return
        check_id = str(marker.args[0])
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, Mismatch | Unreadable):
            self._fail(check_id, error.expected, error.found)
        elif isinstance(error, Unmet):
            self._fail(check_id, "", error.why, hangs_on=error.check_id)
        elif error is not None:
            self._mistake(f"the check {check_id} ended with {type(error).__name__}", traceback.format_exception(error))
        elif call.when == "call":
            self.results.setdefault(check_id, {"passed": True})

    def _fail(self, check_id: str, expected: str, found: str, *, hangs_on: str | None = None) -> None:
        """A check that several tests judge fails with the first that fails."""
        if self.results.get(check_id, {}).get("passed", True):
            told = {"expected": expected[:MOST_TEXT], "found": found[:MOST_TEXT], "hangs_on": hangs_on}
            self.results[check_id] = {"passed": False, **told}

    def _mistake(self, sentence: str, details: Sequence[str] = ()) -> None:
        """Note a mistake of the suite in one sentence. The details are for the log: they show the suite."""
        self.mistakes.append(sentence)
        print(sentence, *details, sep="\n", file=sys.stderr)

    def review(self) -> None:
        """Note each check that hangs on one that passed: then what it lacked was not told by any."""
        for check_id, told in self.results.items():
            other = told.get("hangs_on")
            if other is not None and self.results.get(other, {"passed": True})["passed"]:
                self._mistake(f"the check {check_id} hangs on {other}, which did not fail")


def judge(exercise: catalog.Exercise, lab: Lab) -> dict[str, Any]:
    """Run the suite on a finished lab: ``results`` by check id, and ``mistakes`` of the suite itself."""
    collector = Collector(lab)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    # -c: the suite has no settings of its own, and must not find those of the checkout around it.
    arguments = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib"]
    arguments += ["-c", os.devnull, "-o", f"pythonpath={exercise.suite}"]  # its modules may share helpers
    arguments += ["--rootdir", str(exercise.suite), str(exercise.suite)]
    status = pytest.main(arguments, plugins=[collector])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and not collector.mistakes:
        collector._mistake(f"pytest ended with status {status}")
    collector.review()
    return {"results": collector.results, "mistakes": collector.mistakes}


def main() -> None:
    sys.dont_write_bytecode = True
    os.nice(5)  # The lab, which still runs, goes first.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Whatever pytest prints is for the log, not for the answer.
    asked = json.loads(sys.stdin.readline() or "null")
    if asked is None:
        return
    exercise, folder = catalog.find(asked["exercise"]), Path(asked["folder"])
    isolation = asked["isolation"]
    with (
        contextlib.closing(Prober(folder, isolation)) as prober,
        contextlib.closing(Reader(folder, isolation)) as reader,
    ):
        if exercise.probes:
            prober.warm()
        data = load_fixture(exercise).plan(asked["seed"])
        for name in ("deltalake", "pyarrow.parquet", "yaml"):
            importlib.import_module(name)
        if hasattr(data, "rehearse"):
            data.rehearse()
        finished = json.loads(sys.stdin.readline() or "null")
        if finished is None:
            return
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_MB << 20, MEMORY_MB << 20))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        lab = Lab(folder, data, finished["facts"], finished["seen_at"], prober, reader.read, finished["reported"])
        told = judge(exercise, lab)
    json.dump(told, answer)
    answer.flush()


if __name__ == "__main__":
    main()
