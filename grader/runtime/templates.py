"""What every lab needs and is slow to make: MLflow's tracking store and matplotlib's list of fonts, made once.

A new SQLite store costs MLflow a second or two of migrations and a first plot costs matplotlib a search for fonts,
so both are made after installation, by the packages themselves, and each lab gets a copy.

The store has one addition: triggers that write what happens in the registry into the table ``registry_journal``:
models and versions that are made, changes of stages and aliases, tags that are set on a version. MLflow keeps the
present state alone, and a suite may have to know the order. The lab's workspace takes its webhooks' events from it.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from grader import interpreter
from grader.errors import BadInput
from grader.runtime import cache

STORE = "mlflow.db"
FONTS = "matplotlib"
MAKING_SECONDS = 300

JOURNAL = "registry_journal"
_NOW = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
_CREATE_JOURNAL = f"""
CREATE TABLE {JOURNAL} (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER, what TEXT, name TEXT, version INTEGER, old TEXT, new TEXT,
  key TEXT
)
"""
_TRIGGERS = {
    "model_made": ("AFTER INSERT ON registered_models", "'model', NEW.name, NULL, NULL, NULL, NULL"),
    "model_renamed": (
        "AFTER UPDATE OF name ON registered_models WHEN OLD.name IS NOT NEW.name",
        "'renamed', NEW.name, NULL, OLD.name, NEW.name, NULL",
    ),
    "model_gone": ("AFTER DELETE ON registered_models", "'gone', OLD.name, NULL, NULL, NULL, NULL"),
    "version_made": (
        "AFTER INSERT ON model_versions",
        "'version', NEW.name, NEW.version, NULL, NEW.current_stage, NULL",
    ),
    "stage_set": (
        "AFTER UPDATE OF current_stage ON model_versions WHEN OLD.current_stage IS NOT NEW.current_stage",
        "'stage', NEW.name, NEW.version, OLD.current_stage, NEW.current_stage, NULL",
    ),
    "tag_made": (
        "AFTER INSERT ON model_version_tags",
        "'tag', NEW.name, NEW.version, NULL, NEW.value, NEW.key",
    ),
    "tag_set": (
        "AFTER UPDATE OF value ON model_version_tags",
        "'tag', NEW.name, NEW.version, OLD.value, NEW.value, NEW.key",
    ),
    "alias_made": (
        "AFTER INSERT ON registered_model_aliases",
        "'alias', NEW.name, NEW.version, NULL, NEW.alias, NULL",
    ),
    "alias_moved": (
        "AFTER UPDATE OF version ON registered_model_aliases",
        "'alias', NEW.name, NEW.version, OLD.version, NEW.alias, NULL",
    ),
    "alias_gone": (
        "AFTER DELETE ON registered_model_aliases",
        "'alias', OLD.name, NULL, OLD.version, OLD.alias, NULL",
    ),
}


def provide(notify: cache.Notify) -> Path:
    """The folder with the templates (``mlflow.db`` and ``matplotlib/``), made now if need be.

    Raises BadInput when MLflow or matplotlib can't make them.
    """
    path = cache.folder("templates") / _key()
    if path.is_dir():
        return path
    with cache.lock("templates", notify):
        if path.is_dir():  # another grade has made it while this one waited
            return path
        notify("Preparing MLflow's tracking store (once, some seconds) ...")
        with tempfile.TemporaryDirectory(dir=path.parent) as work:
            made = Path(work) / "made"
            made.mkdir()
            _make_apart(made)
            for older in path.parent.glob(f"{path.name.partition('-')[0]}-*"):
                shutil.rmtree(older, ignore_errors=True)
            made.rename(path)
    return path


def _key() -> str:
    """``<place>-<content>``, as with archives: the templates of other environments stay."""
    place = hashlib.sha256(sys.prefix.encode()).hexdigest()[:8]
    content = f"{version('mlflow')} {version('matplotlib')}".encode() + Path(__file__).read_bytes()
    return f"{place}-{hashlib.sha256(content).hexdigest()[:16]}"


def _make_apart(folder: Path) -> None:
    """Make the templates in a process of its own: MLflow takes seconds to import and keeps what it opened."""
    command = interpreter.isolated("grader.runtime.templates", str(folder))
    environment = interpreter.environment(MLFLOW_DISABLE_TELEMETRY="true", MPLCONFIGDIR=str(folder / FONTS))
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=MAKING_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BadInput(f"MLflow's tracking store can't be made here: {error}.") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        last = said[-1].rstrip(".") if said else "it ended without a word"
        raise BadInput(f"MLflow's tracking store can't be made here: {last}. Install the requirements again.")


def make(folder: Path) -> None:
    """Make the templates in ``folder``, in this process."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(f"sqlite:///{folder / STORE}", (folder / "mlruns").as_uri())
    shutil.rmtree(folder / "mlruns", ignore_errors=True)
    with sqlite3.connect(folder / STORE) as store:
        store.execute(_CREATE_JOURNAL)
        for name, (when, what) in _TRIGGERS.items():
            store.execute(
                f"CREATE TRIGGER journal_{name} {when} BEGIN "
                f"INSERT INTO {JOURNAL} (at_ms, what, name, version, old, new, key) VALUES ({_NOW}, {what}); END"
            )
    store.close()
    import matplotlib.font_manager  # noqa: F401  its import writes the list


if __name__ == "__main__":
    make(Path(sys.argv[1]))
