"""The run that a colleague can repeat."""

from __future__ import annotations

from tracked import run_of

from fixtures.tumours import Tumours
from grader.suite.api import Lab, check, mismatch
from grader.suite.runs import number, recorded, wrong_metrics


@check("repeat.recorded")
def test_recorded(lab: Lab, data: Tumours) -> None:
    run = run_of(lab, data.repro_run, "repro_run")
    wanted = "data_version, code_version and random_state are recorded, each as a param or a tag"
    told = recorded(run, ("data_version", "code_version", "random_state"))
    if "mlflow.source.git.commit" in run.tags:  # MLflow's own name for it
        told.setdefault("code_version", run.tags["mlflow.source.git.commit"])
    lacking = [key for key in ("data_version", "code_version", "random_state") if key not in told]
    if lacking:
        mismatch(wanted, f"{lacking[0]} is not recorded")
    right = {"data_version": data.data_version, "random_state": data.random_state}
    other = [key for key, value in right.items() if number(told[key]) != value]
    other += ["code_version"] if told["code_version"] != data.code_version else []
    if other:
        mismatch(wanted, f"{other[0]} has another value than the widget")


@check("repeat.metrics")
def test_metrics(lab: Lab, data: Tumours) -> None:
    run = run_of(lab, data.repro_run, "repro_run", told_by="repeat.recorded")
    scores = data.scores(data.n_estimators, data.max_depth, version=data.data_version)
    wrong = wrong_metrics(run, {"accuracy": scores.accuracy, "log_loss": scores.log_loss})
    if wrong:
        mismatch("accuracy and log_loss are those of a forest trained on the version data_version of samples", wrong)
