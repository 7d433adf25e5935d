"""Models that the learner registers: versions, what is said of them, their stages and aliases, and a copy.

A version counts when its source leads to a model in the lab that loads in a fresh process and answers the test rows.
Which version is meant by 1, 2 and 3 shows in what it predicts: who registers a model twice moves all later numbers
by one, and loses the check on the numbers alone. The plain numbers of the brief count as well.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fixtures.wine import FEATURES, Wine
from grader.evidence import Unreadable
from grader.evidence.behaviour import Call
from grader.evidence.models import Model
from grader.evidence.registry import RegisteredModel, Version
from grader.evidence.tracking import Run
from grader.suite.api import Lab, Mismatch, check, mismatch

MOST = 8
"""So many versions are loaded: loading takes time, and three are asked for."""
ROUNDED = 0.0051
"""How far an accuracy may be off: two decimals are enough."""
COPY = re.compile(r"models:/([^/@]+)/(\d{1,9})")

Numbers = tuple[int | None, int | None, int | None]


@dataclass(frozen=True)
class Held:
    """A version that counts, and what its model predicts for the test rows."""

    version: Version
    model: Model
    predicted: tuple[float, ...]

    def accuracy(self, data: Wine) -> float:
        right = sum(one == label for one, label in zip(self.predicted, data.test_labels, strict=True))
        return right / len(self.predicted)


@dataclass(frozen=True)
class Own:
    """The learner's registered model: the versions that count, and why the others don't."""

    model: RegisteredModel
    held: Mapping[int, Held]
    refused: Mapping[int, str]

    def at(self, number: int | None, place: int, wanted: str) -> Held:
        """The version of this number, standing for the brief's version ``place``; a mismatch if it does not count."""
        if number is not None and number in self.held:
            return self.held[number]
        if number is not None and number in self.refused:
            mismatch(wanted, f"version {number} does not count: {self.refused[number]}")
        mismatch(wanted, f"{self.model.name} has no version that could be version {place}")

    def candidates(self, data: Wine) -> tuple[list[int], ...]:
        """For each of the brief's three versions the numbers of those that predict what it has to."""
        return tuple(
            [n for n, held in self.held.items() if list(held.predicted) == reference] for reference in data.references
        )


def registered(lab: Lab, name: str) -> RegisteredModel:
    found = lab.registry.models.get(name)
    if found is None:
        mismatch(f"a registered model {name}", f"the registry has no model {name}")
    return found


def own(lab: Lab, data: Wine) -> Own:
    model = registered(lab, data.model_name)
    held, refused = {}, {}
    for number, version in itertools.islice(sorted(model.versions.items()), MOST):
        source, values, why = answered(lab, version, data)
        if source is None or values is None:
            refused[number] = why
        else:
            held[number] = Held(version, source, values)
    return Own(model, held, refused)


def model_of(lab: Lab, version: Version, steps: int = 5) -> Model | None:
    """The logged model behind a version, which may be a copy of another version."""
    found, copied = lab.source(version), COPY.fullmatch(version.source)
    if found is not None or copied is None or not steps:
        return found
    origin = lab.registry.models.get(copied[1])
    before = origin.versions.get(int(copied[2])) if origin else None
    return model_of(lab, before, steps - 1) if before else None


def answered(lab: Lab, version: Version, data: Wine) -> tuple[Model | None, tuple[float, ...] | None, str]:
    """A version's model and what it predicts for the test rows, a number each; else why there is no such answer."""
    model = model_of(lab, version)
    if model is None:
        return None, None, "what it was registered from is no model in the lab"
    call = Call(FEATURES, [[row[name] for name in FEATURES] for row in data.test])
    try:
        (answer,) = lab.predict(model, call)
    except Mismatch as failure:
        return model, None, failure.found
    except Unreadable as failure:
        return model, None, str(failure)
    if answer.values is None:
        return model, None, f"its predict raised {answer.error}"
    if len(answer.values) != len(data.test):
        return model, None, f"it gave {len(answer.values)} predictions for {len(data.test)} rows"
    try:
        return model, tuple(map(float, answer.values)), ""
    except (TypeError, ValueError, OverflowError):
        return model, None, "its predictions are no numbers"


def numbers_meant(mine: Own, data: Wine) -> list[Numbers]:
    """What the brief's versions 1, 2 and 3 may be, by what they predict and by the plain numbers; fullest first."""
    candidates = mine.candidates(data)
    known = {number for some in candidates for number in some}
    choices: list[Sequence[int | None]] = []
    for place, some in enumerate(candidates, start=1):
        there = place in mine.model.versions and place not in known
        choices.append(some or ([place] if there else [None]))
    found: list[Numbers] = []
    for first, second, third in itertools.product(*choices):
        named = [number for number in (first, second, third) if number is not None]
        if len(set(named)) == len(named):
            found.append((first, second, third))
    first, second, third = (place if place in mine.model.versions else None for place in (1, 2, 3))
    return sorted([*found, (first, second, third)], key=lambda numbers: numbers.count(None))


def judged(lab: Lab, data: Wine, judge: Callable[[Own, Numbers], None]) -> None:
    """Pass when the judge is content with one meaning of the three numbers; else its first complaint."""
    mine, complaint = own(lab, data), None
    for numbers in numbers_meant(mine, data):
        try:
            return judge(mine, numbers)
        except Mismatch as found:
            complaint = complaint or found
    assert complaint is not None
    raise complaint


def holds(lab: Lab, data: Wine, place: int, what: str) -> None:
    mine = own(lab, data)
    if mine.candidates(data)[place - 1]:
        return
    wanted = f"a version of {data.model_name} predicts the test rows as {what} does"
    held = mine.at(place if place in mine.model.versions else None, place, wanted)
    reference = data.references[place - 1]
    wrong = sum(one != other for one, other in zip(held.predicted, reference, strict=True))
    mismatch(wanted, f"version {place} predicts {wrong} of {len(reference)} rows otherwise")


@check("register.first")
def test_first(lab: Lab, data: Wine) -> None:
    holds(lab, data, 1, "tree(depth_1)")


@check("register.second")
def test_second(lab: Lab, data: Wine) -> None:
    holds(lab, data, 2, "tree(depth_2)")


@check("register.versions")
def test_versions(lab: Lab, data: Wine) -> None:
    mine = own(lab, data)
    wanted = f"{data.model_name} has the versions 1, 2 and 3, and no others"
    if set(mine.model.versions) != {1, 2, 3}:
        found = ", ".join(map(str, itertools.islice(mine.model.versions, MOST))) or "none"
        mismatch(wanted, f"its versions: {found}")
    for number in (1, 2, 3):
        mine.at(number, number, wanted)


@check("register.lineage")
def test_lineage(lab: Lab, data: Wine) -> None:
    mine = own(lab, data)
    wanted = "every version leads back to the run that logged its model"
    if not mine.held:
        mine.at(next(iter(mine.refused), None), 1, wanted)
    for number, held in mine.held.items():
        run = lab.tracking.run(held.version.run_id or held.model.run_id)
        if run is None or run.deleted:
            mismatch(wanted, f"version {number} leads to no run")
        if not logged(run, held.model):
            mismatch(wanted, f"version {number} names a run that did not log its model")


def logged(run: Run, model: Model) -> bool:
    return any(one.path == model.path for one in run.models)


def plain(text: str) -> str:
    """Text as it is compared: line breaks and capitals don't matter."""
    return " ".join(text.split()).casefold()


@check("describe.model")
def test_model_description(lab: Lab, data: Wine) -> None:
    found = registered(lab, data.model_name)
    if plain(data.purpose) not in plain(found.description):
        elsewhere = any(plain(data.purpose) in plain(version.description) for version in found.versions.values())
        mismatch(
            f"the description of the registered model {data.model_name} holds the text in purpose",
            "it is on a version, not on the model" if elsewhere else "its description is empty or another",
        )


@check("describe.tag")
def test_model_tag(lab: Lab, data: Wine) -> None:
    (key, value), found = data.model_tag, registered(lab, data.model_name)
    wanted = f"the registered model {data.model_name} has the tag {key} = {value}"
    if key not in found.tags:
        elsewhere = any(key in version.tags for version in found.versions.values())
        mismatch(wanted, "a version has it, the model has not" if elsewhere else f"the model has no tag {key}")
    if found.tags[key].strip() != value:
        mismatch(wanted, f"its tag {key} has another value")


@check("describe.version")
def test_version_description(lab: Lab, data: Wine) -> None:
    def judge(mine: Own, numbers: Numbers) -> None:
        wanted = "the description of version 2 holds the text in note"
        held = mine.at(numbers[1], 2, wanted)
        if plain(data.note) not in plain(held.version.description):
            elsewhere = plain(data.note) in plain(mine.model.description)
            mismatch(wanted, "it is on the model, not on the version" if elsewhere else "it is empty or another text")

    judged(lab, data, judge)


@check("describe.score")
def test_scores(lab: Lab, data: Wine) -> None:
    def judge(mine: Own, numbers: Numbers) -> None:
        key = data.score_key
        wanted = f"versions 1 and 2 have the tag {key}: the share of test rows that each predicts rightly"
        for place in (1, 2):
            held = mine.at(numbers[place - 1], place, wanted)
            text = held.version.tags.get(key)
            if text is None:
                there = "; the model has it" if key in mine.model.tags else ""
                mismatch(wanted, f"version {held.version.number} has no tag {key}{there}")
            try:
                score = float(text)
            except ValueError:
                score = math.nan
            if not abs(score - held.accuracy(data)) <= ROUNDED:
                mismatch(wanted, f"the figure on version {held.version.number} is another")

    judged(lab, data, judge)


def promoted(lab: Lab, data: Wine, place: int) -> None:
    def judge(mine: Own, numbers: Numbers) -> None:
        wanted = f"version {place} went to Staging and from there to Production"
        number = mine.at(numbers[place - 1], place, wanted).version.number
        way = lab.registry.stages(data.model_name, number)
        if ("Staging", "Production") not in itertools.pairwise(way):
            mismatch(wanted, f"the stages of version {number}, one after another: {', '.join(way[:MOST])}")

    judged(lab, data, judge)


@check("stages.first")
def test_first_promoted(lab: Lab, data: Wine) -> None:
    promoted(lab, data, 1)


@check("stages.second")
def test_second_promoted(lab: Lab, data: Wine) -> None:
    promoted(lab, data, 2)


@check("stages.archived")
def test_archived(lab: Lab, data: Wine) -> None:
    def judge(mine: Own, numbers: Numbers) -> None:
        wanted = "version 2 alone is in Production, version 1 is archived"
        first, second = (mine.at(numbers[place - 1], place, wanted).version for place in (1, 2))
        live = mine.model.in_stage("Production")
        if second.number not in live:
            mismatch(wanted, f"version {second.number} is in the stage {second.stage}")
        if live != (second.number,):
            mismatch(wanted, f"in Production: versions {', '.join(map(str, live[:MOST]))}")
        if first.stage != "Archived":
            mismatch(wanted, f"version {first.number} is in the stage {first.stage}")

    judged(lab, data, judge)


def champion_before(lab: Lab, data: Wine, third: int | None) -> int | None:
    """The version that ``champion`` named last before it named the third."""
    way = [number for number in lab.registry.pointed(data.model_name, "champion") if number is not None]
    before = way[: way.index(third)] if third in way else way
    return before[-1] if before else None


def by_score(mine: Own, data: Wine, numbers: Numbers, wanted: str) -> tuple[set[int], set[int]]:
    """Versions 1 and 2, the better and the worse one; should they tie, each may be either."""
    first, second = (mine.at(numbers[place - 1], place, wanted) for place in (1, 2))
    ranked = sorted((held.accuracy(data), held.version.number) for held in (first, second))
    (low, worse), (high, better) = ranked
    return ({better}, {worse}) if low < high else ({better, worse}, {better, worse})


@check("aliases.champion")
def test_champion(lab: Lab, data: Wine) -> None:
    def judge(mine: Own, numbers: Numbers) -> None:
        wanted = "until version 3 took over, champion named the better of versions 1 and 2 on the test rows"
        better, _ = by_score(mine, data, numbers, wanted)
        named = champion_before(lab, data, numbers[2])
        if named is None:
            at_once = "champion" in mine.model.aliases
            mismatch(wanted, "champion named version 3 only" if at_once else "there was no alias champion")
        if named not in better:
            mismatch(wanted, f"champion named version {named}")

    judged(lab, data, judge)


@check("aliases.challenger")
def test_challenger(lab: Lab, data: Wine) -> None:
    def judge(mine: Own, numbers: Numbers) -> None:
        wanted = "challenger names the one of versions 1 and 2 that was not champion"
        _, worse = by_score(mine, data, numbers, wanted)
        # Whoever took the wrong one as champion has paid for it: the challenger is still the other.
        pair, named = set(numbers[:2]), champion_before(lab, data, numbers[2])
        found = mine.model.aliases.get("challenger")
        if found is None:
            mismatch(wanted, "there is no alias challenger")
        if found not in (pair - {named} if named in pair else worse):
            mismatch(wanted, f"challenger names version {found}")

    judged(lab, data, judge)


@check("aliases.promoted")
def test_third_takes_over(lab: Lab, data: Wine) -> None:
    mine, aliases = own(lab, data), data.fallback_alias
    wanted = f"champion names the version with forest(trees), and {aliases} the one that was champion before"
    thirds = mine.candidates(data)[2]
    if not thirds:
        mismatch(wanted, "no version predicts the test rows as forest(trees) does")
    champion = mine.model.aliases.get("champion")
    if champion not in thirds:
        mismatch(wanted, f"champion names version {champion}" if champion else "there is no alias champion")
    before, fallback = champion_before(lab, data, champion), mine.model.aliases.get(aliases)
    if before is None:
        mismatch(wanted, "champion named no version before that one")
    if fallback != before:
        mismatch(wanted, f"{aliases} names version {fallback}" if fallback else f"there is no alias {aliases}")


@check("change.copied")
def test_copied(lab: Lab, data: Wine) -> None:
    wanted = f"{data.release_model} holds version {data.release_version} of {data.shelf.name}"
    found = lab.registry.models.get(data.release_model)
    if found is None or not found.versions:
        mismatch(wanted, f"there is no version of {data.release_model}")
    newest = max(found.versions)
    _, predicted, why = answered(lab, found.versions[newest], data)
    if predicted is None:
        mismatch(wanted, f"its version {newest} does not count: {why}")
    if list(predicted) != data.shelf.versions[data.release_version].predictions(data.test):
        mismatch(wanted, f"its version {newest} predicts otherwise")
