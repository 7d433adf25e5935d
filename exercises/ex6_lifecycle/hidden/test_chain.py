"""The chain: what the learner's webhooks, jobs and notebooks did with versions that came once the notebook had ended.

Time ends here when a colleague brings the retired version back by hand, which is the last that happens.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from deliveries import TOO_MANY
from lifecycle import CLOCKS_MS, candidates, during, ending, fails, judge_test_job

from fixtures.parcels import LIVE, RETIRED, Kind, Parcels
from grader.evidence.registry import DELETED, Event, Version
from grader.evidence.workspace import JobRun
from grader.suite.api import Lab, check, hangs_on, mismatch
from grader.suite.runs import number

ROUNDED = 0.0051
"""How far an accuracy may be off: two decimals are enough."""
STARTING = {"MODEL_VERSION_TRANSITIONED_TO_STAGING", "MODEL_VERSION_TRANSITIONED_STAGE"}
"""The events that tell of a move to Staging."""
WHICH = {
    "good": "the version that is better on the recent rows",
    "bad": "the version that is worse on the recent rows",
    "equal": "the version that gets just as many of the recent rows right as the one in Production",
    "broken": "the version that can't predict the rows",
}


def arrived(lab: Lab, data: Parcels, kind: Kind) -> Version:
    """The version of a candidate."""
    found = dict(candidates(lab, data))
    if not found:
        hangs_on("triggers.start", "no version could arrive, or all were deleted")
    if kind not in found:
        if kind in ("equal", "broken") and "bad" not in found:
            hangs_on("chain.rejected", "it could not arrive, or was deleted, as the version that is worse")
        mismatch(f"{WHICH[kind]} is in the registry", "it could not arrive, or was deleted")
    return found[kind]


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
    found = candidates(lab, data)
    if not found:
        mismatch(wanted, "no version could arrive, or all were deleted")
    if not lab.workspace.jobs_named(data.test_job):
        hangs_on("jobs.test", "no job has the name in test_job")
    for _, version in found:
        runs = runs_for(lab, data, version)
        if any(run.state != "SKIPPED" for run in runs):
            continue
        if runs:
            mismatch(wanted, "a run was skipped, since another one was still active")
        why_not(lab, data, version, wanted)


def why_not(lab: Lab, data: Parcels, version: Version, wanted: str) -> NoReturn:
    """Say why a version's move to Staging started no run of the test job."""
    if "Staging" not in stages(lab, data, version):
        mismatch(wanted, "a version could not be moved to Staging")
    if lab.workspace.cut:
        mismatch(wanted, TOO_MANY)
    if runs_about(lab, data, version):
        mismatch(wanted, "its run was started by something other than a webhook")
    hooks = [hook for hook in lab.workspace.webhooks if hook.job]
    if not hooks:
        mismatch(wanted, "no webhook has a job_spec")
    jobs = {str(job.id) for job in lab.workspace.jobs_named(data.test_job)}
    aimed = [hook for hook in hooks if str((hook.job or {}).get("job_id")) in jobs]
    if not aimed:
        mismatch(wanted, "the webhook starts another job")
    active = [hook for hook in aimed if hook.status == "ACTIVE"]
    if not active:
        mismatch(wanted, f"the webhook has the status {aimed[-1].status[:60]}")
    listening = [hook for hook in active if hook.model in (None, data.model_name)]
    if not listening:
        mismatch(wanted, "the webhook listens to another model")
    if not any(STARTING & set(hook.events) for hook in listening):
        mismatch(wanted, "the webhook listens to other events")
    keys = {hook.id for hook in listening}
    errors = [
        attempt.error
        for delivery in lab.workspace.deliveries
        for attempt in delivery.attempts
        if delivery.webhook in keys and attempt.error
    ]
    mismatch(wanted, f"its start failed: {errors[-1][:200]}" if errors else "the run is not in the workspace any more")


@check("triggers.only")
def test_starts_for_nothing_else(lab: Lab, data: Parcels) -> None:
    wanted = "the test job is started for moves of versions of model_name to Staging alone, for each of them once"
    if not any(runs_for(lab, data, version) for _, version in candidates(lab, data)):
        hangs_on("triggers.start", "no move to Staging started the test job")
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


# What the tests measured


def score(lab: Lab, data: Parcels, kind: Kind) -> str | None:
    """What a candidate's tag for its accuracy holds, None if there is no tag or no such version."""
    version = dict(candidates(lab, data)).get(kind)
    return version.tags.get(data.score_key) if version else None


def is_share(text: str | None, right: float) -> bool:
    found = number(text)
    return found is not None and abs(found - right) <= ROUNDED


def measured_right(lab: Lab, data: Parcels, kind: Kind) -> bool:
    return is_share(score(lab, data, kind), data.candidate(kind).scorer.accuracy(data.recent))


def measured_on_training_rows(lab: Lab, data: Parcels) -> bool:
    """Whether a figure is the share of the other rows: then ``chain.measured`` has failed."""
    kinds: tuple[Kind, ...] = ("good", "bad")
    return any(
        is_share(score(lab, data, kind), data.candidate(kind).scorer.accuracy(data.train))
        and not measured_right(lab, data, kind)
        for kind in kinds
    )


def runs_testing(lab: Lab, data: Parcels, version: Version) -> list[JobRun]:
    """The runs of the test job about a version that began."""
    return [run for run in runs_about(lab, data, version) if run.state != "SKIPPED"]


def failed_test(lab: Lab, data: Parcels, version: Version) -> str | None:
    """How the test of a version ended if none succeeded, to follow "its test"."""
    runs = runs_testing(lab, data, version)
    return ending(runs[-1]) if runs and not any(run.succeeded for run in runs) else None


def undecided(lab: Lab, data: Parcels, version: Version) -> bool:
    """Whether a version is where its move to Staging left it."""
    return stages(lab, data, version)[-1:] in ([], ["Staging"])


def left_alone(lab: Lab, data: Parcels) -> bool:
    """Whether the tests left a version without a figure and without a decision: then ``chain.measured`` has failed."""
    found = dict(candidates(lab, data))
    return any(
        undecided(lab, data, version) and data.score_key not in version.tags
        for kind, version in found.items()
        if kind in ("good", "bad")
    )


@check("chain.measured")
def test_measured(lab: Lab, data: Parcels) -> None:
    key = data.score_key
    wanted = f"a version that was tested has the tag {key}: the share of the recent rows that it predicts rightly"
    kinds: tuple[Kind, ...] = ("good", "bad")
    here = [kind for kind in kinds if kind in dict(candidates(lab, data))]
    if not here:
        arrived(lab, data, "bad")
    for kind in here:
        version = arrived(lab, data, kind)
        text = version.tags.get(key)
        if text is None:
            if not runs_testing(lab, data, version):
                hangs_on("triggers.start", "no run of the test job was started for it")
            failed = failed_test(lab, data, version)
            found = f"{WHICH[kind]} has no such tag"
            mismatch(wanted, f"{found}: its test {failed}" if failed else found)
        if measured_right(lab, data, kind):
            continue
        if is_share(text, data.candidate(kind).scorer.accuracy(data.train)):
            if fails(judge_test_job, lab, data):
                hangs_on("jobs.test", "the test measures on train.csv")
            mismatch(wanted, "the figure is the share of the rows in train.csv")
        found = "the tag holds no number" if number(text) is None else f"the figure of {WHICH[kind]} is wrong"
        rounded = round(data.candidate(kind).scorer.accuracy(data.recent), 1)
        if len(text.partition(".")[2]) < 2 and is_share(text, rounded):
            found = f"the figure of {WHICH[kind]} is rounded to one decimal: two or more tell versions apart"
        mismatch(wanted, found)


# What became of them


def alike(lab: Lab, data: Parcels, stage: str) -> bool:
    """Whether the good, the bad and the equal version all came to this stage, and none has a right figure.

    A test that measures nothing and treats all versions alike has not decided anything. ``chain.measured`` has failed.
    """
    found = {kind: version for kind, version in candidates(lab, data) if kind != "broken"}
    ways = [stages(lab, data, version) for version in found.values()]
    came = {"Production" if "Production" in way else way[-1] if way else None for way in ways}
    return came == {stage} and not any(measured_right(lab, data, kind) for kind in found)


def stuck(lab: Lab, data: Parcels, version: Version, wanted: str, kind: Kind) -> NoReturn:
    """End a check of a candidate that is still in Staging."""
    if not runs_testing(lab, data, version):
        hangs_on("triggers.start", "no run of the test job was started for it")
    failed = failed_test(lab, data, version)
    told = f"its test {failed}" if failed else "its test left it there"
    if left_alone(lab, data):
        hangs_on("chain.measured", f"it is still in the stage {version.stage}: {told}")
    bad = dict(candidates(lab, data)).get("bad")
    if kind == "good" and not failed:
        mismatch(wanted, f"it is still in the stage {version.stage}: {why_undeployed(lab, data, version)}")
    if kind != "bad" and bad is not None and undecided(lab, data, bad):
        hangs_on("chain.rejected", f"it is still in the stage {version.stage}, as is the version that is worse: {told}")
    mismatch(wanted, f"it is still in the stage {version.stage}: {told}")


def why_undeployed(lab: Lab, data: Parcels, version: Version) -> str:
    """Why a version is still in Staging though its test succeeded."""
    jobs = lab.workspace.jobs_named(data.deploy_job)
    if not jobs:
        hangs_on("jobs.deploy", "no job has the name in deploy_job")
    came = [event for event in moves(lab, data) if event.new == "Staging"]
    begun = next((event.at_ms for event in came if event.version == version.number), 0)
    end = next((event.at_ms for event in came if event.at_ms > begun), float("inf"))
    runs = [run for run in lab.workspace.runs_of(*jobs) if begun - CLOCKS_MS <= run.created_ms < end]
    if not runs:
        return "no run of the deployment job was started for it"
    if runs[-1].succeeded:
        return "the run of the deployment job did not move it"
    return f"the run of the deployment job {ending(runs[-1])}"


def turned_away(lab: Lab, data: Parcels, kind: Kind) -> None:
    """Judge that a candidate was never in Production and is archived, by a test that tells versions apart."""
    version = arrived(lab, data, kind)
    wanted = f"{WHICH[kind]} was never in Production, and is archived"
    way = stages(lab, data, version)
    if "Production" in way:
        if not runs_about(lab, data, version):
            hangs_on("chain.tested", "it went to Production without a test")
        if kind != "broken" and measured_on_training_rows(lab, data):
            hangs_on("chain.measured", "the test decides by a wrong figure")
        mismatch(wanted, "it went to Production")
    if way[-1:] == ["Archived"]:
        if alike(lab, data, "Archived"):
            hangs_on("chain.measured", "every version was archived, and none was measured")
        return
    if undecided(lab, data, version):
        stuck(lab, data, version, wanted, kind)
    bad = dict(candidates(lab, data)).get("bad")
    if kind != "bad" and bad is not None and stages(lab, data, bad)[-1:] == way[-1:]:
        hangs_on("chain.rejected", f"it is in the stage {way[-1]}, as is the version that is worse")
    mismatch(wanted, f"it is in the stage {way[-1]}")


@check("chain.rejected")
def test_rejected(lab: Lab, data: Parcels) -> None:
    turned_away(lab, data, "bad")


@check("chain.broken")
def test_broken(lab: Lab, data: Parcels) -> None:
    turned_away(lab, data, "broken")


@check("chain.equal")
def test_equal(lab: Lab, data: Parcels) -> None:
    version = arrived(lab, data, "equal")
    good = dict(candidates(lab, data)).get("good")
    before = []
    for event in moves(lab, data):
        if event.version == version.number and event.new == "Staging":
            break
        before.append(event)
    live = [event.new for event in before if good is not None and event.version == good.number]
    if live[-1:] != ["Production"] and fails(judge_promotion, lab, data):
        hangs_on("chain.promoted", "the better version was not in Production when this one came")
    turned_away(lab, data, "equal")


@check("chain.promoted")
def test_promoted(lab: Lab, data: Parcels) -> None:
    judge_promotion(lab, data)


def judge_promotion(lab: Lab, data: Parcels) -> None:
    version = arrived(lab, data, "good")
    wanted = f"{WHICH['good']} went from Staging to Production and stayed there"
    way = stages(lab, data, version)
    if "Production" not in way:
        if undecided(lab, data, version):
            stuck(lab, data, version, wanted, "good")
        if measured_on_training_rows(lab, data):
            hangs_on("chain.measured", "the test decides by a wrong figure")
        mismatch(wanted, f"it is in the stage {way[-1]}")
    if alike(lab, data, "Production"):
        hangs_on("chain.measured", "every version went to Production, and none was measured")
    if way[-1] == "Production":
        return
    later = replaced_by(lab, data, version)
    if "bad" in later:
        hangs_on("chain.rejected", "the version that is worse took its place")
    if "broken" in later:
        hangs_on("chain.broken", "the version that can't predict took its place")
    if "equal" not in later or way[-1] != "Archived":
        mismatch(wanted, f"it went on to {way[-1]}")


def replaced_by(lab: Lab, data: Parcels, version: Version) -> set[Kind]:
    """The candidates that went to Production after a version did."""
    kinds = {one.number: kind for kind, one in candidates(lab, data)}
    own = [event for event in moves(lab, data) if event.new == "Production"]
    first = next(n for n, event in enumerate(own) if event.version == version.number)
    return {kinds[event.version] for event in own[first:] if event.version in kinds and event.version != version.number}


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
        hangs_on("runs.deployed", "no version was deployed yet")


def _moves_of(lab: Lab, name: str) -> Iterator[Event]:
    return (e for e in lab.registry.journal if e.what == "stage" and e.name == name)


def promoted_first(lab: Lab, data: Parcels) -> list[tuple[Event, Version]]:
    """The candidates' moves to Production, for the checks of how they came about."""
    moved = promotions(lab, data)
    if not moved:
        hangs_on("chain.promoted", "no version that arrived went to Production")
    return moved


@check("chain.deployed")
def test_deployed(lab: Lab, data: Parcels) -> None:
    wanted = "versions that pass are moved to Production by a run of the deployment job"
    moved = promoted_first(lab, data)
    jobs = lab.workspace.jobs_named(data.deploy_job)
    if not jobs:
        hangs_on("jobs.deploy", "no job has the name in deploy_job")
    runs = lab.workspace.runs_of(*jobs)
    for event, _ in moved:
        if not any(during(run, event.at_ms) for run in runs):
            mismatch(wanted, "a version went to Production while no run of that job was active")


@check("chain.tested")
def test_tested_first(lab: Lab, data: Parcels) -> None:
    wanted = "a version goes to Production only after a run of the test job for it"
    moved = promoted_first(lab, data)
    if not lab.workspace.jobs_named(data.test_job):
        hangs_on("jobs.test", "no job has the name in test_job")
    for event, version in moved:

        def begun(runs: list[JobRun], at_ms: int = event.at_ms) -> bool:
            return any((run.start_ms or at_ms) < at_ms for run in runs)

        if begun(runs_for(lab, data, version)):
            continue
        if begun(runs_about(lab, data, version)) and not runs_for(lab, data, version):
            hangs_on("triggers.start", "its test was started by something other than a webhook")
        mismatch(wanted, "a version went to Production without one")
