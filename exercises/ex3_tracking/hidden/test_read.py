"""What was found in the archive."""

from __future__ import annotations

from fixtures.tumours import PastRun, Tumours
from grader.evidence import Mismatch
from grader.evidence.results import Frame, Value
from grader.suite.api import Lab, check, mismatch
from grader.suite.runs import close


def named_candidates(lab: Lab) -> list[object]:
    """What candidates holds: ids, or the table that search_runs returns."""
    result = lab.results.get("candidates")
    if isinstance(result, Frame) and "run_id" in result.columns:
        return [row["run_id"] for row in result.rows]
    return lab.sequence("candidates")


@check("read.candidates")
def test_candidates(lab: Lab, data: Tumours) -> None:
    wanted = "candidates are the ids of the finished runs of the team whose f1 ended above min_f1"
    found = named_candidates(lab)
    ids = {run.id for run in data.candidates}
    extra = [one for one in found if not (isinstance(one, str) and one in ids)]
    missing = ids - {str(one) for one in found}
    if extra or missing or len(found) != len(ids):
        mismatch(wanted, f"{len(extra)} of the {len(found)} don't match, and {len(missing)} that do are missing")


@check("read.best")
def test_best(lab: Lab, data: Tumours) -> None:
    wanted = "best_run_id is the id of the candidate with the highest f1"
    found = lab.value("best_run_id", "str")
    if found != data.best.id and found not in _best_of_too_many(lab, data):
        known = {run.id for run in data.past}
        reason = (
            "that run is not the best of those that match" if found in known else "no run in the archive has that id"
        )
        mismatch(wanted, reason)


def _best_of_too_many(lab: Lab, data: Tumours) -> set[str]:
    """The best of the learner's own candidates, if they are too many: that mistake is paid for already."""
    try:
        found = {str(one) for one in named_candidates(lab)}
    except Mismatch:
        return set()
    if not found >= {run.id for run in data.candidates}:
        return set()
    ended = {run.id: run.f1[-1] for run in data.past if run.id in found}
    return {run for run, f1 in ended.items() if f1 == max(ended.values())}


def looked_at(lab: Lab, data: Tumours) -> tuple[PastRun, ...]:
    """The best run; and the one that best_run_id names: a wrong choice is paid for already."""
    named = lab.results.get("best_run_id")
    return (data.best, *(run for run in data.past if isinstance(named, Value) and named.value == run.id))


@check("read.params")
def test_params(lab: Lab, data: Tumours) -> None:
    found = {str(key): str(value) for key, value in lab.value("best_params", "dict").items()}
    if not any(found == run.params for run in looked_at(lab, data)):
        mismatch("best_params are the params of the best run, as a dictionary", "they are not the params of that run")


@check("read.history")
def test_history(lab: Lab, data: Tumours) -> None:
    wanted = "f1_history holds every value of f1 of the best run, in the order of the steps"
    found = lab.sequence("f1_history")
    if any(one == "Metric" for one in found):
        mismatch(wanted, "it holds MLflow's Metric objects; each has its value in .value")
    # Pairs of step and value tell as much.
    values = [one[1] if isinstance(one, list) and len(one) == 2 else one for one in found]
    right = [run.f1 for run in looked_at(lab, data) if len(run.f1) == len(values)]
    if not right:
        mismatch(wanted, f"it holds {len(values)} values, more or fewer than that run has")
    if not any(all(map(close, values, f1)) for f1 in right):
        mismatch(wanted, "some values differ, or their order does")
