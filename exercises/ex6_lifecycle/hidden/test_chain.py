"""The chain: what the learner's webhooks, jobs and notebooks did with versions that came once the notebook had ended.

Time ends here when a colleague brings the retired version back by hand, which is the last that happens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

from deliveries import TOO_MANY

from fixtures.parcels import LIVE, RETIRED, Kind, Parcels
from grader.evidence.registry import DELETED, Event, Version
from grader.evidence.workspace import JobRun
from grader.suite.api import Lab, check, mismatch
from grader.suite.runs import number

CLOCKS_MS = 250
"""How far the registry's clock and the jobs' may be apart."""
ROUNDED = 0.0051
"""How far an accuracy may be off: two decimals are enough."""
WHICH = {
    "good": "the version that is better on the recent rows",
    "bad": "the version that is worse on the recent rows",
    "broken": "the version that can't predict the rows",
}


def arrived(lab: Lab, data: Parcels, kind: Kind) -> Version:
    """The version of a candidate, found by the run that it came from."""
    found = dict(candidates(lab, data)).get(kind)
    if found is None:
        mismatch(f"{WHICH[kind]} is in the registry", "it could not arrive, or was deleted")
    return found


def candidates(lab: Lab, data: Parcels) -> Iterator[tuple[Kind, Version]]:
    """The versions that arrived and are still there."""
    model = lab.registry.models.get(data.model_name)
    if model is None:
        mismatch("versions of model_name can arrive", f"the registered model {data.model_name} is gone")
    kinds = {one.name: one.kind for one in data.candidates}
    for version in model.versions.values():
        run = lab.tracking.run(version.run_id) if version.run_id else None
        if run is not None and run.name in kinds:
            yield kinds[run.name], version


def moves(lab: Lab, data: Parcels) -> list[Event]:
    """The moves of versions of the model between stages, up to the colleague's last."""
    own = [e for e in lab.registry.journal if e.what == "stage" and e.name == data.model_name]
    last = max((n for n, e in enumerate(own) if e.version == RETIRED and e.new == "Production"), default=len(own))
    return own[:last]


def stages(lab: Lab, data: Parcels, version: Version) -> list[str]:
    """The stages that a version went through, one after another."""
    return [str(event.new) for event in moves(lab, data) if event.version == version.number]


def runs_about(lab: Lab, data: Parcels, version: Version) -> list[JobRun]:
    """The runs of the test job whose message is about the version, whatever started them."""
    return [
        run
        for run in lab.workspace.runs_of(*lab.workspace.jobs_named(data.test_job))
        if any(
            str(message.get("version")) == str(version.number) and message.get("model_name") == data.model_name
            for message in run.messages
        )
    ]


def runs_for(lab: Lab, data: Parcels, version: Version) -> list[JobRun]:
    """The runs of the test job that the version's move to Staging started by a webhook."""
    times = {str(e.at_ms) for e in moves(lab, data) if e.version == version.number and e.new == "Staging"}
    return [
        run
        for run in runs_about(lab, data, version)
        if any(str(message.get("event_timestamp")) in times for message in run.messages)
        and (start := lab.workspace.start_of(run))
        and not start.test
    ]


@check("triggers.start")
def test_starts(lab: Lab, data: Parcels) -> None:
    wanted = "each version of model_name that goes to Staging once the notebook has ended starts the test job"
    found = dict(candidates(lab, data))
    if not found:
        mismatch(wanted, "no version could arrive, or all were deleted")
    for version in found.values():
        runs = runs_for(lab, data, version)
        if any(run.state != "SKIPPED" for run in runs):
            continue
        if runs:
            mismatch(wanted, "a run was skipped, since another one was still active")
        why_not(lab, data, version, wanted)


def why_not(lab: Lab, data: Parcels, version: Version, wanted: str) -> NoReturn:
    """Say why a version's move to Staging started no run of the test job."""
    jobs = lab.workspace.jobs_named(data.test_job)
    if not jobs:
        mismatch(wanted, "no job has the name in test_job")
    if lab.workspace.cut:
        mismatch(wanted, TOO_MANY)
    if any(lab.workspace.start_of(run) is None for run in runs_about(lab, data, version)):
        mismatch(wanted, "its run was started by something other than a webhook")
    hooks = [hook for hook in lab.workspace.webhooks if hook.job]
    if not hooks:
        mismatch(wanted, "no webhook has a job_spec")
    aimed = [hook for hook in hooks if str((hook.job or {}).get("job_id")) in {str(job.id) for job in jobs}]
    if not aimed:
        mismatch(wanted, "the webhook starts another job")
    if all(hook.status != "ACTIVE" for hook in aimed):
        mismatch(wanted, f"the webhook has the status {aimed[-1].status}")
    if all(hook.model not in (None, data.model_name) for hook in aimed):
        mismatch(wanted, "the webhook listens to another model")
    keys = {hook.id for hook in aimed}
    errors = [
        attempt.error
        for delivery in lab.workspace.deliveries
        for attempt in delivery.attempts
        if delivery.webhook in keys and attempt.error
    ]
    mismatch(wanted, f"its start failed: {errors[-1][:200]}" if errors else "the webhook listens to other events")


@check("triggers.only")
def test_starts_for_nothing_else(lab: Lab, data: Parcels) -> None:
    wanted = "the test job is started for moves of versions of model_name to Staging alone, for each of them once"
    if not any(runs_for(lab, data, version) for _, version in candidates(lab, data)):
        mismatch(wanted, "no move to Staging started it")
    own = {job.id for job in lab.workspace.jobs_named(data.test_job)}
    known = {run.id for run in lab.workspace.runs if lab.workspace.start_of(run)}
    if any(one.job in own and one.run not in known for one in lab.workspace.delivered):
        mismatch(wanted, "a run that a webhook started is no longer as the webhook started it")
    tries = {delivery.body for delivery in lab.workspace.deliveries if delivery.test}
    seen = set()
    for run in lab.workspace.runs_of(*lab.workspace.jobs_named(data.test_job)):
        tried = any(isinstance(given, dict) and tries & {*map(str, given.values())} for given in run.given.values())
        if tried or run.source != "webhook":
            continue
        for message in run.messages:
            if message.get("model_name") != data.model_name:
                mismatch(wanted, "a version of another model started it")
            if message.get("to_stage") != "Staging":
                mismatch(wanted, f"{str(message.get('event'))[:60]} started it, where no version went to Staging")
            move = (str(message.get("version")), str(message.get("event_timestamp")))
            if move in seen:
                mismatch(wanted, "one move started it twice")
            seen.add(move)


@check("chain.measured")
def test_measured(lab: Lab, data: Parcels) -> None:
    key = data.score_key
    wanted = f"a version that was tested has the tag {key}: the share of the recent rows that it predicts rightly"
    kinds: Sequence[Kind] = ("good", "bad")
    for kind in kinds:
        version = arrived(lab, data, kind)
        text = version.tags.get(key)
        if text is None:
            runs = runs_for(lab, data, version)
            failed = [run for run in runs if not run.succeeded]
            errors = [task.error for run in failed for task in run.tasks if task.error]
            found = f"{WHICH[kind]} has no such tag"
            mismatch(wanted, f"{found}; its test ended with {errors[-1][:200]}" if errors else found)
        score = number(text)
        candidate = data.candidate(kind)
        if score is not None and abs(score - candidate.scorer.accuracy(data.recent)) <= ROUNDED:
            continue
        if score is not None and abs(score - candidate.scorer.accuracy(data.train)) <= ROUNDED:
            mismatch(wanted, "the figure is the share of the rows in train.csv")
        mismatch(wanted, "the tag holds no number" if score is None else f"the figure of {WHICH[kind]} is another")


def turned_away(lab: Lab, data: Parcels, kind: Kind) -> None:
    version = arrived(lab, data, kind)
    wanted = f"{WHICH[kind]} was never in Production, and is archived"
    way = stages(lab, data, version)
    if "Production" in way:
        mismatch(wanted, "it went to Production")
    if not way or way[-1] != "Archived":
        mismatch(wanted, f"it is in the stage {way[-1] if way else version.stage}")


@check("chain.rejected")
def test_rejected(lab: Lab, data: Parcels) -> None:
    turned_away(lab, data, "bad")


@check("chain.broken")
def test_broken(lab: Lab, data: Parcels) -> None:
    turned_away(lab, data, "broken")


@check("chain.promoted")
def test_promoted(lab: Lab, data: Parcels) -> None:
    version = arrived(lab, data, "good")
    wanted = f"{WHICH['good']} went from Staging to Production and stayed there"
    way = stages(lab, data, version)
    if "Production" not in way:
        mismatch(wanted, f"it is in the stage {way[-1] if way else version.stage}")
    if way[-1] != "Production":
        mismatch(wanted, f"it went on to {way[-1]}")


def promotions(lab: Lab, data: Parcels) -> list[tuple[Event, Version]]:
    """The candidates' moves to Production."""
    versions = {version.number: version for _, version in candidates(lab, data)}
    return [(e, versions[e.version]) for e in moves(lab, data) if e.new == "Production" and e.version in versions]


@check("chain.archived")
def test_archived(lab: Lab, data: Parcels) -> None:
    wanted = "when a version is deployed, the one that was in Production before is archived"
    looked = 0
    for name, before in ((data.redeploy_model, LIVE), (data.model_name, LIVE)):
        own = moves(lab, data) if name == data.model_name else list(_moves_of(lab, name))
        live, seen = {before}, False
        for event in own:
            if event.version is None:
                continue
            if event.new == "Production":
                live.add(event.version)
                seen = True
            elif event.version in live:
                live.discard(event.version)
                if event.new != "Archived":
                    mismatch(wanted, "it was deleted" if event.new == DELETED else f"it went to the stage {event.new}")
        looked += seen
        if seen and len(live) > 1:
            mismatch(wanted, f"{len(live)} versions of one model are in Production")
        if seen and not live:
            mismatch(wanted, "no version of the model is in Production any more")
    if not looked:
        mismatch(wanted, "no version was deployed")


def _moves_of(lab: Lab, name: str) -> Iterator[Event]:
    return (e for e in lab.registry.journal if e.what == "stage" and e.name == name)


@check("chain.deployed")
def test_deployed(lab: Lab, data: Parcels) -> None:
    wanted = "versions that pass are moved to Production by a run of the deployment job"
    moved = promotions(lab, data)
    if not moved:
        mismatch(wanted, "no version that arrived went to Production")
    runs = lab.workspace.runs_of(*lab.workspace.jobs_named(data.deploy_job))
    for event, _ in moved:
        if not any(
            run.start_ms is not None and run.start_ms - CLOCKS_MS <= event.at_ms <= run.ended_ms + CLOCKS_MS
            for run in runs
        ):
            mismatch(wanted, "a version went to Production while no run of that job was active")


@check("chain.tested")
def test_tested_first(lab: Lab, data: Parcels) -> None:
    wanted = "a version goes to Production only after a run of the test job for it"
    moved = promotions(lab, data)
    if not moved:
        mismatch(wanted, "no version that arrived went to Production")
    for event, version in moved:
        before = [run for run in runs_for(lab, data, version) if (run.start_ms or event.at_ms) < event.at_ms]
        if not before:
            mismatch(wanted, "a version went to Production without one")
