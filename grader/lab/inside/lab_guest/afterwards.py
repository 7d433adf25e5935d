"""What happens in a lab once the submission has ended: new model versions arrive, and are moved to stages.

A step is a JSON object with ``model``, a registered model's name. A new version arrives with ``run_name``, ``files``
(the logged model's files: text by path), ``metrics`` and ``params`` of its run and ``tags`` of the version; with
``stage`` it is moved there at once. A step without ``files`` moves a version that is there to ``stage``: that of this
number (``version``), or the one that came with a ``run_name`` before (``arrived``); with ``archive`` what is in that
stage is archived. It is all done through the workspace, as a colleague's client would. After each step, and before the
first, the workspace is waited for until it has nothing left to do; once it has not come to rest in time, only little.
That time is CPU time of the house (:mod:`lab_guest.house`), the server and its jobs, with a ceiling in wall time.
"""

from __future__ import annotations

import json
import os
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import cputime

_API = "/api/2.0/mlflow/"
_EVERY_SECONDS = 0.1
_CALL_SECONDS = 30
_LITTLE_SECONDS = 5


def perform(steps: Sequence[Mapping[str, Any]], address: Mapping[str, str], root: Path, seconds: float) -> None:
    """See to all steps, in a child of the house. One that can't be done costs no other.

    After each it waits for at most ``seconds`` of work, or PATIENCE times as long (:class:`cputime.Limit`).
    """
    workspace = _Workspace(address)
    seconds = seconds if workspace.rest(seconds) else min(seconds, _LITTLE_SECONDS)
    arrived: dict[str, str] = {}
    for step in steps:
        try:
            if "files" in step:
                arrived[step["run_name"]] = version = _arrive(workspace, step, root)
            else:
                version = arrived[step["arrived"]] if "arrived" in step else str(step["version"])
            if "stage" in step:
                workspace.move(step["model"], version, step["stage"], archive=step.get("archive", False))
        except (OSError, ValueError, KeyError):  # The notebook removed or broke what the step needs.
            traceback.print_exc()
        seconds = seconds if workspace.rest(seconds) else min(seconds, _LITTLE_SECONDS)


def _arrive(workspace: _Workspace, step: Mapping[str, Any], root: Path) -> str:
    """Log a run with a model, register it, and return the number of the new version."""
    now = int(time.time() * 1000)
    started = {"experiment_id": "0", "run_name": step["run_name"], "start_time": now}
    run = workspace.post("runs/create", started)["run"]["info"]
    figures = [{"key": key, "value": value, "timestamp": now, "step": 0} for key, value in step["metrics"].items()]
    params = [{"key": key, "value": value} for key, value in step["params"].items()]
    workspace.post("runs/log-batch", {"run_id": run["run_id"], "metrics": figures, "params": params})
    source = f"{run['artifact_uri']}/model"
    folder = Path(urllib.parse.unquote(urllib.parse.urlparse(source).path))
    if not folder.is_relative_to(root):
        raise ValueError(f"{folder} is not in the lab")
    for name, text in step["files"].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.replace("{run_id}", run["run_id"]) if name == "MLmodel" else text)
    workspace.post("runs/update", {"run_id": run["run_id"], "status": "FINISHED", "end_time": now})
    tags = [{"key": key, "value": value} for key, value in step["tags"].items()]
    made = {"name": step["model"], "source": source, "run_id": run["run_id"], "tags": tags}
    return str(workspace.post("model-versions/create", made)["model_version"]["version"])


class _Workspace:
    def __init__(self, address: Mapping[str, str]) -> None:
        self._host = address["DATABRICKS_HOST"]
        self._headers = {"Authorization": f"Bearer {address['DATABRICKS_TOKEN']}", "Content-Type": "application/json"}

    def post(self, endpoint: str, body: Any) -> Any:
        return self._call(_API + endpoint, json.dumps(body).encode())

    def move(self, model: str, version: str, stage: str, *, archive: bool) -> None:
        moved = {"name": model, "version": version, "stage": stage, "archive_existing_versions": archive}
        self.post("model-versions/transition-stage", moved)

    def rest(self, seconds: float) -> bool:
        """Wait until nothing is to be delivered and no job runs, twice in a row; False when the time is over before."""
        house, quiet = os.getppid(), 0
        limit = cputime.Limit(seconds, lambda: cputime.spent(house))
        while quiet < 2 and not limit.over():
            try:
                quiet = 0 if any(self._call("/lab/status", None).values()) else quiet + 1
            except (OSError, ValueError):  # Being started anew.
                quiet = 0
            time.sleep(_EVERY_SECONDS)
        return quiet == 2

    def _call(self, path: str, body: bytes | None) -> Any:
        request = urllib.request.Request(self._host + path, body, self._headers)
        with urllib.request.urlopen(request, timeout=_CALL_SECONDS) as answer:
            return json.load(answer)
