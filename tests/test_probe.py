"""Whatever a logged model does when it is asked: an answer or a reason in bounded time, and the next starts afresh."""

from __future__ import annotations

import os
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from grader.evidence import Unreadable, behaviour
from grader.evidence.behaviour import Answer, Behaviour, Call
from grader.lab import probe, sandbox
from grader.lab.inside.lab_guest import cputime
from grader.lab.probe import Prober
from grader.suite import court, judge

pytestmark = [pytest.mark.lab, pytest.mark.filterwarnings("ignore::UserWarning")]

ROWS = Call(("a", "b"), [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
Ask = Callable[[str], Behaviour]


@pytest.fixture(scope="module", autouse=True)
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where models are saved, and MLflow's store."""
    folder = tmp_path_factory.mktemp("models")
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/store.db"
    return folder


@pytest.fixture(scope="module")
def models(store: Path) -> Callable[[str], Path]:
    """The folder of a model of ``hostile_models``, by its class's name."""

    def saved(name: str) -> Path:
        import cloudpickle
        import mlflow.pyfunc

        from tests import hostile_models

        if not (store / name).exists():
            cloudpickle.register_pickle_by_value(hostile_models)
            cloudpickle.register_pickle_by_value(sys.modules[__name__])
            model = getattr(hostile_models, name)()
            mlflow.pyfunc.save_model(store / name, python_model=model, pip_requirements=[])
        return store / name

    return saved


@pytest.fixture(scope="module", params=["sandbox", "process"])
def prober(request: pytest.FixtureRequest) -> Iterator[Prober]:
    if request.param == "sandbox" and sandbox.unavailable():
        pytest.skip(str(sandbox.unavailable()))
    with tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        prober = Prober(Path(folder), request.param, seconds=3)
        yield prober
        prober.close()


@pytest.fixture
def ask(prober: Prober, models: Callable[[str], Path]) -> Ask:
    def asked(name: str) -> Behaviour:
        prober._work_left, prober._left = 60.0, 240.0  # each test has all the time there is
        return behaviour.understood(prober.ask(models(name), "pyfunc", [ROWS.as_json()]), 1)

    return asked


def test_a_good_model_answers(ask: Ask) -> None:
    (answer,) = ask("Good").answers
    assert answer.values == (2.0, 6.0, 10.0) and not answer.changed


@pytest.mark.proof
@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("Loops", "timeout"),
        ("Deaf", "timeout"),
        ("EatsMemoryInMany", "memory"),
        ("Leaves", "died"),
        ("KillsItsParent", "died"),
        ("Floods", "output"),
        ("LeavesWhenLoaded", "died"),
        ("LoopsWhenLoaded", "timeout"),
        ("ComputesElsewhere", "timeout"),
    ],
)
def test_no_answer_has_a_reason_and_harms_no_other(ask: Ask, name: str, failure: str) -> None:
    told = ask(name)
    assert told.failure is not None and not told.answers
    if name not in (
        "LoopsWhenLoaded",
        "EatsMemoryInMany",
    ):  # which of two limits it meets first is the machine's affair
        assert told.failure == behaviour.WHY[failure]
    assert ask("Good").answers[0].values == (2.0, 6.0, 10.0)


@pytest.mark.parametrize("name", ["EatsMemory", "Raises"])
def test_what_it_raises_is_told(ask: Ask, name: str) -> None:
    (answer,) = ask(name).answers or (None,)
    if answer is None:
        assert name == "EatsMemory"
    else:
        assert answer.values is None and answer.error and len(answer.error) <= 300


@pytest.mark.parametrize("name", ["Shapeless", "Strange"])
def test_what_is_no_prediction_is_none(ask: Ask, name: str) -> None:
    told = ask(name)
    assert told.failure or told.answers[0].error or told.answers[0].values in ((None,), ())


def test_answers_of_its_own_are_not_those_of_the_next(ask: Ask) -> None:
    told = ask("Talks")
    assert told.failure or told.answers[0].values != (2.0, 6.0, 10.0)
    assert ask("Good").answers[0].values == (2.0, 6.0, 10.0)


def test_what_it_leaves_behind_is_ended(ask: Ask) -> None:
    assert ask("LeavesOneBehind").answers[0].values == (2.0, 6.0, 10.0)
    assert ask("Good").answers
    left = [p for p in psutil.process_iter(["cmdline"]) if "time.sleep(86397)" in " ".join(p.info["cmdline"] or [])]
    assert not left


def test_a_model_that_changes_its_input_is_seen(ask: Ask) -> None:
    (answer,) = ask("ChangesItsInput").answers
    assert answer.changed


def test_rows_are_kept_before_the_model_is_loaded(prober: Prober, tmp_path: Path) -> None:
    """Its code could have whoever copies the rows keep the rows themselves."""
    folder = from_code(
        tmp_path,
        """
        import pandas
        pandas.DataFrame.copy = lambda self, deep=True: self
        pandas.DataFrame.equals = lambda self, other: True

        class Model(PythonModel):
            def predict(self, context, model_input):
                model_input["a"] = 0.0
                return list(model_input["b"])
        """,
    )
    (answer,) = answers(prober, folder, ROWS)
    assert answer.values == (2.0, 4.0, 6.0) and answer.changed


IN_PLACE = """
    class Model(PythonModel):
        def predict(self, context, model_input, params=None):
            model_input["a"] *= (params or {"by": 3.0})["by"]
            return list(model_input["a"])
"""
ON_A_COPY = """
    class Model(PythonModel):
        def predict(self, model_input):
            return list(model_input.assign(a=model_input["a"] * 3.0)["a"])
"""
LOADED = """
    class Wrapper:
        def predict(self, rows):
            rows["a"] = rows["a"] * 3.0
            return rows["a"]

    def _load_pyfunc(path):
        return Wrapper()
"""


@pytest.mark.parametrize(("code", "changes"), [(IN_PLACE, True), (ON_A_COPY, False), (LOADED, True)])
def test_beneath_its_signature_a_model_is_handed_the_rows(
    prober: Prober, tmp_path: Path, code: str, changes: bool
) -> None:
    own = replace(ROWS, method="own")
    through, beneath = answers(prober, from_code(tmp_path, code, signed=True), ROWS, own)
    assert through.values == beneath.values == (3.0, 9.0, 15.0)
    assert not through.changed, "MLflow hands on a DataFrame of its own"
    assert beneath.changed == changes


def test_beneath_its_signature_a_model_is_handed_the_params(prober: Prober, tmp_path: Path) -> None:
    own = replace(ROWS, method="own", params={"by": 2.0})
    (answer,) = answers(prober, from_code(tmp_path, IN_PLACE, signed=True), own)
    assert answer.values == (2.0, 6.0, 10.0)


def test_what_leaves_over_a_call_answers_the_next(prober: Prober, tmp_path: Path) -> None:
    folder = from_code(
        tmp_path,
        """
        class Model(PythonModel):
            def predict(self, context, model_input):
                if len(model_input) == 1:
                    model_input["a"] = 0.0
                    raise SystemExit("not one row alone")
                return list(model_input["a"])
        """,
    )
    alone, batch = answers(prober, folder, replace(ROWS, rows=ROWS.rows[:1]), ROWS)
    assert alone.values is None and alone.changed and "SystemExit" in (alone.error or "")
    assert batch.values == (1.0, 3.0, 5.0)


def from_code(folder: Path, code: str, *, signed: bool = False) -> Path:
    """A model's folder: from code, or with a loader module if the code defines one."""
    import mlflow.pyfunc
    import pandas as pd
    from mlflow.models import infer_signature

    rows = pd.DataFrame(ROWS.rows, columns=list(ROWS.columns))
    signature = infer_signature(rows, rows["a"].to_numpy(), params={"by": 3.0}) if signed else None
    text = textwrap.dedent(code)
    loaded = "_load_pyfunc" in text
    if not loaded:
        text = (
            f"from mlflow.models import set_model\nfrom mlflow.pyfunc import PythonModel\n{text}\nset_model(Model())\n"
        )
    name = f"model_{folder.name}"
    file = folder / f"{name}.py"
    file.write_text(text)
    more = {"loader_module": name, "code_paths": [str(file)]} if loaded else {"python_model": str(file)}
    mlflow.pyfunc.save_model(folder / "model", pip_requirements=[], signature=signature, **more)
    return folder / "model"


def answers(prober: Prober, folder: Path, *calls: Call) -> tuple[Answer, ...]:
    prober._work_left, prober._left = 60.0, 240.0
    told = behaviour.understood(prober.ask(folder, "pyfunc", [call.as_json() for call in calls]), len(calls))
    assert not told.failure, told.failure
    return told.answers


@pytest.mark.parametrize("prober", ["sandbox"], indirect=True)  # without one a model may write what its user may
def test_it_writes_nowhere_and_sees_models_alone(ask: Ask, prober: Prober) -> None:
    (answer,) = ask("WritesOutside").answers
    assert answer.values is not None and not any(answer.values)
    (answer,) = ask("LooksAround").answers
    assert answer.values is not None and "MLmodel" in answer.values
    assert not [name for name in answer.values if name.endswith((".db", ".parquet", ".json.crc"))]


@pytest.mark.parametrize("spent", ["_work_left", "_left"])
def test_all_questions_together_have_a_limit(prober: Prober, models: Callable[[str], Path], spent: str) -> None:
    prober._work_left, prober._left = 60.0, 240.0
    setattr(prober, spent, 0.0)
    assert prober.ask(models("Good"), "pyfunc", [ROWS.as_json()]) == {"ended": "timeout"}


@pytest.mark.parametrize("name", ["Deaf", "ComputesElsewhere", "ComputesSetLoose"])
def test_what_computes_ends_by_its_work(
    prober: Prober, models: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(cputime, "PATIENCE", 1000)
    prober._work_left, prober._left = 60.0, 3600.0
    assert prober.ask(models(name), "pyfunc", [ROWS.as_json()]) == {"ended": "timeout"}
    assert prober._work_left < 58.0, "what it has computed counts for all questions together"


def test_what_waits_ends_at_the_ceiling(prober: Prober, models: Callable[[str], Path]) -> None:
    prober._work_left, prober._left = 60.0, 3.0
    assert prober.ask(models("Loops"), "pyfunc", [ROWS.as_json()]) == {"ended": "timeout"}
    assert prober._left <= 0


def test_a_machine_that_others_use_costs_nothing(
    prober: Prober, models: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer takes longer than its work may, as on a machine whose processors others have."""
    monkeypatch.setattr(cputime, "PATIENCE", 1000)
    prober._work_left, prober._left = 60.0, 3600.0
    told = behaviour.understood(prober.ask(models("Slow"), "pyfunc", [ROWS.as_json()]), 1)
    assert told.answers[0].values == (2.0, 6.0, 10.0)


@pytest.mark.proof
def test_only_the_first_start_is_free(prober: Prober) -> None:
    for free in (True, False):
        prober.close()
        prober._was_up, prober._left = not free, 240.0
        prober._up()
        assert (prober._left == 240.0) == free


def test_the_judges_time_holds_all_questions_and_its_own_work() -> None:
    questions = cputime.PATIENCE * probe.ALL_SECONDS
    assert questions + cputime.PATIENCE * judge.CPU_SECONDS < court.JUDGE_SECONDS


def test_a_folder_that_is_no_models_is_refused(prober: Prober, models: Callable[[str], Path], tmp_path: Path) -> None:
    linked, deep = tmp_path / "linked", tmp_path / "deep"
    linked.mkdir()
    (linked / "link").symlink_to("/etc/passwd")
    deep.joinpath(*["d"] * 200).mkdir(parents=True)
    for strange in (linked, deep, tmp_path / "missing"):
        with pytest.raises(Unreadable):
            prober.ask(strange, "pyfunc", [ROWS.as_json()])
