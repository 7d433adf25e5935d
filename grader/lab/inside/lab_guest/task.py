"""Runs one task of a job: a notebook, cell by cell through nbclient in a kernel of its own, or a Python script.

Called as ``python -m lab_guest.task REQUEST``, the leader of a session of its own. REQUEST is a JSON file: ``kind``
("notebook" or "python"), ``source`` (the file to run, a copy), ``path`` (what it is a copy of), ``parameters`` (of a
notebook by name, of a script a list), ``root``, ``values`` (task values of the tasks before, by task and name) and
``context`` (ids and names of the job and its run). Beside it the answer is left, ``result.json``, and ``values.json``
with the task values that were set. LAB_TASK_LIFELINE is a descriptor to read from: when its other end is closed,
whoever wanted the task is gone, and it ends with all that it has started.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shlex
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .interpreter import command
from .spare import DEBUGGER, GRAMMAR, spared

LIFELINE = "LAB_TASK_LIFELINE"
MOST_OUTPUT = 20 << 20
"""Bytes that a notebook's cells may show in all: more, and Databricks ends the run."""
MOST_LOGS = 1 << 20
"""Characters of what was printed that are kept, the last ones."""
MOST_RESULT = 5 << 20
"""Characters of a value passed to ``dbutils.notebook.exit`` that are kept, the first ones."""
TOO_LARGE = "The output of the notebook is too large."
DIED = "Fatal error: The Python kernel is unresponsive."

_USES_SPARK = re.compile(
    r"\b(spark|sc|sqlContext|pyspark|feature_store|feature_engineering)\b|%%?(sql|run)\b|\btable\("
)
_MARK = "lab-error:"
_COMMAND = re.compile(r"^(?:#|--)\s*COMMAND\s*-{5,}\s*$", re.MULTILINE)
_SOURCE = re.compile(r"\A\ufeff?(#|--)\s*Databricks notebook source\s*$", re.MULTILINE)
_MAGIC = re.compile(r"^(?:#|--)\s*MAGIC ?", re.MULTILINE)
_TITLE = re.compile(r"^(?:#|--)\s*DBTITLE\b.*\n?", re.MULTILINE)
_PERCENT = re.compile(r"^#\s?%%(.*)$", re.MULTILINE)


class _Stopped(BaseException):
    """Whoever wanted the task wants it no more."""


def main() -> None:
    """Run the task and leave its result; nothing that it started runs on."""
    file = Path(sys.argv[1])
    request = json.loads(file.read_text())
    lifeline = int(os.environ.pop(LIFELINE))
    os.set_inheritable(lifeline, False)
    os.chdir(Path(request["path"]).parent)
    run = _notebook if request["kind"] == "notebook" else _script
    try:
        result = run(request, file.parent, lifeline)
    except _Stopped:
        result = {"status": "stopped"}
    except Exception as error:
        result = {"status": "error", "error": f"{type(error).__name__}: {error}"}
    draft = file.with_name("result.part")
    draft.write_text(json.dumps({**result, "logs": _LOGS.text, "logs_truncated": _LOGS.cut}))
    draft.rename(file.with_name("result.json"))
    os.killpg(0, signal.SIGKILL)


class _Logs:
    """The end of what was printed."""

    def __init__(self) -> None:
        self.text = ""
        self.cut = False

    def add(self, text: str) -> None:
        self.text += text
        if len(self.text) > MOST_LOGS:
            self.text, self.cut = self.text[-MOST_LOGS:], True


_LOGS = _Logs()


def _watch(lifeline: int) -> None:
    """End with whoever holds the other end of the lifeline."""

    def watch() -> None:
        while os.read(lifeline, 1):
            pass
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


# Notebooks


def cells(text: str, suffix: str) -> list[str]:
    """A notebook's code cells as IPython takes them, of any of the forms that Databricks imports."""
    if suffix == ".ipynb":
        told = json.loads(text)
        sources = [
            "".join(cell.get("source", "")) for cell in (told.get("cells") or []) if cell.get("cell_type") == "code"
        ]
        return [cell for source in sources if (cell := _cell(source))]
    if _SOURCE.match(text):
        parts = _COMMAND.split(_SOURCE.sub("", text, count=1))
        parts = [_MAGIC.sub("", _TITLE.sub("", part)) for part in parts]
    else:
        pieces = _PERCENT.split(text)
        marked = zip(pieces[1::2], pieces[2::2], strict=True)
        parts = [pieces[0], *(part for mark, part in marked if "[markdown]" not in mark)]
    if suffix == ".sql":
        parts = [part if part.lstrip().startswith("%") else "%sql\n" + part for part in parts if part.strip()]
    return [cell for part in parts if (cell := _cell(part))]


def _cell(source: str) -> str:
    """A cell in IPython's words; empty for one that runs nothing."""
    source = source.strip("\n")
    begun = source.lstrip()
    word, _, rest = begun.partition("\n")
    magic, _, first = word.partition(" ")
    rest = f"{first}\n{rest}" if first.strip() else rest
    if magic in ("%md", "%md-sandbox", "%%md"):
        return ""
    if magic in ("%python", "%%python"):
        return rest
    if magic in ("%sql", "%sh"):
        return f"%{magic}\n{rest}"
    if magic in ("%scala", "%r"):
        return f"raise NotImplementedError('A lab runs no cells in the language {magic[1:]}.')"
    return source if begun.strip() else ""


def _notebook(request: dict[str, Any], folder: Path, lifeline: int) -> dict[str, Any]:
    path = Path(request["path"])
    text = Path(request["source"]).read_text(errors="replace")
    sources = cells(text, path.suffix)
    if not sources:
        return {"status": "ok"}
    # Imported before the process is doubled, so that both have it for the price of one.
    with spared(GRAMMAR, DEBUGGER):
        import ipykernel.debugger
        import ipykernel.ipkernel
        import ipykernel.kernelapp  # noqa: F401
        import nbclient
        import nbformat.v4
        from jupyter_client.asynchronous.client import AsyncKernelClient

    connection = folder / "kernel.json"
    child = os.fork()
    if child == 0:
        with contextlib.suppress(OSError):
            os.close(lifeline)
        _become_kernel(request, folder, connection, uses_spark=bool(_USES_SPARK.search(text)))
        os._exit(0)
    _watch(lifeline)
    alive = _Child(child)

    class Client(nbclient.NotebookClient):  # type: ignore[misc]
        """Keeps of the output what was printed, and of an error what the kernel's answer says."""

        written = 0
        error: dict[str, Any] | None = None

        def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> None:
            kind, content = msg.get("msg_type"), msg.get("content")
            if not isinstance(content, dict):
                return
            if kind == "status" and content.get("execution_state") == "idle":
                raise nbclient.exceptions.CellExecutionComplete
            if kind == "stream":
                text = str(content.get("text", ""))
                self.written += len(text)
                _LOGS.add(text)
            elif kind in ("display_data", "execute_result", "update_display_data"):
                data = content.get("data")
                self.written += len(str(data))
                if isinstance(data, dict) and isinstance(data.get("text/plain"), str):
                    _LOGS.add(data["text/plain"] + "\n")
            if self.written > MOST_OUTPUT:
                os.kill(child, signal.SIGKILL)

    class Channel(AsyncKernelClient):  # type: ignore[misc]
        """Knows of the kernel's end from the system."""

        async def _async_is_alive(self) -> bool:
            return alive()

        is_alive = _async_is_alive

    async def drive() -> dict[str, Any]:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)  # type: ignore[union-attr]
        while not _is_json(connection):
            if not alive():
                return {"status": "died", "error": DIED}
            await asyncio.sleep(0.01)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        client = Client(notebook, km=None, allow_errors=True, store_widget_state=False, record_timing=False)
        client.on_cell_error = lambda cell, cell_index, execute_reply: setattr(
            client, "error", execute_reply["content"]
        )
        client.reset_execution_trackers()
        client.kc = channel = Channel(connection_file=str(connection))
        channel.load_connection_file()
        channel.start_channels(hb=False, stdin=False)
        channel.allow_stdin = False
        try:
            await channel.wait_for_ready(timeout=None)
            for number, cell in enumerate(notebook.cells):
                await client.async_execute_cell(cell, number)
                if client.error is not None:
                    return _told(client.error, number)
        except (nbclient.exceptions.DeadKernelError, RuntimeError):
            if client.written > MOST_OUTPUT:
                return {"status": "error", "error": TOO_LARGE}
            return {"status": "died", "error": DIED}
        finally:
            channel.stop_channels()
        return {"status": "ok"}

    try:
        return asyncio.run(drive())
    except asyncio.CancelledError:
        raise _Stopped from None


class _Child:
    """Whether a child still runs."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = False

    def __call__(self) -> bool:
        if not self._ended:
            self._ended = os.waitpid(self._pid, os.WNOHANG)[0] != 0
        return not self._ended


def _is_json(file: Path) -> bool:
    try:
        return bool(json.loads(file.read_text()))
    except (OSError, ValueError):
        return False


def _become_kernel(request: dict[str, Any], folder: Path, connection: Path, *, uses_spark: bool) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.environ["JPY_PARENT_PID"] = str(os.getppid())
    from . import spark
    from .notebook import make_kernel

    config = {
        "root": request["root"],
        "widgets": request["parameters"],
        "limits": {"output_mb": MOST_OUTPUT >> 20},
        "results": [],
        "results_file": os.devnull,
    }
    app = make_kernel(config, ["-f", str(connection)])
    sys.path.append(str(Path(request["path"]).parent))
    names = app.shell.user_ns
    _enter(names["dbutils"], request, folder)
    app.shell.register_magic_function(_run_magic(app.shell, request), "line", "run")
    session = spark.session() if uses_spark and spark.offered() else None
    if session is not None:
        from .notebook import offer_spark

        offer_spark(app.shell, session)
    _offer_runtime(
        {name: names[name] for name in ("dbutils", "spark", "sc", "display", "displayHTML") if name in names}
    )
    app.start()


def _run_magic(shell: Any, request: dict[str, Any]) -> Callable[[str], None]:
    """``%run ./other $name="value"``: another notebook's cells, as if they stood here."""
    from .dbutils import find

    root, folder = Path(request["root"]), Path(request["path"]).parent

    def run(line: str) -> None:
        path, *given = shlex.split(line)
        file = find(root, folder, path)
        if file is None:
            raise FileNotFoundError(f"Notebook not found: {path}")
        for each in given:
            name, _, value = each.removeprefix("$").partition("=")
            shell.user_ns["dbutils"].widgets.text(name, value)
        for cell in cells(file.read_text(errors="replace"), file.suffix):
            shell.run_cell(cell, store_history=False).raise_error()

    return run


def _told(reply: dict[str, Any], number: int) -> dict[str, Any]:
    """What became of a cell that ended with an error, which ``dbutils.notebook.exit`` is to the kernel too."""
    name, value = str(reply.get("ename", "")), str(reply.get("evalue", ""))
    if name == "NotebookExit":
        return {"status": "exit", "value": value[:MOST_RESULT], "truncated": len(value) > MOST_RESULT}
    line, source = None, ""
    for each in reply.get("traceback", ()):
        if str(each).startswith(_MARK):
            with contextlib.suppress(ValueError, AttributeError, TypeError):
                told = json.loads(each[len(_MARK) :])
                name, value = str(told["name"]), str(told["message"])
                line, source = told.get("line"), told.get("source") or ""
    trace = ["-" * 75, f"{name:<42}Traceback (most recent call last)"]
    if line is not None:
        trace += [f"File <command-{number + 1}>, line {line}", f"----> {line} {source}", ""]
    error = f"{name}: {value}" if value else name
    return {"status": "error", "error": error, "trace": "\n".join([*trace, error])}


def _enter(dbutils: Any, request: dict[str, Any], folder: Path) -> None:
    from .dbutils import Job

    dbutils.enter(Job(request["context"], request["values"], folder / "values.json", Path(request["path"]).parent))


def _offer_runtime(names: dict[str, Any]) -> None:
    """``from databricks.sdk.runtime import dbutils, spark`` as on a cluster."""
    import types

    module = types.ModuleType("databricks.sdk.runtime", "What a notebook has, for modules that it imports.")
    vars(module).update(names, __all__=list(names))
    sys.modules["databricks.sdk.runtime"] = module


# Scripts


def _script(request: dict[str, Any], folder: Path, lifeline: int) -> dict[str, Any]:
    out, into = os.pipe()
    failure = folder / "failure.json"
    child = os.fork()
    if child == 0:
        os.close(lifeline)
        os.close(out)
        _become_script(request, folder, into, failure)
    os.close(into)
    _watch(lifeline)

    def stop(*_: object) -> None:
        raise _Stopped

    def read() -> None:
        import codecs

        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        while piece := os.read(out, 1 << 16):
            _LOGS.add(decode(piece))

    signal.signal(signal.SIGTERM, stop)
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        reader.join(timeout=0.5)
    if status == 0:
        return {"status": "ok"}
    try:
        return {"status": "error", **json.loads(failure.read_text())}
    except (OSError, ValueError):
        if status < 0:
            return {"status": "died", "error": DIED}
        return {"status": "error", "error": f"SystemExit: {status}"}


def _become_script(request: dict[str, Any], folder: Path, into: int, failure: Path) -> None:
    """Run the script as Python would, in this process, and end it."""
    import builtins
    import traceback
    import types

    from . import parity, spark
    from .dbutils import DBUtils, NotebookExit

    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(into, 1)
    os.dup2(into, 2)
    os.close(into)
    parity.settle()
    text = Path(request["source"]).read_text(errors="replace")
    path = request["path"]
    sys.argv = [path, *request["parameters"]]
    sys.path.insert(0, str(Path(path).parent))
    module = types.ModuleType("__main__")
    module.__file__ = path
    module.__builtins__ = builtins  # type: ignore[attr-defined]
    sys.modules["__main__"] = module
    code = 0
    try:
        dbutils = DBUtils(Path(request["root"]), {})
        _enter(dbutils, request, folder)
        names: dict[str, Any] = {"dbutils": dbutils}
        session = spark.session() if _USES_SPARK.search(text) and spark.offered() else None
        if session is not None:
            names |= {"spark": session, "sc": session.sparkContext}
        vars(builtins).update(names)
        _offer_runtime(names)
        exec(compile(text, path, "exec"), vars(module))
    except NotebookExit:
        pass
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        if code:
            failure.write_text(json.dumps({"error": f"SystemExit: {error.code}"}))
    except BaseException as error:
        code = 1
        own = error.__traceback__.tb_next if error.__traceback__ else None
        trace = "".join(traceback.format_exception(type(error), error, own))
        print(trace, file=sys.stderr)
        told = traceback.format_exception_only(type(error), error)[-1].strip()
        failure.write_text(json.dumps({"error": told[:10_000], "trace": trace[-100_000:]}))
    _leave(code)


def _leave(code: int) -> None:
    """End as Python does, with what is to be done at exit, but never beyond."""
    import atexit

    for each in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            each.flush()
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    for each in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            each.flush()
    os._exit(code & 0xFF if code else 0)


def start(request: dict[str, Any], folder: Path, environment: dict[str, str]) -> tuple[Any, Callable[[], None]]:
    """Start a task as a process of its own, and tell how to end it: for one notebook that runs another."""
    import subprocess

    file = folder / "request.json"
    file.write_text(json.dumps(request))
    lifeline, held = os.pipe()
    paths = [str(Path(__file__).parents[1]), *filter(None, [environment.get("PYTHONPATH")])]
    process = subprocess.Popen(
        command("lab_guest.task", str(file)),
        env={**environment, LIFELINE: str(lifeline), "PYTHONPATH": os.pathsep.join(paths)},
        pass_fds=[lifeline],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(lifeline)

    def end() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        with contextlib.suppress(OSError):
            os.close(held)

    return process, end


if __name__ == "__main__":
    main()
