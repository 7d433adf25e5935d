"""Runs a submission's cells one by one in a kernel inside the lab, through nbclient, within limits.

The kernel talks over Unix sockets in the lab's ``run`` folder, which cross the sandbox's border where TCP
cannot. Everything it says is data; nothing of it is unpickled or evaluated here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from grader import interrupts
from grader.errors import NotGraded
from grader.lab import logs, warned
from grader.lab.channels import Client
from grader.lab.inside.lab_guest import cputime
from grader.lab.inside.lab_guest.spare import GRAMMAR, spared
from grader.lab.limits import Limits
from grader.lab.orders import Line
from grader.lab.record import CellError, CellOutcome, CellRecord
from grader.lab.watch import Watch
from grader.submission import Cell

with spared(GRAMMAR):
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionComplete, DeadKernelError

START_SECONDS = 300
"""How long a lab may take to come up: some seconds, but a machine may be busy with others."""
CAPTURE_SECONDS = 450
"""How long reading all results may take. Six results at their own limit (``lab_guest.capture``) fit in, so that none
costs another."""
GRACE_SECONDS = 15
"""How long a cell has to end after it was interrupted, before the notebook is ended with it."""

WRITABLE = ("root", "run", "scratch")
"""The parts of a lab's folder that its code may write to (``scratch`` where there is no sandbox)."""
DRAIN = 16
"""How many times the messages of a cell may come while it is stopped.

Its answer comes after all that it has sent, which waits in the kernel's own queue: a thousand messages, of a megabyte
each where a cell prints without end.
"""

MOST_LINES = 1_000_000
"""A higher line number is ignored: a lab can send a number with too many digits to be written down."""
MAX_PRINTED = 1000
"""Characters that are kept of what a cell prints: the last ones."""
_SHOWN = ("stream", "display_data", "execute_result", "update_display_data")
"""The kinds of messages that are a cell's output."""
_ERROR_MARK = "lab-error:"


@dataclass(frozen=True)
class Run:
    """What became of the cells; ``ended`` says why the notebook ended before its last cell, if it did.

    ``reported`` is what the workspace reported of deliveries after the notebook's end (:attr:`grader.lab.orders.Line`).
    """

    cells: tuple[CellRecord, ...]
    ended: str | None
    started_seconds: float
    captured_seconds: float
    afterwards_seconds: float
    reported: str


class _Spec(KernelSpecManager):  # type: ignore[misc]
    """Knows one kernel, the lab's, whatever name is asked for."""

    def __init__(self, argv: list[str]) -> None:
        super().__init__()
        # The manager's own interruption comes when all has ended. As a message it would open a channel of its own.
        self._spec = KernelSpec(argv=argv, display_name="lab", language="python", interrupt_mode="signal")

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return self._spec


class _Client(NotebookClient):  # type: ignore[misc]
    """nbclient, keeping of a cell's output its size, its warnings and its end: what cells print proves nothing."""

    iopub_timeout = None
    """How long a cell's messages are awaited after its answer: as long as the cell may run.

    nbclient's 4 s can pass on a busy machine, and an error that comes later would be lost.
    """
    written = 0
    complaints = ""
    """The beginning of what the cell wrote to standard error."""
    printed = ""
    """The end of what the cell printed or displayed as text."""
    error: dict[str, Any] | None = None
    too_much: asyncio.Event

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> None:
        """Note how much was written, an error and the end; a cell may send what it likes, so all is doubted."""
        kind, content = msg.get("msg_type"), msg.get("content")
        if not isinstance(content, dict):
            return
        if kind == "status" and content.get("execution_state") == "idle":
            raise CellExecutionComplete
        if kind == "error":
            self.error = content
        elif kind in _SHOWN:
            self.written += msg["size"]
            if content.get("name") == "stderr" and len(self.complaints) < warned.MOST_TEXT:
                self.complaints += str(content.get("text", ""))[: warned.MOST_TEXT]
            self.printed = (self.printed + _shown_text(content))[-MAX_PRINTED:]
        if self.written > self.limit:
            self.too_much.set()


class Notebook:
    """A running kernel and what is known of it. Use :func:`raised`, which takes it down in the end."""

    def __init__(self, manager: AsyncKernelManager, client: _Client, watch: Watch, limits: Limits, line: Line) -> None:
        self._line = line
        self._manager = manager
        self._client = client
        self._watch = watch
        self._limits = limits
        self.over: str | None = None
        """Why no further cell can run, once none can."""

    async def run(self, cell: Cell, index: int, deadline: float) -> CellRecord:
        """Run one cell (``index`` its place in the client's notebook) and say how it ended."""
        client, limits = self._client, self._limits
        client.written, client.complaints, client.printed = 0, "", ""
        client.error, client.too_much = None, asyncio.Event()
        client.limit = limits.output_mb * (1 << 20)
        client.kc.allowance.renew(limits.message_bytes)
        node = client.nb["cells"][index]
        started = time.monotonic()
        seconds = max(0.1, min(limits.cell_seconds, deadline - started))
        task = asyncio.ensure_future(client.async_execute_cell(node, index))
        stops = {
            "output": asyncio.ensure_future(client.too_much.wait()),
            "messages": asyncio.ensure_future(client.kc.allowance.spent.wait()),
            "limit": asyncio.ensure_future(self._watch.breached.wait()),
        }
        try:
            await asyncio.wait({task, *stops.values()}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            outcome: CellOutcome = "ok"
            error: CellError | None = None
            if stops["limit"].done():
                outcome, error = self._breach()
                await self._kill()
            elif not task.done():
                outcome, error = self._stopped_for(seconds)
                await self._interrupt(task)
            elif isinstance(task.exception(), DeadKernelError):
                outcome, error = await self._death()
            elif task.exception() is not None:
                # It sent what no notebook sends: the cell has changed the notebook's own workings.
                outcome, error = (
                    "died",
                    CellError("NotebookBroken", "after the cell the notebook spoke as none does"),
                )
                await self._kill()
            elif client.error is not None:
                outcome, error = _told(client.error, cell)
                if outcome == "exited":
                    self.over = f"cell {cell.index} ended the notebook"
        finally:
            for future in (task, *stops.values()):
                future.cancel()
            await asyncio.gather(task, *stops.values(), return_exceptions=True)
        if outcome in ("died", "memory", "disk", "processes") and self.over is None and self._watch.ended:
            self.over = f"cell {cell.index} ended the notebook's process"
        warnings = tuple(_text(warning, warned.LONGEST) for warning in warned.gather(client.complaints))
        seconds = round(time.monotonic() - started, 3)
        printed = _text(client.printed, MAX_PRINTED)
        return CellRecord(cell.index, cell.title, outcome, seconds, error, warnings, printed)

    def _breach(self) -> tuple[CellOutcome, CellError]:
        kind, message = self._watch.breach or ("died", "the lab was ended")
        return kind, CellError("LimitExceeded", message)

    def _stopped_for(self, seconds: float) -> tuple[CellOutcome, CellError]:
        if self._client.too_much.is_set():
            return "output", CellError(
                "OutputLimit", f"the cell wrote more than {self._limits.output_mb:g} MB of output"
            )
        if self._client.kc.allowance.spent.is_set():
            return "output", self._too_many_messages("while the cell ran")
        return "timeout", CellError("TimeLimit", f"the cell ran for {seconds:.0f} s and was stopped")

    def _too_many_messages(self, when: str) -> CellError:
        most = self._limits.message_bytes >> 20
        return CellError("OutputLimit", f"the notebook sent more than {most} MB of messages {when}")

    async def _interrupt(self, task: asyncio.Future[Any]) -> None:
        """Ask the cell to stop, as the notebook's stop button does; if it won't, end the notebook."""
        client = self._client.kc
        client.allowance.renew(DRAIN * self._limits.message_bytes)
        message = client.session.msg("interrupt_request", {})
        with contextlib.suppress(Exception):
            client.control_channel.send(message)
            # Not before it was stopped may the next cell run: it would be stopped in its place.
            async with asyncio.timeout(GRACE_SECONDS):
                while True:
                    reply = await client.control_channel.get_msg(timeout=GRACE_SECONDS)
                    if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                        break
        await asyncio.wait({task}, timeout=GRACE_SECONDS)
        if not task.done() or task.cancelled() or task.exception() is not None:
            await self._kill()
            self.over = "a cell that would not stop was ended, and the notebook with it"

    async def _death(self) -> tuple[CellOutcome, CellError]:
        """The kernel is gone: because of a limit, or because the cell ended it."""
        await asyncio.sleep(0.1)
        if self._watch.breach:
            return self._breach()
        self._watch.ended = True
        return "died", CellError("KernelDied", "the cell ended the notebook's process")

    async def _kill(self) -> None:
        self._watch.ended = True
        self._watch.sweep()
        with contextlib.suppress(Exception):
            await self._manager.shutdown_kernel(now=True)

    async def capture(self) -> CellError | None:
        """Have the notebook write down the results that the brief asks for.

        If it floods the grader meanwhile it is ended, and what it was over is returned.
        """
        client = self._client.kc
        client.allowance.renew(self._limits.message_bytes)
        message = client.execute("%lab_capture", silent=True, store_history=False)
        deadline = time.monotonic() + CAPTURE_SECONDS
        while time.monotonic() < deadline and await self._manager.is_alive():
            with contextlib.suppress(Exception):
                reply = await client.get_shell_msg(timeout=1)
                if reply["parent_header"].get("msg_id") == message:
                    return None
            if client.allowance.spent.is_set():
                await self._kill()
                return self._too_many_messages("while its results were read")
        return None

    async def retire(self, afterwards: Sequence[Any]) -> str:
        """End the notebook, and wait until what happens in the lab afterwards has happened (``lab_guest.house``).

        Returns what the workspace has reported meanwhile.
        """
        self._line.order(afterwards)
        with contextlib.suppress(Exception):  # The notebook may have ended already.
            client = self._client.kc
            client.control_channel.send(client.session.msg("shutdown_request", {"restart": False}))
        # The house keeps a limit for each step, counted in work. This one is for a house that hangs.
        settling = self._limits.settle_seconds * (cputime.PATIENCE + len(afterwards))
        deadline = time.monotonic() + 2 * GRACE_SECONDS + settling
        while time.monotonic() < deadline and not self._watch.breached.is_set() and await self._manager.is_alive():
            self._line.receive()
            await asyncio.sleep(0.05)
        self._line.receive()
        return self._line.reported


def to_the_end(work: Coroutine[Any, Any, Run]) -> Run:
    """As ``asyncio.run``; but once interrupted it takes the lab down, however often it is interrupted again.

    Raises KeyboardInterrupt then, for SIGTERM and SIGHUP too where the command takes them for an interruption.
    """
    runner = asyncio.Runner()
    loop = runner.get_loop()
    task = loop.create_task(work)
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        if not interrupted and not loop.is_closed():
            loop.call_soon_threadsafe(task.cancel)
        interrupted = True

    async def ended() -> None:
        await asyncio.wait([task])

    with interrupts.instead(interrupt), runner:
        runner.run(ended())
    if interrupted:
        raise KeyboardInterrupt
    return task.result()


async def run(
    argv: list[str],
    environment: dict[str, str],
    folder: Path,
    cells: tuple[Cell, ...],
    limits: Limits,
    prepare: Callable[[], None],
    notify: Callable[[str], None],
    afterwards: Sequence[Any] = (),
) -> Run:
    """Run ``cells`` in the kernel that ``argv`` starts; ``prepare`` fills the lab while it comes up.

    ``afterwards``: what happens in the lab's workspace once the notebook has ended (``lab_guest.afterwards``).

    Raises NotGraded when the lab does not come up. Nothing of it runs any more on return, however it ends.
    """
    started = time.monotonic()
    async with _raised(argv, environment, folder, cells, limits, prepare) as notebook:
        started_seconds = time.monotonic() - started
        deadline = time.monotonic() + limits.submission_seconds
        records: list[CellRecord] = []
        for index, cell in enumerate(cells):
            if cell.language == "markdown":
                records.append(CellRecord(cell.index, cell.title, "text", 0.0))
            elif notebook.over is None and time.monotonic() < deadline:
                notify(f"cell {cell.index} of {len(cells)}: {cell.title}")
                records.append(await notebook.run(cell, index, deadline))
            else:
                notebook.over = notebook.over or f"the submission ran for {limits.submission_seconds:.0f} s"
                records.append(CellRecord(cell.index, cell.title, "not_run", 0.0))
        ran = time.monotonic()
        notify("reading results")
        flooded = await notebook.capture()
        if flooded:
            _note_on_last(records, flooded)
        captured = time.monotonic()
        reported = ""
        if afterwards:
            notify("watching what happens afterwards")
            reported = await notebook.retire(afterwards)
        times = (started_seconds, captured - ran, time.monotonic() - captured)
        return Run(tuple(records), notebook.over, *times, reported)


@contextlib.asynccontextmanager
async def _raised(
    argv: list[str],
    environment: dict[str, str],
    folder: Path,
    cells: tuple[Cell, ...],
    limits: Limits,
    prepare: Callable[[], None],
) -> AsyncIterator[Notebook]:
    run_folder = folder / "run"
    manager = AsyncKernelManager(
        kernel_spec_manager=_Spec([*argv, "-f", "{connection_file}"]),
        transport="ipc",
        ip=str(run_folder / "k"),
        connection_file=str(run_folder / "kernel.json"),
        shutdown_wait_time=0.2,
    )
    manager.client_factory = Client
    # nbclient wants a notebook; SQL cells go in as the lab's own cell magic.
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(_source(cell)) for cell in cells])
    client = _Client(notebook, km=manager, allow_errors=True, store_widget_state=False, record_timing=False)
    client.reset_execution_trackers()
    watch = None
    with (run_folder / "kernel.log").open("wb") as log, Line() as line:
        try:
            with line.as_stdin() as stdin:
                cwd = str(folder / "root")
                await manager.start_kernel(env=environment, stdin=stdin, stdout=log, stderr=log, cwd=cwd)
            watch = Watch(_process_id(manager), [folder / name for name in WRITABLE], limits)
            await asyncio.to_thread(prepare)
            client.kc = manager.client()
            try:
                await client.kc.open(START_SECONDS)
            except RuntimeError as error:
                said = logs.tail(run_folder / "kernel.log")
                raise NotGraded(f"the lab did not come up ({error}): {said}") from error
            watch.start()
            yield Notebook(manager, client, watch, limits, line)
        finally:
            if watch:
                await watch.stop()
                watch.sweep()
            if client.kc is not None:
                client.kc.stop_channels()
            if manager.has_kernel:
                await manager.shutdown_kernel(now=True)


def _note_on_last(records: list[CellRecord], error: CellError) -> None:
    """Say of the last cell that ran that the notebook went over a limit after it. If it did so before, that stays."""
    for place in reversed(range(len(records))):
        if records[place].outcome not in ("text", "not_run"):
            if records[place].outcome != "output":
                records[place] = replace(records[place], outcome="output", error=error)
            return


def _source(cell: Cell) -> str:
    if cell.language == "sql":
        return "%%sql\n" + cell.source
    if cell.language == "shell":
        return "%%sh\n" + cell.source
    return cell.source if cell.language == "python" else ""


def _process_id(manager: AsyncKernelManager) -> int:
    return int(manager.provisioner.pid)


def _told(content: dict[str, Any], cell: Cell) -> tuple[CellOutcome, CellError]:
    """A cell's error as the lab's own formatter told it, or as bare as Jupyter would."""
    name, message, line, source = content.get("ename", ""), content.get("evalue", ""), None, None
    lines = content.get("traceback")
    for text in lines if isinstance(lines, list) else []:
        if isinstance(text, str) and text.startswith(_ERROR_MARK):
            with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
                told = json.loads(text.removeprefix(_ERROR_MARK))
                name, message, line, source = told["name"], told["message"], told["line"], told["source"]
    at = cell.line + line - 1 if type(line) is int and 0 < line < MOST_LINES else None
    name, message = _text(name, 200), _text(message, 2000)
    if name == "MemoryError":
        message = message or "the cell asked for more memory than a lab has"
    error = CellError(name, message, at, _text(source, 500) if source else None)
    outcomes: dict[str, CellOutcome] = {"NotebookExit": "exited", "SystemExit": "exited", "MemoryError": "memory"}
    return outcomes.get(name, "error"), error


def _shown_text(content: dict[str, Any]) -> str:
    """The end of what an output shows as plain text; a cell may send what it likes, so all is doubted."""
    printed, data = content.get("name") == "stdout", content.get("data")
    text = content.get("text") if printed else data.get("text/plain") if isinstance(data, dict) else None
    if not isinstance(text, str):
        return ""
    return text[-MAX_PRINTED:] if printed else f"{text[-MAX_PRINTED:]}\n"


def _text(value: object, longest: int) -> str:
    """Text of a cell's making, cut and fit to be written anywhere as UTF-8."""
    text = value if isinstance(value, str) else ""
    return text[:longest].encode(errors="replace").decode()
