"""MLflow in a lab is as a Databricks ML runtime has it, where it would be otherwise elsewhere; and no more than that.

The cells here run in a process of their own, set up as a lab's kernel is.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
from pathlib import Path
from typing import Any

import pytest

from grader.evidence import registry, tracking
from grader.lab import warned
from grader.runtime.templates import STORE
from tests.apart import apart, new_store

pytestmark = pytest.mark.server

Told = dict[str, Any]

INSIDE = Path(__file__).parents[1] / "grader" / "lab" / "inside"
NAMES = ["databricks", "databricks://profile", "databricks-uc", "databricks-uc://profile"]
CELL = """
import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

def doubled(rows):
    return np.asarray(rows) * 2

pipeline = make_pipeline(FunctionTransformer(doubled), LinearRegression()).fit([[1.0], [2.0]], [2.0, 4.0])
"""
NEEDS_CODE = """
import sys

import mlflow.pyfunc

sys.path.insert(0, "")  # as in a notebook
from house_rules import added

class Added(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return added(model_input)
"""


def settle() -> Told:
    sys.path.insert(0, str(INSIDE))
    parity: Any = importlib.import_module("lab_guest.parity")
    before = {name for name in sys.modules if name.split(".")[0] == "mlflow"}
    parity.settle()
    loaded = {name for name in sys.modules if name.split(".")[0] == "mlflow"} - before
    import mlflow

    return {"loaded": sorted(loaded), "names": [mlflow.set_tracking_uri.__name__, mlflow.set_registry_uri.__name__]}


def ask_for_uris() -> Told:
    """What becomes of Databricks' URIs, and of others."""
    settled = settle()
    import mlflow
    from mlflow import MlflowClient

    told: Told = {"settled": settled, "doc": bool(mlflow.set_tracking_uri.__doc__), "tracking": {}, "registry": {}}
    told["clients"] = {}
    for uri in (*NAMES, None):
        if uri != "databricks-uc" and uri != "databricks-uc://profile":
            mlflow.set_tracking_uri(uri)
            told["tracking"][uri] = mlflow.get_tracking_uri()
        if uri is not None:
            mlflow.set_registry_uri(uri)
            told["registry"][uri] = mlflow.get_registry_uri()
            client = MlflowClient(tracking_uri="databricks", registry_uri=uri)
            name = f"main.default.{uri.partition(':')[0]}_{len(told['clients'])}"
            client.create_registered_model(name)
            told["clients"][uri] = name
    mlflow.set_tracking_uri("databricks")
    mlflow.set_experiment("/Users/learner@example.com/parity")
    with mlflow.start_run(run_name="logged"):
        mlflow.log_metric("loss", 0.5)
    other = f"sqlite:///{Path.cwd()}/other.db"
    mlflow.set_tracking_uri(other)
    told["other"] = mlflow.get_tracking_uri() == other
    return told


def log_and_register(adjusted: bool) -> Told:
    """A model that only cloudpickle can save, logged and registered as a notebook would, and what is printed then."""
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed):
        if adjusted:
            settle()
        import mlflow
        from mlflow import MlflowClient

        if adjusted:
            mlflow.set_registry_uri("databricks-uc")
        client = MlflowClient()
        cell = sys.modules["__main__"].__dict__
        exec(CELL, cell)
        told: Told = {}
        mlflow.set_experiment("/Users/learner@example.com/models")
        with mlflow.start_run():
            try:
                info = mlflow.sklearn.log_model(cell["pipeline"], artifact_path="model")
                told["predicted"] = mlflow.pyfunc.load_model(info.model_uri).predict([[3.0]]).tolist()
                told["format"] = info.flavors["sklearn"]["serialization_format"]
            except Exception as error:
                told["refused"] = type(error).__name__
            plain = mlflow.sklearn.log_model(cell["pipeline"][-1], name="plain", serialization_format="pickle")
            told["asked for"] = plain.flavors["sklearn"]["serialization_format"]
            if adjusted:
                Path("house_rules.py").write_text("def added(rows):\n    return rows + 1\n")
                exec(NEEDS_CODE, cell)
                info = mlflow.pyfunc.log_model(name="added", python_model=cell["Added"](), infer_code_paths=True)
                folder = Path(mlflow.artifacts.download_artifacts(info.model_uri))
                told["code"] = sorted(path.name for path in (folder / "code").glob("*.py"))
            logged = mlflow.sklearn.log_model(cell["pipeline"][-1], "by run")
        made = mlflow.register_model(f"runs:/{logged.run_id}/by run", "main.default.price")
        for _ in range(9):
            last = client.create_model_version("main.default.price", plain.model_uri)
        client.set_registered_model_alias("main.default.price", "champion", made.version)
        client.set_registered_model_alias("main.default.price", "first", 1)
        client.set_registered_model_alias("main.default.price", "newest", last.version)
        client.transition_model_version_stage("main.default.price", last.version, "Staging")
        versions = [
            *(made, last, client.get_model_version("main.default.price", 1)),
            client.get_model_version_by_alias("main.default.price", "champion"),
            *client.search_model_versions("name = 'main.default.price'"),
            *client.get_latest_versions("main.default.price"),
            *client.get_registered_model("main.default.price").latest_versions,
        ]
        told["versions"] = [version.version for version in versions]
        told["aliases"] = sorted(client.get_model_version("main.default.price", "1").aliases)
        told["aliases of the latest"] = {v.version: v.aliases for v in client.get_latest_versions("main.default.price")}
        loaded = mlflow.pyfunc.load_model("models:/main.default.price@champion")
        told["loaded"] = loaded.predict([[3.0]]).tolist()
    told["printed"] = printed.getvalue()
    return told


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("parity") / "root"
    new_store(root)
    return root


@pytest.fixture(scope="module")
def uris(lab: Path) -> Told:
    return apart(lab, ask_for_uris)


@pytest.fixture(scope="module")
def logged(lab: Path, uris: Told) -> Told:
    return apart(lab, log_and_register, True)


def test_settling_loads_nothing(uris: Told) -> None:
    assert uris["settled"]["loaded"] == []


def test_what_was_adjusted_goes_by_its_name(uris: Told) -> None:
    assert uris["settled"]["names"] == ["set_tracking_uri", "set_registry_uri"] and uris["doc"]


def test_databricks_is_the_labs_own_store(uris: Told, lab: Path) -> None:
    own = f"sqlite:///{lab}/{STORE}"
    assert set(uris["tracking"].values()) == {own} and set(uris["tracking"]) == {*NAMES[:2], None}
    assert set(uris["registry"].values()) == {own} and set(uris["registry"]) == set(NAMES)
    assert uris["other"], "another URI is taken at its word"


@pytest.mark.proof
def test_what_is_written_to_databricks_is_in_the_labs_store(uris: Told, logged: Told, lab: Path) -> None:
    store = tracking.open_store(lab / STORE, lab, str(lab))
    (run,) = store.named("logged")
    assert run.metric("loss") == 0.5 and run.experiment == "/Users/learner@example.com/parity"
    models = registry.open_registry(lab / STORE).models
    assert set(models) == {*uris["clients"].values(), "main.default.price"}
    assert models["main.default.price"].aliases == {"champion": 1, "first": 1, "newest": 10}
    assert list(models["main.default.price"].versions) == list(range(1, 11))


def test_any_estimator_can_be_logged(logged: Told) -> None:
    assert logged["format"] == "cloudpickle"
    assert logged["predicted"] == pytest.approx([6.0]) and "refused" not in logged
    assert logged["asked for"] == "pickle", "what a cell asks for, it gets"


def test_code_that_a_model_needs_is_found_when_asked_for(logged: Told) -> None:
    assert logged["code"] == ["house_rules.py"]


def test_a_versions_number_is_text(logged: Told) -> None:
    assert all(isinstance(number, str) for number in logged["versions"])
    assert set(logged["versions"]) == {str(number) for number in range(1, 11)}
    assert max(logged["versions"]) == "9", "sorted as on Databricks"


def test_a_version_knows_its_aliases(logged: Told) -> None:
    assert logged["aliases"] == ["champion", "first"]
    assert logged["aliases of the latest"] == {"9": [], "10": ["newest"]}
    assert logged["loaded"] == pytest.approx([3.0])


def test_what_is_no_business_of_the_learners_is_not_printed(logged: Told) -> None:
    printed = logged["printed"]
    assert "pip requirements" not in printed and "pickle or cloudpickle" not in printed
    assert "has no artifacts at" not in printed
    assert any("artifact_path" in line for line in warned.gather(printed)), "a warning of the learner's own shows"


@pytest.mark.proof
def test_elsewhere_it_would_be_otherwise(tmp_path: Path) -> None:
    """Each adjustment has its reason still: where MLflow has come to do the same by itself, it can go."""
    new_store(tmp_path / "root")
    told = apart(tmp_path / "root", log_and_register, False)
    assert "refused" in told
    assert all(isinstance(number, int) for number in told["versions"])
    assert "pip requirements" in told["printed"] and "has no artifacts at" in told["printed"]
