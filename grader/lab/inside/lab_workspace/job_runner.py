"""Runs jobs: starts what is due as processes of their own, ends what is to be ended, and keeps how each went.

All that is known of a run is in the database, and each step is one transaction: a server that is started anew goes on
where the last one stood. Only of a task that was under way nothing more can be known: it has failed, and is tried again
if its job has retries left for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import sys
import traceback
from pathlib import Path
from typing import Any

from lab_guest import interpreter

from . import files, job_values
from .job_outcomes import STOPPED, conclude, counts_as, end_run, holds, latest, read, verdict
from .job_runs import References, create_run
from .job_settings import MOST_RETRIES, kind_of
from .job_store import OVER, insert, new_id, update
from .services import Services
from .shapes import wrong
from .state import now_ms
from .wire import ApiError

MOST_AT_ONCE = 2
"""Tasks that run at the same time."""
MOST_DEPTH = 3
"""How deep jobs may run jobs."""
MOST_SOURCE = 1 << 20
"""Characters of a notebook's or script's text that are kept with the run."""
LONGEST_SECONDS = 600.0
"""How long a task may run that sets no limit itself."""
GRACE_SECONDS = 2.0
"""How long a task that is ended has to leave what it has printed."""
FOLDER = ".jobs"

FAILED = "Workload failed, see run output for details"
RESTARTED = "The workspace was restarted while the task ran"
_PRIVATE = ("_MLFLOW_", "LAB_WORKSPACE_", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION")
"""Beginnings of what in the server's environment is no task's business."""


class Runner:
    """Looks after all runs of a workspace."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._state = services.state
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._longest = float(os.environ.get("LAB_WORKSPACE_TASK_SECONDS", LONGEST_SECONDS))

    def nudge(self) -> None:
        """Look for work now. May be called from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended: the next server looks
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Work until cancelled; nothing runs any more on return."""
        self._recover()
        try:
            while True:
                self._wake.clear()
                try:
                    seconds = self._step()
                except Exception:  # a full disk, say: it is all still to be done
                    traceback.print_exc(file=sys.stderr)
                    seconds = 1.0
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), seconds)
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    def _recover(self) -> None:
        """Tell of what ran when the server ended, which has ended with it."""
        with self._state.change() as changing:
            rows = changing.execute(
                "SELECT * FROM task_runs WHERE end_ms IS NULL AND start_ms IS NOT NULL AND child_run_id IS NULL"
            ).fetchall()
            for row in rows:
                told = read(self._folder(row["run_id"]))
                if told is None:
                    told = {"status": "restarted", "error": RESTARTED}
                self._keep(changing, row, told)
        shutil.rmtree(self._services.settings.root / FOLDER, ignore_errors=True)

    # What is due

    def _step(self) -> float | None:
        """Do what is due and say in how many seconds something will be, None when nothing is known."""
        if self._state.row("SELECT 1 FROM job_runs WHERE end_ms IS NULL LIMIT 1") is None:
            return None
        soon: list[float] = []
        with self._state.change() as changing:
            self._unqueue(changing)
            for run in changing.execute("SELECT * FROM job_runs WHERE end_ms IS NULL AND state != 'QUEUED'").fetchall():
                self._advance(changing, run, soon)
        for row in self._state.rows(
            "SELECT t.* FROM task_runs t JOIN job_runs r ON r.run_id = t.job_run_id "
            "WHERE t.state IN ('PENDING', 'WAITING_FOR_RETRY') AND r.state IN ('PENDING', 'RUNNING') ORDER BY t.number"
        ):
            wait = ((row["due_ms"] or 0) - now_ms()) / 1000
            if wait > 0:
                soon.append(wait)
                continue
            program = kind_of(json.loads(row["task"])) in ("notebook_task", "spark_python_task")
            if program and len(self._busy) >= MOST_AT_ONCE:
                continue
            try:
                (self._begin if program else self._decide)(row)
            except (ApiError, OSError, ValueError) as error:
                self._refuse(row, error)
            self._wake.set()
        return max(0.01, min(soon)) if soon else None

    def _unqueue(self, changing: sqlite3.Connection) -> None:
        for run in changing.execute("SELECT * FROM job_runs WHERE state = 'QUEUED' ORDER BY number").fetchall():
            if run["stop"]:
                end_run(changing, run, *STOPPED[run["stop"]])
                continue
            most = json.loads(run["settings"]).get("max_concurrent_runs", 1)
            own = changing.execute(
                "SELECT count(*) FROM job_runs WHERE job_id = ? AND end_ms IS NULL AND state != 'QUEUED'",
                (run["job_id"],),
            ).fetchone()[0]
            if own < most:
                update(changing, "job_runs", run["run_id"], state="PENDING", start_ms=now_ms(), message="")

    def _advance(self, changing: sqlite3.Connection, run: sqlite3.Row, soon: list[float]) -> None:
        """Bring one run forward: end what is to be ended, and set free the tasks whose others are over."""
        stop, limit = run["stop"], self._limit(changing, run)
        if not stop and limit:
            left = (run["start_ms"] - now_ms()) / 1000 + limit
            if left > 0:
                soon.append(left)
            else:
                stop = "job_timeout"
        if stop:
            update(changing, "job_runs", run["run_id"], stop=stop, state="TERMINATING")
        while True:
            tasks = latest(changing, run["run_id"])
            moved = False
            for row in tasks.values():
                if row["state"] in OVER:
                    continue
                if stop or row["stop"]:
                    moved |= self._stop(changing, row, row["stop"] or stop)
                elif row["state"] == "BLOCKED":
                    moved |= self._free(changing, row, tasks)
                elif row["child_run_id"]:
                    moved |= self._look_at_child(changing, row)
                elif row["state"] == "RUNNING":
                    self._watch(changing, row, soon)
            if not moved:
                break
        if all(row["state"] in OVER for row in tasks.values()):
            conclude(changing, run, stop, tasks)
            self._wake.set()

    def _limit(self, changing: sqlite3.Connection, run: sqlite3.Row) -> int:
        """The run's time in seconds; a change of the job's counts for runs under way. 0 when there is none."""
        job = changing.execute("SELECT settings FROM jobs WHERE job_id = ?", (run["job_id"],)).fetchone()
        return int(json.loads((job or run)["settings"]).get("timeout_seconds", 0))

    def _watch(self, changing: sqlite3.Connection, row: sqlite3.Row, soon: list[float]) -> None:
        seconds = json.loads(row["task"]).get("timeout_seconds") or self._longest
        left = (row["start_ms"] - now_ms()) / 1000 + seconds
        if left > 0:
            soon.append(left)
        else:
            self._stop(changing, row, "timeout")

    def _stop(self, changing: sqlite3.Connection, row: sqlite3.Row, why: str) -> bool:
        """End a task that is not over. True when it has ended with this."""
        if row["child_run_id"]:
            changing.execute(
                "UPDATE job_runs SET stop = ? WHERE run_id = ? AND end_ms IS NULL AND stop IS NULL",
                ("user", row["child_run_id"]),
            )
            self._wake.set()
        elif row["start_ms"] is not None and row["run_id"] in self._busy:
            if row["stop"] is None or row["state"] != "TERMINATING":
                update(changing, "task_runs", row["run_id"], stop=row["stop"] or why, state="TERMINATING")
                self._end(row["run_id"])
            return False
        result, code, message = STOPPED[why]
        update(
            changing,
            "task_runs",
            row["run_id"],
            state="TERMINATED",
            result=result,
            code=code,
            message=message,
            stop=why,
            end_ms=now_ms(),
        )
        return True

    def _end(self, run_id: int) -> None:
        """End a task's processes: asked first, for it to leave what it has printed."""
        process = self._processes.get(run_id)
        if process is None:  # not started yet: it looks for itself
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        self._loop.call_later(GRACE_SECONDS, _kill_what_stayed, process)

    def _free(self, changing: sqlite3.Connection, row: sqlite3.Row, tasks: dict[str, sqlite3.Row]) -> bool:
        task = json.loads(row["task"])
        others = [(tasks[each["task_key"]], each.get("outcome")) for each in task["depends_on"]]
        if any(other["state"] not in OVER for other, _ in others):
            return False
        result = verdict(task.get("run_if", "ALL_SUCCESS"), [counts_as(other, outcome) for other, outcome in others])
        if result is None:
            update(changing, "task_runs", row["run_id"], state="PENDING")
            return False
        told = {
            "UPSTREAM_FAILED": "An upstream task failed.",
            "UPSTREAM_CANCELED": "An upstream task was cancelled.",
            "EXCLUDED": "The conditions to run the task were not met.",
        }[result]
        update(
            changing,
            "task_runs",
            row["run_id"],
            state="SKIPPED",
            result=result,
            code="SKIPPED",
            message=told,
            end_ms=now_ms(),
        )
        return True

    def _look_at_child(self, changing: sqlite3.Connection, row: sqlite3.Row) -> bool:
        child = changing.execute("SELECT * FROM job_runs WHERE run_id = ?", (row["child_run_id"],)).fetchone()
        if child["end_ms"] is None:
            return False
        if child["result"] in ("SUCCESS", "SUCCESS_WITH_FAILURES"):
            self._keep(changing, row, {"status": "ok"})
        else:
            why = f"Run {child['run_id']} of job {child['job_id']} ended with {child['result']}: {child['message']}"
            self._keep(changing, row, {"status": "error", "error": why})
        return True

    # Tasks

    def _prepared(self, row: sqlite3.Row) -> tuple[dict[str, Any], sqlite3.Row, dict[str, Any], dict[str, Any]]:
        """A task with its references replaced, its run, the values of the tasks so far, and its parameters."""
        state = self._state
        task = json.loads(row["task"])
        (run,) = state.rows("SELECT * FROM job_runs WHERE run_id = ?", row["job_run_id"])
        values: dict[str, dict[str, Any]] = {}
        for each in state.rows("SELECT * FROM task_values WHERE job_run_id = ?", run["run_id"]):
            values.setdefault(each["task_key"], {})[each["name"]] = json.loads(each["value"])
        with state.change() as changing:
            others = {
                key: {
                    "values": values.get(key, {}),
                    "run_id": other["run_id"],
                    "result_state": other["result"] and other["result"].lower(),
                    "error_code": other["code"],
                    "execution_count": other["attempt"] + 1,
                    "notebook_path": other["path"],
                }
                for key, other in latest(changing, run["run_id"]).items()
            }
        parameters = {each["name"]: each["value"] for each in json.loads(run["job_parameters"])}
        facts = {
            "job_id": run["job_id"],
            "run_id": run["run_id"],
            "name": run["run_name"],
            "start_ms": run["start_ms"],
            "trigger": run["trigger"],
        }
        own = {
            "name": row["task_key"],
            "run_id": row["run_id"],
            "execution_count": row["attempt"] + 1,
            "retry_count": row["attempt"],
            "notebook_path": task.get("notebook_task", {}).get("notebook_path"),
        }
        known = References(facts, own, others, parameters)
        kind = kind_of(task)
        return {kind: job_values.resolve(task[kind], known)}, run, values, parameters

    def _decide(self, row: sqlite3.Row) -> None:
        """Do a task that is no program: a condition, or a run of another job."""
        task = json.loads(row["task"])
        ready, run, _, parameters = self._prepared(row)
        with self._state.change() as changing:
            update(changing, "job_runs", run["run_id"], state="RUNNING")
            started = {"start_ms": now_ms(), "state": "RUNNING"}
            if "condition_task" in task:
                condition = ready["condition_task"]
                update(
                    changing,
                    "task_runs",
                    row["run_id"],
                    **started,
                    outcome=str(holds(**condition)).lower(),
                    parameters=json.dumps({"left": condition["left"], "right": condition["right"]}),
                )
                self._keep(changing, row, {"status": "ok"})
            else:
                given = {**ready["run_job_task"]}
                child = self._start_child(changing, run, row, given.pop("job_id"), given, parameters)
                update(
                    changing,
                    "task_runs",
                    row["run_id"],
                    **started,
                    child_run_id=child,
                    parameters=json.dumps(given.get("job_parameters", {})),
                )

    def _start_child(
        self,
        changing: sqlite3.Connection,
        run: sqlite3.Row,
        row: sqlite3.Row,
        job_id: int,
        given: dict[str, Any],
        parameters: dict[str, str],
    ) -> int:
        job = changing.execute("SELECT * FROM jobs WHERE job_id = ? AND deleted_ms IS NULL", (job_id,)).fetchone()
        if job is None:
            raise ApiError("INVALID_PARAMETER_VALUE", f"Job {job_id} does not exist.")
        if run["depth"] >= MOST_DEPTH:
            raise ApiError("INVALID_PARAMETER_VALUE", f"Jobs may run jobs {MOST_DEPTH} levels deep, and not deeper.")
        settings = json.loads(job["settings"])
        names = {each["name"] for each in settings.get("parameters", ())}
        handed = {name: value for name, value in parameters.items() if name in names}
        given["job_parameters"] = {**given.get("job_parameters", {}), **handed}
        return create_run(
            changing,
            self._services,
            job_id=job_id,
            settings=settings,
            given=given,
            source="run_job_task",
            source_id=str(row["run_id"]),
            depth=run["depth"] + 1,
            queue=settings.get("queue", {}).get("enabled", False),
        )

    def _begin(self, row: sqlite3.Row) -> None:
        """Start a notebook or script."""
        task = json.loads(row["task"])
        ready, run, values, parameters = self._prepared(row)
        given = json.loads(run["given"])
        if "notebook_task" in task:
            kind, path = "notebook", ready["notebook_task"]["notebook_path"]
            handed: Any = {
                **ready["notebook_task"].get("base_parameters", {}),
                **given.get("notebook_params", {}),
                **parameters,
            }
        else:
            kind, path = "python", ready["spark_python_task"]["python_file"]
            handed = given.get("python_params") or ready["spark_python_task"].get("parameters", [])
        file = files.found(self._services, path, script=kind == "python")
        if file is None:
            raise _NoFile(kind, path, self._services.settings.user)
        if file.stat().st_size > files.MOST_CONTENT:
            raise wrong(f'The {kind} "{path}" has more than {files.MOST_CONTENT} bytes.')
        content = file.read_bytes()
        with self._state.change() as changing:
            update(changing, "job_runs", run["run_id"], state="RUNNING")
            update(
                changing,
                "task_runs",
                row["run_id"],
                state="RUNNING",
                start_ms=now_ms(),
                parameters=json.dumps(handed),
                path=path,
                file=str(file),
                source=content.decode(errors="replace").replace("\0", "\ufffd")[:MOST_SOURCE],
                source_sha256=files.digest(content),
            )
        request = {
            "kind": kind,
            "path": str(file),
            "parameters": handed,
            "root": str(self._services.settings.root),
            "values": values,
            "context": {
                "jobId": str(run["job_id"]),
                "jobName": run["run_name"],
                "multitaskParentRunId": str(run["run_id"]),
                "runId": str(row["run_id"]),
                "taskKey": row["task_key"],
                "notebookPath": path,
                "user": self._services.settings.user,
            },
        }
        run_id = row["run_id"]
        self._busy[run_id] = asyncio.ensure_future(self._execute(run_id, request, content))
        self._wake.set()  # its time limit counts from now

    async def _execute(self, run_id: int, request: dict[str, Any], content: bytes) -> None:
        folder = self._folder(run_id)
        try:
            folder.mkdir(parents=True)
            source = folder / "source"
            source.write_bytes(content)
            file = folder / "request.json"
            file.write_text(json.dumps({**request, "source": str(source)}))
            await self._process(run_id, file)
            told = read(folder) or {"status": "died", "error": "The task's process ended without a result."}
        except OSError as error:
            told = {"status": "died", "error": f"The task could not be run: {error}"}
        finally:
            self._processes.pop(run_id, None)
        try:
            with self._state.change() as changing:
                row = changing.execute("SELECT * FROM task_runs WHERE run_id = ?", (run_id,)).fetchone()
                self._keep(changing, row, told)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            del self._busy[run_id]
            self._wake.set()

    async def _process(self, run_id: int, file: Path) -> None:
        lifeline, held = os.pipe()
        try:
            try:
                process = await asyncio.create_subprocess_exec(
                    *interpreter.command("lab_guest.task", str(file)),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                    env={**environment(self._services), "LAB_TASK_LIFELINE": str(lifeline)},
                    pass_fds=[lifeline],
                    start_new_session=True,
                )
            finally:
                os.close(lifeline)
            self._processes[run_id] = process
            stopped = self._state.row("SELECT stop FROM task_runs WHERE run_id = ?", run_id)
            if stopped and stopped["stop"]:
                self._end(run_id)
            try:
                await process.wait()
            finally:
                _kill(process)
        finally:
            os.close(held)

    def _folder(self, run_id: int) -> Path:
        return self._services.settings.root / FOLDER / str(run_id)

    def _refuse(self, row: sqlite3.Row, error: Exception) -> None:
        """Keep that a task could not be started."""
        told = {"status": "refused", "error": str(error)}
        if isinstance(error, _NoFile):
            told["code"] = "RESOURCE_NOT_FOUND"
        with self._state.change() as changing:
            self._keep(changing, row, told)
        self._wake.set()

    def _keep(self, changing: sqlite3.Connection, row: sqlite3.Row, told: dict[str, Any]) -> None:
        """Keep how a task ended, and add its next attempt where there is to be one."""
        status, task = told["status"], json.loads(row["task"])
        failed = {"state": "TERMINATED", "result": "FAILED", "code": "RUN_EXECUTION_ERROR", "message": FAILED}
        ended: dict[str, Any]
        if row["stop"]:
            result, code, message = STOPPED[row["stop"]]
            ended = {"state": "TERMINATED", "result": result, "code": code, "message": message}
        elif status in ("ok", "exit"):
            ended = {"state": "TERMINATED", "result": "SUCCESS", "code": "SUCCESS", "message": ""}
        elif status == "died":
            ended = {**failed, "code": "DRIVER_ERROR"}
        elif status == "restarted":
            ended = {**failed, "state": "INTERNAL_ERROR", "code": "INTERNAL_ERROR", "message": RESTARTED}
        elif status == "refused":
            code = told.get("code", "INVALID_RUN_CONFIGURATION")
            ended = {**failed, "state": "INTERNAL_ERROR", "code": code, "message": told["error"]}
        elif task.get("run_job_task"):
            ended = {**failed, "message": told["error"]}
        else:
            ended = failed
        now = now_ms()
        update(
            changing,
            "task_runs",
            row["run_id"],
            **ended,
            end_ms=now,
            output=told.get("value"),
            output_truncated=int(bool(told.get("truncated"))),
            logs=told.get("logs", ""),
            logs_truncated=int(bool(told.get("logs_truncated"))),
            error=told.get("error") if ended["result"] != "SUCCESS" else None,
            error_trace=told.get("trace") if ended["result"] != "SUCCESS" else None,
        )
        for name, value in (told.get("values") or {}).items():
            changing.execute(
                "INSERT OR REPLACE INTO task_values VALUES (?, ?, ?, ?)",
                (row["job_run_id"], row["task_key"], name, json.dumps(value)),
            )
        retries = task.get("max_retries", 0)
        retries = MOST_RETRIES if retries < 0 else retries
        again = ended["result"] == "FAILED" or (ended["result"] == "TIMEDOUT" and task.get("retry_on_timeout", False))
        stopping = changing.execute("SELECT stop FROM job_runs WHERE run_id = ?", (row["job_run_id"],)).fetchone()
        if again and row["attempt"] < retries and stopping["stop"] is None and row["stop"] in (None, "timeout"):
            wait = max(0, task.get("min_retry_interval_millis", 0))
            insert(
                changing,
                "task_runs",
                run_id=new_id(changing),
                job_run_id=row["job_run_id"],
                task_key=row["task_key"],
                attempt=row["attempt"] + 1,
                original_run_id=row["original_run_id"],
                task=row["task"],
                state="WAITING_FOR_RETRY" if wait else "PENDING",
                due_ms=now + wait,
                created_ms=now,
            )


class _NoFile(ApiError):
    def __init__(self, kind: str, path: str, user: str) -> None:
        what = "notebook" if kind == "notebook" else "file"
        super().__init__(
            "RESOURCE_DOES_NOT_EXIST",
            f'Unable to access the {what} "{path}". Either it does not exist, or the identity used to run this job, '
            f"{user}, lacks the required permissions.",
        )


def environment(services: Services) -> dict[str, str]:
    """What a task finds in its environment: what the learner's notebook has, and of the server's own nothing."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
    host = own.get("DATABRICKS_HOST") or os.environ.get("LAB_WORKSPACE_HOST", "")
    token = services.settings.token
    own |= {"DATABRICKS_HOST": host, "DATABRICKS_TOKEN": token}
    uri = os.environ.get("LAB_WORKSPACE_CLIENT_TRACKING_URI")
    if uri:
        own["MLFLOW_TRACKING_URI"] = uri
    else:
        own |= {"MLFLOW_TRACKING_URI": host, "MLFLOW_TRACKING_TOKEN": token}
    return own


def _kill_what_stayed(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        _kill(process)


def _kill(process: asyncio.subprocess.Process) -> None:
    """End a task's whole family; the leader's number is its group's for as long as one of it is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
