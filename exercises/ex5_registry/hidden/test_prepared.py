"""The registry as it came: versions loaded and found, one demoted, two mistakes rolled back, one version deleted."""

from __future__ import annotations

from typing import Any, NoReturn

from fixtures.wine import PastModel, Wine
from grader.evidence.registry import RegisteredModel
from grader.suite.api import Lab, check, mismatch


def loaded(lab: Lab, data: Wine, name: str, version: int, wanted: str) -> None:
    """Judge that the result holds what this version of ``shelf`` predicts for the test rows."""
    found, expected = lab.sequence(name), data.shelf.versions[version].predictions(data.test)
    if len(found) != len(expected):
        mismatch(wanted, f"{name} holds {len(found)} values, and the test data has {len(expected)} rows")
    if found == expected:
        return
    for number, other in data.shelf.versions.items():
        if found == other.predictions(data.test):
            newest = ", the newest" if number == max(data.shelf.versions) else ""
            mismatch(wanted, f"{name} holds what version {number}{newest} predicts")
    wrong = sum(one != other for one, other in zip(found, expected, strict=True))
    mismatch(wanted, f"that version predicts otherwise for {wrong} of the {len(found)} rows")


@check("load.version")
def test_by_version(lab: Lab, data: Wine) -> None:
    wanted = f"by_version is what version {data.load_version} of {data.shelf.name} predicts for the test rows"
    loaded(lab, data, "by_version", data.load_version, wanted)


@check("load.stage")
def test_by_stage(lab: Lab, data: Wine) -> None:
    wanted = f"by_stage is what the newest version of {data.shelf.name} in {data.load_stage} predicts"
    loaded(lab, data, "by_stage", data.stage_version, wanted)


@check("load.alias")
def test_by_alias(lab: Lab, data: Wine) -> None:
    wanted = f"by_alias is what the version of {data.shelf.name} with the alias {data.load_alias} predicts"
    loaded(lab, data, "by_alias", data.shelf.aliases[data.load_alias], wanted)


def number(value: Any) -> int | None:
    """A version's number, given as a number or as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value.strip()[:9])
    return value if isinstance(value, int) else None


@check("load.latest")
def test_latest(lab: Lab, data: Wine) -> None:
    wanted = f"latest_version is the number of the newest version of {data.long.name}"
    found = number(lab.value("latest_version", "int", "str"))
    if found is None:
        mismatch(wanted, "latest_version is a text that holds no number")
    versions = data.long.versions
    if found == max(versions):
        return
    if found == int(max(map(str, versions))):
        mismatch(wanted, f"latest_version is {found}, the last one when the numbers are sorted as text")
    if found == len(versions):
        mismatch(wanted, f"latest_version is {found}, the count of the versions")
    if found in versions and found == max(n for n, one in versions.items() if one.stage == versions[found].stage):
        stage = "without a stage" if versions[found].stage == "None" else f"in {versions[found].stage}"
        mismatch(wanted, f"latest_version is {found}, the newest of the versions {stage}")
    mismatch(wanted, f"latest_version is {found}" if found in versions else "there is no version of that number")


@check("load.tagged")
def test_tagged(lab: Lab, data: Wine) -> None:
    key, value = data.search_tag
    wanted = f"tagged_versions lists the numbers of the versions of {data.searched.name} with {key} = {value}"
    found = [number(one) for one in lab.sequence("tagged_versions")]
    if None in found:
        mismatch(wanted, "tagged_versions holds a value that is not a number")
    missing, others = set(data.tagged) - set(found), set(found) - set(data.tagged)
    if missing or others:
        mismatch(wanted, f"versions missing from it: {len(missing)}; numbers too many: {len(others)}")
    if len(found) != len(data.tagged):
        mismatch(wanted, "a version is in it more than once")


def now(lab: Lab, past: PastModel, wanted: str) -> RegisteredModel:
    """A model that the registry came with, as it is now."""
    found = lab.registry.models.get(past.name)
    if found is None:
        mismatch(wanted, f"the registered model {past.name} is gone")
    return found


def others_stay(
    found: RegisteredModel, past: PastModel, wanted: str, *, moved: tuple[int, ...] = (), alias: str | None = None
) -> None:
    """Judge that all versions but the ``moved`` ones, and all aliases but this one, are as they came."""

    def wrong(what: str) -> NoReturn:
        mismatch(f"{wanted}; all else stays as it was", what)

    for name in sorted(found.versions.keys() - past.versions.keys()):
        wrong(f"version {name} was added")
    for name, version in past.versions.items():
        if name in moved:
            continue
        if name not in found.versions:
            wrong(f"version {name} was deleted")
        if found.versions[name].stage != version.stage:
            wrong(f"version {name} is in the stage {found.versions[name].stage} now")
    for name_, target in past.aliases.items():
        if name_ != alias and found.aliases.get(name_) != target:
            wrong(f"the alias {name_} was moved or removed")


def in_stage(found: RegisteredModel, version: int) -> str:
    """The stage that a version is in, for a comparison: "deleted" when it is gone."""
    return found.versions[version].stage if version in found.versions else "deleted"


@check("stages.demoted")
def test_demoted(lab: Lab, data: Wine) -> None:
    wanted = f"the version of {data.demoted.name} that was in Production is in Staging"
    found = now(lab, data.demoted, wanted)
    stage = in_stage(found, data.to_demote)
    if stage != "Staging":
        still = "still " if stage == "Production" else ""
        mismatch(wanted, "it was deleted" if stage == "deleted" else f"it is {still}in the stage {stage}")
    others_stay(found, data.demoted, wanted, moved=(data.to_demote,))


@check("change.rollback")
def test_rolled_back(lab: Lab, data: Wine) -> None:
    wanted = f"the version of {data.line.name} that was live before is in Production, and the bad one is archived"
    found = now(lab, data.line, wanted)
    bad, good = in_stage(found, data.bad_line), in_stage(found, data.good_line)
    if good == "Production" and bad == "Production":
        mismatch(wanted, "both are in Production, and a job that loads by stage still gets the newer one: the bad one")
    if good != "Production":
        others = [n for n in found.in_stage("Production") if n not in (data.bad_line, data.good_line)]
        none = "the bad version still is" if bad == "Production" else "no version is"
        instead = f"version {others[0]}, which was not live last before the bad one, is" if others else none
        mismatch(wanted, f"{instead} in Production")
    if bad != "Archived":
        mismatch(wanted, "the bad version was deleted" if bad == "deleted" else f"the bad version's stage is {bad}")
    others_stay(found, data.line, wanted, moved=(data.bad_line, data.good_line))


@check("change.alias")
def test_alias_rolled_back(lab: Lab, data: Wine) -> None:
    past, serving = data.served, data.serving_alias
    wanted = f"the alias {serving} of {past.name} names the version that {data.proven_alias} names"
    found = now(lab, past, wanted)
    target = found.aliases.get(serving)
    if target is None:
        mismatch(wanted, f"there is no alias {serving}")
    if target != past.aliases[data.proven_alias]:
        still = target == past.aliases[serving]
        mismatch(wanted, "it still names the bad version" if still else "it names another version")
    others_stay(found, past, wanted, alias=serving)


@check("change.deleted")
def test_deleted(lab: Lab, data: Wine) -> None:
    key, value = data.delete_tag
    wanted = f"the version of {data.old.name} with {key} = {value} is deleted"
    found = now(lab, data.old, wanted)
    if data.to_delete in found.versions:
        gone = data.old.versions.keys() - found.versions.keys()
        mismatch(wanted, "another version was deleted" if gone else "no version was deleted")
    for number in sorted(data.old.versions.keys() - found.versions.keys() - {data.to_delete}):
        mismatch(f"{wanted}, and no other", f"version {number}, which does not have this tag, was deleted as well")
    others_stay(found, data.old, wanted, moved=(data.to_delete,))
