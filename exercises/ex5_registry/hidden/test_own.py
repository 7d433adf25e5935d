"""Models that the learner registers: versions, what is said of them, their stages and aliases, and a copy.

A version counts when its source leads to a model in the lab. Which version is meant by 1, 2 and 3 shows in what it
predicts: who registers a model twice moves all later numbers by one, and loses the check on the numbers alone. The
plain numbers of the brief count as well. A version whose model is another one, or gives no predictions, fails the check
on that; all that is done with it is judged.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fixtures.wine import FEATURES, Reference, Row, Wine
from grader.evidence import Mismatch, Unreadable
from grader.evidence.behaviour import Answer, Call
from grader.evidence.models import Model
from grader.evidence.registry import Event, RegisteredModel, Version
from grader.suite.api import MOST_LISTED, Lab, Unmet, check, hangs_on, listed, mismatch
from grader.suite.runs import number as figure

FIRST, LAST = 4, 8
"""So many of a model's first and last versions are loaded: loading takes time, and three are asked for."""
ROUNDED = 0.0051
"""How far an accuracy may be off: two decimals are enough."""
SURE = 1e-6
"""How far a probability may be off."""
COPY = re.compile(r"models:/([^/@]+)/(\d{1,9})")

WHAT = ("tree(depth_1)", "tree(depth_2)", "forest(trees)")
HOLDS = ("register.first", "register.second", "register.third")
"""The checks on what versions 1, 2 and 3 hold."""

Numbers = tuple[int | None, int | None, int | None]


@dataclass(frozen=True)
class Held:
    """A version that leads to a model in the lab. ``predicted`` is None where that gives no predictions; ``why``."""

    version: Version
    model: Model
    predicted: tuple[float, ...] | None
    why: str

    def accuracy(self, data: Wine) -> float | None:
        return None if self.predicted is None else accuracy(self.predicted, data)


def accuracy(predicted: Sequence[float], data: Wine) -> float:
    """The share of the test rows, which come first, that are predicted rightly."""
    labels = data.test_labels
    return sum(one == label for one, label in zip(predicted, labels, strict=False)) / len(labels)


@dataclass(frozen=True)
class Own:
    """The learner's registered model: the versions that count, and why the others don't."""

    lab: Lab
    data: Wine
    model: RegisteredModel
    held: Mapping[int, Held]
    refused: Mapping[int, str]

    @cached_property
    def candidates(self) -> tuple[tuple[int, ...], ...]:
        """For each of the brief's three versions the numbers of those that hold the model asked for."""
        return tuple(
            tuple(number for number, held in self.held.items() if same(self.lab, held, reference, self.data))
            for reference in self.data.references
        )

    def at(self, numbers: Numbers, place: int) -> Held:
        """The version that stands for the brief's version ``place``; the check hangs on that one if there is none."""
        number = numbers[place - 1]
        if number is not None and number in self.held:
            return self.held[number]
        hangs_on(HOLDS[place - 1], self.lacks(number, place))

    def lacks(self, number: int | None, place: int) -> str:
        """Why there is no version ``place`` to be judged."""
        if number is not None and number in self.refused:
            return f"version {number} does not count: {self.refused[number]}"
        return f"version {place} was deleted" if place in self.model.deleted else f"there is no version {place}"

    def scores(self, numbers: Numbers, place: int) -> tuple[float, ...]:
        """The accuracies that may be told of version ``place``.

        Of one that holds another model than the brief asks for (which costs its own check) both count: its own, and
        that of the model asked for.
        """
        held = self.at(numbers, place)
        own = held.accuracy(self.data)
        if own is not None and held.version.number in self.candidates[place - 1]:
            return (own,)
        asked = accuracy(self.data.references[place - 1].labels, self.data)
        return (asked,) if own is None else (own, asked)

    @cached_property
    def story(self) -> tuple[Event, ...]:
        """What happened to the model's versions, stages and aliases since it was made, the last time if repeatedly."""
        events = [event for event in self.lab.registry.journal if event.name == self.model.name]
        starts = [at for at, event in enumerate(events) if (event.what, event.version) == ("version", 1)]
        return tuple(events[starts[-1] :] if starts else events)

    def way(self, number: int) -> tuple[str, ...]:
        """The stages that a version was in, one after another."""
        return self.lab.registry.stages(self.model.name, number)

    def stages_before(self, number: int | None) -> Mapping[int, str] | None:
        """The stages of the versions when this one was made, None if it never was."""
        stages: dict[int, str] = {}
        for event in self.story:
            if event.what == "version" and event.version == number:
                return stages
            if event.version is not None and event.what in ("version", "stage"):
                stages[event.version] = str(event.new)
        return None

    def named(self, alias: str) -> list[int]:
        """The versions that an alias named, one after another."""
        return [
            event.version
            for event in self.story
            if event.what == "alias" and event.new == alias and event.version is not None
        ]

    def champion_before(self, numbers: Numbers) -> int | None:
        """The version that ``champion`` named before version 3.

        Of several, one of versions 1 and 2 counts: the others may be earlier tries at version 3.
        """
        first, second, third = numbers
        way = self.named("champion")
        if third in way:
            del way[len(way) - way[::-1].index(third) :]
        way = [number for number in way if number != third]
        way = [number for number in way if number in (first, second)] or way
        return way[-1] if way else None


_known: list[Own] = []
"""What :func:`own` gave last: many checks ask, and comparing the answers takes a while."""


def own(lab: Lab, data: Wine) -> Own:
    """The learner's registered model. Without one all hangs on the first check, which tells so."""
    if not _known or _known[0].lab is not lab:
        _known[:] = [_own(lab, data)]
    return _known[0]


def _own(lab: Lab, data: Wine) -> Own:
    model = lab.registry.models.get(data.model_name)
    if model is None:
        hangs_on(HOLDS[0], f"the registry has no model {data.model_name}")
    held, refused = {}, {}
    numbers = sorted(model.versions)
    for number in sorted({*numbers[:FIRST], *numbers[-LAST:]}):
        version = model.versions[number]
        source = model_of(lab, version)
        if source is None:
            refused[number] = NOWHERE
        else:
            held[number] = Held(version, source, *predictions(lab, source, data))
    return Own(lab, data, model, held, refused)


NOWHERE = "what it was registered from is no model in the lab"


def model_of(lab: Lab, version: Version, steps: int = 5) -> Model | None:
    """The logged model behind a version, which may be a copy of another version. None if its files are not there."""
    found, copied = lab.source(version), COPY.fullmatch(version.source)
    if found is not None:
        return found if lies_there(found) else None
    if copied is None or not steps:
        return None
    origin = lab.registry.models.get(copied[1])
    before = origin.versions.get(int(copied[2])) if origin else None
    return model_of(lab, before, steps - 1) if before else None


def lies_there(model: Model) -> bool:
    try:
        return bool(model.flavors)
    except Unreadable:
        return False


def table(rows: Sequence[Row], method: str = "predict") -> Call:
    return Call(FEATURES, [[row[name] for name in FEATURES] for row in rows], method=method)


def predictions(lab: Lab, model: Model, data: Wine) -> tuple[tuple[float, ...] | None, str]:
    """What a model predicts for the rows asked about, a number each; else None, and why there is no such answer."""
    try:
        (answer,) = lab.predict(model, table(data.asked))
    except Mismatch as failure:
        return None, failure.found
    except Unreadable as failure:
        return None, str(failure)
    if answer.values is None:
        return None, f"its predict raised {answer.error}"
    if len(answer.values) != len(data.asked):
        return None, f"it gives {len(answer.values)} predictions for {len(data.asked)} rows"
    try:
        return tuple(map(float, answer.values)), ""
    except (TypeError, ValueError, OverflowError):
        return None, "its predictions are not numbers"


def same(lab: Lab, held: Held, reference: Reference, data: Wine) -> bool:
    """Whether a version holds the model of a reference: the same labels, and the same probabilities if it has any."""
    if held.predicted != reference.labels:
        return False
    found = probabilities(lab, held.model, data)
    return found is None or all(
        math.isclose(one, other, abs_tol=SURE)
        for row, right in zip(found, reference.probabilities, strict=True)
        for one, other in zip(row, right, strict=True)
    )


def probabilities(lab: Lab, model: Model, data: Wine) -> list[list[float]] | None:
    """The probabilities that a model gives for the rows asked about; None unless it is one of scikit-learn's."""
    try:
        if "sklearn" not in model.flavors:
            return None
        (answer,) = lab.predict(model, table(data.asked, "predict_proba"), flavor="sklearn")
    except (Mismatch, Unreadable):
        return None
    return rows_of_floats(answer, len(data.asked), len(data.references[0].probabilities[0]))


def rows_of_floats(answer: Answer, count: int, width: int) -> list[list[float]] | None:
    rows: Any = answer.values
    if rows is None or len(rows) != count:
        return None
    right = all(isinstance(row, list) and len(row) == width and all(isinstance(p, float) for p in row) for row in rows)
    return list(rows) if right else None


def numbers_meant(mine: Own) -> Iterator[Numbers]:
    """What the brief's versions 1, 2 and 3 may be: by what they hold, the fullest first; then by the plain numbers."""
    choices: list[Sequence[int | None]] = []
    for place, some in enumerate(mine.candidates, start=1):
        choices.append(some or ([place, None] if place in mine.model.versions else [None]))
    found: list[Numbers] = []
    for first, second, third in itertools.product(*choices):
        named = [number for number in (first, second, third) if number is not None]
        if len(set(named)) == len(named):
            found.append((first, second, third))
    yield from sorted(found, key=lambda numbers: numbers.count(None))
    first, second, third = (place if place in mine.model.versions else None for place in (1, 2, 3))
    yield first, second, third


def judged(mine: Own, judge: Callable[[Numbers], None]) -> None:
    """Pass when the judge is content with one meaning of the three numbers; else its first complaint."""
    complaint: Mismatch | Unmet | None = None
    for numbers in numbers_meant(mine):
        try:
            return judge(numbers)
        except (Mismatch, Unmet) as found:
            complaint = complaint or found
    assert complaint is not None
    raise complaint


def depends(test: Callable[[Lab, Wine], None], check_id: str, mine: Own, wanted: str, found: str) -> None:
    """End a check for a reason that another one tells, if it does; else as failed."""
    try:
        test(mine.lab, mine.data)
    except (Mismatch, Unmet):
        hangs_on(check_id, found)
    mismatch(wanted, found)


def holds(mine: Own, place: int) -> None:
    """Judge that a version holds the model that the brief asks for as version ``place``."""
    if mine.candidates[place - 1]:
        return
    wanted = f"a version of {mine.model.name} answers as {WHAT[place - 1]} does, for the test rows and for others"
    if place not in mine.held:
        mismatch(wanted, mine.lacks(place, place))
    held, reference = mine.held[place], mine.data.references[place - 1]
    if held.predicted is None:
        mismatch(wanted, f"version {place} gives no predictions: {held.why}")
    for what, some in zip(WHAT, mine.candidates, strict=True):
        if place in some:
            mismatch(wanted, f"version {place} answers as {what} does")
    wrong = sum(one != other for one, other in zip(held.predicted, reference.labels, strict=True))
    otherwise = f"predicts {wrong} of these {len(reference.labels)} rows otherwise"
    mismatch(wanted, f"version {place} {otherwise if wrong else 'gives other probabilities'}")


@check("register.first")
def test_first(lab: Lab, data: Wine) -> None:
    if data.model_name not in lab.registry.models:
        mismatch(f"a registered model {data.model_name}", f"the registry has no model {data.model_name}")
    holds(own(lab, data), 1)


@check("register.second")
def test_second(lab: Lab, data: Wine) -> None:
    mine = own(lab, data)
    holds(mine, 2)
    seconds = mine.candidates[1]
    firsts = mine.candidates[0] or {1} - set(seconds)
    others = [origins(lab, mine.held[number]) for number in firsts if number in mine.held]
    mines = [origins(lab, mine.held[number]) for number in seconds]
    if others and not any(one.isdisjoint(other) for one in mines for other in others):
        mismatch("version 2 comes from another run than version 1", "one run logged both")


def origins(lab: Lab, held: Held) -> set[str]:
    """The ids of the runs that logged a version's model."""
    runs = (lab.tracking.run(run_id) for run_id in (held.model.run_id, held.version.run_id))
    return {run.id for run in runs if run is not None and any(one.path == held.model.path for one in run.models)}


@check("register.third")
def test_third(lab: Lab, data: Wine) -> None:
    holds(own(lab, data), 3)


@check("register.versions")
def test_versions(lab: Lab, data: Wine) -> None:
    mine = own(lab, data)
    wanted = f"the versions of {data.model_name} are 1, 2 and 3, in the order of the tasks"
    numbers = set(mine.model.versions)
    if numbers - {1, 2, 3}:
        told = f"its versions are {listed(sorted(numbers))}"
        for what, some in zip(WHAT, mine.candidates, strict=True):
            if len(some) > 1:
                told += f"; versions {listed(some)} hold {what}"
        mismatch(wanted, told)
    for place, some in enumerate(mine.candidates, start=1):
        if not some and place not in mine.held:
            hangs_on(HOLDS[place - 1], mine.lacks(place, place))
        if some and place not in some:
            mismatch(wanted, f"{WHAT[place - 1]} is version {some[0]}")


@check("register.lineage")
def test_lineage(lab: Lab, data: Wine) -> None:
    mine = own(lab, data)
    wanted = "every version leads back to the run that logged its model"
    if not mine.held:
        mine.at((min(mine.refused, default=None), None, None), 1)
    for number, held in mine.held.items():
        run = lab.tracking.run(held.version.run_id or held.model.run_id)
        if run is None or run.deleted:
            mismatch(wanted, f"version {number} leads to no run")
        if run.id not in origins(lab, held):
            mismatch(wanted, f"version {number} names a run that did not log its model")


def plain(text: str) -> str:
    """Text as it is compared: line breaks and capitals don't matter."""
    return " ".join(text.split()).casefold()


@check("describe.model")
def test_model_description(lab: Lab, data: Wine) -> None:
    found = own(lab, data).model
    wanted = f"the description of the registered model {data.model_name} holds the text in purpose"
    if plain(data.purpose) not in plain(found.description):
        for number, version in found.versions.items():
            if plain(data.purpose) in plain(version.description):
                mismatch(wanted, f"the text is on version {number}, not on the model")
        mismatch(wanted, "it is another text" if found.description else "it has no description")


@check("describe.tag")
def test_model_tag(lab: Lab, data: Wine) -> None:
    (key, value), found = data.model_tag, own(lab, data).model
    wanted = f"the registered model {data.model_name} has the tag {key} = {value}"
    if key not in found.tags:
        for number, version in found.versions.items():
            if key in version.tags:
                mismatch(wanted, f"version {number} has the tag {key}, the model does not")
        mismatch(wanted, f"the model has no tag {key}")
    if found.tags[key].strip() != value:
        mismatch(wanted, f"its tag {key} has another value")


@check("describe.version")
def test_version_description(lab: Lab, data: Wine) -> None:
    mine, wanted = own(lab, data), "the description of version 2 holds the text in note"

    def judge(numbers: Numbers) -> None:
        version = mine.at(numbers, 2).version
        if plain(data.note) in plain(version.description):
            return
        if plain(data.note) in plain(mine.model.description):
            mismatch(wanted, "the text is on the model, not on the version")
        for number, other in mine.model.versions.items():
            if plain(data.note) in plain(other.description):
                mismatch(wanted, f"the text is on version {number}")
        mismatch(wanted, "it is another text" if version.description else "it has no description")

    judged(mine, judge)


@check("describe.score")
def test_scores(lab: Lab, data: Wine) -> None:
    mine, key = own(lab, data), data.score_key
    wanted = f"versions 1 and 2 have the tag {key}: the share of test rows that each predicts rightly"

    def judge(numbers: Numbers) -> None:
        both = [mine.at(numbers, place).version for place in (1, 2)]
        for place, version in enumerate(both, start=1):
            text = version.tags.get(key)
            if text is None:
                there = "; the model has it" if key in mine.model.tags else ""
                mismatch(wanted, f"version {version.number} has no tag {key}{there}")
            found = figure(text)
            if found is None:
                mismatch(wanted, f"the tag of version {version.number} is not a figure")
            if not any(abs(found - score) <= ROUNDED for score in mine.scores(numbers, place)):
                percent = any(abs(found - 100 * score) <= 1 for score in mine.scores(numbers, place))
                what = "in percent" if percent else "not its accuracy on the test rows"
                mismatch(wanted, f"the figure on version {version.number} is {what}")

    judged(mine, judge)


def promoted(lab: Lab, data: Wine, place: int) -> None:
    mine, wanted = own(lab, data), f"version {place} goes to Staging and from there to Production"

    def judge(numbers: Numbers) -> None:
        number = mine.at(numbers, place).version.number
        way = mine.way(number)
        if ("Staging", "Production") not in itertools.pairwise(way):
            mismatch(wanted, f"the stages of version {number}, one after another: {', '.join(way[:MOST_LISTED])}")

    judged(mine, judge)


@check("stages.first")
def test_first_promoted(lab: Lab, data: Wine) -> None:
    promoted(lab, data, 1)


@check("stages.second")
def test_second_promoted(lab: Lab, data: Wine) -> None:
    promoted(lab, data, 2)


@check("stages.archived")
def test_archived(lab: Lab, data: Wine) -> None:
    mine, wanted = own(lab, data), "version 2 alone is in Production, version 1 is archived"

    def judge(numbers: Numbers) -> None:
        first, second = (mine.at(numbers, place).version.number for place in (1, 2))
        now = {number: version.stage for number, version in mine.model.versions.items()}
        # What has become of the stages since version 3 was made is for the check on that. Who makes it first and sees
        # to the stages later is judged by how they are.
        then = mine.stages_before(numbers[2])
        if replaced(now, first, second) or (then is not None and replaced(then, first, second)):
            return
        if "Production" not in mine.way(second):
            depends(test_second_promoted, "stages.second", mine, wanted, f"version {second} never was in Production")
        stages = then if then is not None and then.get(second) == "Production" else now
        live = [number for number, stage in sorted(stages.items()) if stage == "Production"]
        if second not in live:
            mismatch(wanted, f"version {second} is in the stage {stages.get(second)}")
        if len(live) > 1:
            mismatch(wanted, f"in Production: versions {listed(live)}")
        if "Production" not in mine.way(first):
            depends(test_first_promoted, "stages.first", mine, wanted, f"version {first} never was in Production")
        mismatch(wanted, f"version {first} is in the stage {stages.get(first)}")

    judged(mine, judge)


def replaced(stages: Mapping[int, str], first: int, second: int) -> bool:
    """Whether the second version alone is in Production, and the first one archived."""
    live = [number for number, stage in stages.items() if stage == "Production"]
    return live == [second] and stages.get(first) == "Archived"


def by_score(mine: Own, numbers: Numbers) -> tuple[set[int], set[int]]:
    """Versions 1 and 2, the better and the worse one; should they tie, each may be either."""
    first, second = (mine.at(numbers, place).version.number for place in (1, 2))
    better, worse = set(), set()
    for one, other in itertools.product(mine.scores(numbers, 1), mine.scores(numbers, 2)):
        better |= {first} if one > other else {second} if other > one else {first, second}
        worse |= {first} if one < other else {second} if other < one else {first, second}
    return better, worse


@check("aliases.champion")
def test_champion(lab: Lab, data: Wine) -> None:
    mine = own(lab, data)
    wanted = "until version 3 took over, champion named the better of versions 1 and 2 on the test rows"

    def judge(numbers: Numbers) -> None:
        better, _ = by_score(mine, numbers)
        named = mine.champion_before(numbers)
        if named is None:
            at_once = "champion" in mine.model.aliases
            mismatch(wanted, "champion named version 3 only" if at_once else "there is no alias champion")
        if named not in better:
            worse = ", which predicts fewer of them rightly" if named in numbers[:2] else ""
            mismatch(wanted, f"champion named version {named}{worse}")

    judged(mine, judge)


@check("aliases.challenger")
def test_challenger(lab: Lab, data: Wine) -> None:
    mine, wanted = own(lab, data), "challenger names the one of versions 1 and 2 that was not champion"

    def judge(numbers: Numbers) -> None:
        named = mine.named("challenger")
        if not named:
            mismatch(wanted, "there is no alias challenger")
        # That it stays when version 3 takes over is for the check on that.
        if not challengers(mine, numbers).intersection(named):
            mismatch(wanted, f"challenger names version {named[-1]}")

    judged(mine, judge)


def challengers(mine: Own, numbers: Numbers) -> set[int | None]:
    """The versions that ``challenger`` may name: the worse one, and the one that was not taken as champion."""
    _, worse = by_score(mine, numbers)
    pair, named = set(numbers[:2]), mine.champion_before(numbers)
    return worse | (pair - {named} if named in pair else set())


@check("aliases.promoted")
def test_third_takes_over(lab: Lab, data: Wine) -> None:
    mine, alias = own(lab, data), data.fallback_alias
    wanted = f"champion names version 3, and {alias} the version that was champion until then"

    def judge(numbers: Numbers) -> None:
        third = mine.at(numbers, 3).version
        champion, fallback = mine.model.aliases.get("champion"), mine.model.aliases.get(alias)
        if champion != third.number:
            mismatch(wanted, f"champion names version {champion}" if champion else "there is no alias champion")
        if fallback is None:
            mismatch(wanted, f"there is no alias {alias}")
        before = mine.champion_before(numbers)
        if before is None:
            if fallback not in by_score(mine, numbers)[0]:
                depends(test_champion, "aliases.champion", mine, wanted, "champion named no version before version 3")
        elif fallback != before:
            mismatch(wanted, f"{alias} names version {fallback}")
        challenger_stays(mine, numbers)
        stages_stay(mine, numbers)

    judged(mine, judge)


def challenger_stays(mine: Own, numbers: Numbers) -> None:
    """Judge that the alias ``challenger``, if it ever was right, still is."""
    right, now = challengers(mine, numbers), mine.model.aliases.get("challenger")
    then = [number for number in mine.named("challenger") if number in right]
    if then and now not in right:
        moved = f"it names version {now} now" if now else "it was removed"
        wanted = "challenger stays where it is when version 3 takes over"
        mismatch(wanted, f"challenger named version {then[-1]}, and {moved}")


def stages_stay(mine: Own, numbers: Numbers) -> None:
    """Judge that version 3 has no stage, and that versions 1 and 2, if all was well with theirs, kept them."""
    first, second, third = numbers
    wanted = "version 3 takes over by its aliases alone: it has no stage, and versions 1 and 2 keep theirs"
    now = {number: version.stage for number, version in mine.model.versions.items()}
    if third in now and now[third] != "None":
        mismatch(wanted, f"version {third} is in the stage {now[third]}")
    then = mine.stages_before(third)
    if first is None or second is None or then is None or not replaced(then, first, second):
        return
    for number in (first, second):
        if number in now and now[number] != then[number]:
            mismatch(wanted, f"version {number} went from {then[number]} to {now[number]} after version 3 was made")


@check("change.copied")
def test_copied(lab: Lab, data: Wine) -> None:
    wanted = f"{data.release_model} holds version {data.release_version} of {data.shelf.name}"
    found = lab.registry.models.get(data.release_model)
    if found is None or not found.versions:
        mismatch(wanted, f"there is no version of {data.release_model}")
    newest = max(found.versions)
    model = model_of(lab, found.versions[newest])
    if model is None:
        mismatch(wanted, f"its version {newest} does not count: {NOWHERE}")
    predicted, why = predictions(lab, model, data)
    if predicted is None:
        mismatch(wanted, f"its version {newest} gives no predictions: {why}")
    for number, version in data.shelf.versions.items():
        if list(predicted) == version.predictions(data.asked):
            if number == data.release_version:
                return
            mismatch(wanted, f"its version {newest} predicts as version {number} does")
    mismatch(wanted, f"its version {newest} predicts otherwise")
