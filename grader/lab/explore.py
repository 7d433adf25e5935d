"""Raises a lab for a person to explore, keeps it open and takes it down.

Its first process is ``lab_guest.desk``. In a sandbox the lab has a loopback of its own, so ports of this machine are
joined to the same ports in there by way of Unix sockets in the lab's folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from grader import lab, submission
from grader.catalog import Exercise
from grader.errors import BadInput, NotGraded
from grader.lab import logs, sandbox
from grader.lab.inside.lab_guest import interpreter, relay
from grader.lab.inside.lab_guest.spare import GRAMMAR, spared

with spared(GRAMMAR):
    import nbformat

START_SECONDS = 120
EVERY_SECONDS = 0.1
MOST_KEPT_BYTES = 20 << 20
"""The largest notebook that is kept when the lab is taken down."""

KERNEL = "lab"


@dataclass(frozen=True)
class Desk:
    """A lab that is open. ``notebooks`` is the address of its Jupyter server, None if it has but a ``kernel``.

    ``kernel`` is the connection file of that kernel.
    """

    host: str
    token: str
    folder: Path
    notebooks: str | None
    kernel: Path
    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        """The end of what the lab's processes wrote."""
        return logs.tail(self.log)


@contextlib.contextmanager
def opened(
    exercise: Exercise | None,
    seed: int,
    *,
    shell: bool,
    port: int | None,
    isolation: sandbox.Isolation,
    notify: Callable[[str], None],
) -> Iterator[Desk]:
    """A lab with Spark, a workspace and a Jupyter server (``shell``: one kernel instead), until the block ends.

    ``port``: the Jupyter server's, None for any. Raises BadInput when the machine lacks something or the port is
    taken, NotGraded when the lab does not come up.
    """
    with lab.folder() as folder, contextlib.ExitStack() as stack:
        data = lab.load_fixture(exercise).plan(seed) if exercise else None
        site = lab.prepare(folder, spark=True, isolation=isolation, notify=notify)
        run = folder / "run"
        ports = [_listener(None), *([] if shell else [_listener(port)])]
        numbers = [listener.getsockname()[1] for listener in ports]
        token, secret = f"dapi{secrets.token_hex(16)}", secrets.token_hex(24)
        sockets = {}
        if isolation == "sandbox":
            sockets = {number: run / f"{number}.sock" for number in numbers}
            _joined(stack, ports, list(sockets.values()))
        else:
            for listener in ports:
                listener.close()
        boot = run / "notebook.json"
        nothing = dict.fromkeys(("jvm", "user", "limits", "family", "results_file"))
        boot.write_text(json.dumps({**site.config(data), **nothing, "shares_spark": True}))
        kernel = run / "kernel.json"
        command = interpreter.command("lab_guest.boot", str(boot), "-f")
        environment = {}
        if shell:
            _write_connection(kernel, run)
            command.append(str(kernel))
        else:
            environment = _jupyter_folders(run / "jupyter", command)
            command = _jupyter(site.place.root, numbers[1], secret, isolation)
            _lay_notebook(exercise, folder / "root")
        config = {
            **site.config(data),
            "port": numbers[0],
            "token": token,
            "command": command,
            "environment": environment,
            "sockets": {str(number): str(path) for number, path in sockets.items()},
        }
        (run / "desk.json").write_text(json.dumps(config))
        site.fill(folder, exercise, data)
        if site.place.user is not None:
            sandbox.hand_over(run, site.place.user)
        desk_log = run / "desk.log"
        with desk_log.open("wb") as log:
            process = subprocess.Popen(
                [*site.place.prefix, *interpreter.command("lab_guest.desk", str(run / "desk.json"))],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=site.place.environment,
                cwd=folder / "root",
                start_new_session=True,  # Ctrl-C is for the grading process, which ends this one.
            )
        stack.callback(_end, process)
        host = f"http://127.0.0.1:{numbers[0]}"
        ready = [f"{host}/lab/health"] if shell else [f"{host}/lab/health", f"http://127.0.0.1:{numbers[1]}/api"]
        _wait(process, ready, desk_log)
        page = f"lab/tree/{_notebook(exercise)}?token={secret}"
        notebooks = None if shell else f"http://127.0.0.1:{numbers[1]}/{page}"
        yield Desk(host, token, folder / "root", notebooks, kernel, process, desk_log)


def keep_notebooks(desk: Desk, place: Path, since: float) -> list[Path]:
    """Copy the notebooks that were saved in the lab after ``since`` (seconds since 1970) to the folder ``place``."""
    kept = []
    for path in sorted(desk.folder.glob("*.ipynb")):
        if path.is_symlink() or not path.is_file():
            continue
        status = path.stat()
        if status.st_mtime > since and status.st_size <= MOST_KEPT_BYTES:
            place.mkdir(parents=True, exist_ok=True)
            kept.append(place / path.name)
            shutil.copyfile(path, kept[-1])
    return kept


def _listener(port: int | None) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port or 0), backlog=128)
    except OSError as error:
        raise BadInput(f"Port {port} can't be had ({error.strerror}): name another, or none.") from error


def _joined(stack: contextlib.ExitStack, ports: list[socket.socket], sockets: list[Path]) -> None:
    """Join the ports to the Unix sockets, in a thread, until the stack is unwound."""
    loop = asyncio.new_event_loop()

    async def start() -> None:
        for listener, path in zip(ports, sockets, strict=True):
            await relay.serve(listener, path)

    def serve() -> None:
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    stack.callback(loop.call_soon_threadsafe, loop.stop)


def _write_connection(path: Path, run: Path) -> None:
    from jupyter_client.connect import write_connection_file

    write_connection_file(str(path), transport="ipc", ip=str(run / "k"))
    path.chmod(0o644)  # it lies in a folder that nobody but us and the lab sees


def _jupyter_folders(folder: Path, kernel: list[str]) -> dict[str, str]:
    """Jupyter's folders with the lab's kernel as the only one, and the variables that lead to them."""
    spec = folder / "kernels" / KERNEL
    spec.mkdir(parents=True)
    told = {
        "argv": [*kernel, "{connection_file}"],
        "display_name": "Lab",
        "language": "python",
        "interrupt_mode": "message",
    }
    (spec / "kernel.json").write_text(json.dumps(told))
    settings = folder / "config" / "labconfig"
    settings.mkdir(parents=True)
    # It asks for news on the network, which a lab has not.
    (settings / "page_config.json").write_text(
        json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}})
    )
    return {
        "JUPYTER_PATH": str(folder),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
    }


def _jupyter(root: str, port: int, secret: str, isolation: sandbox.Isolation) -> list[str]:
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": root,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": isolation == "process",
        "IdentityProvider.token": secret,
        "KernelSpecManager.ensure_native_kernel": False,
        "MultiKernelManager.default_kernel_name": KERNEL,
        "LabApp.extension_manager": "readonly",
    }
    return interpreter.command("jupyterlab", *(f"--{name}={value}" for name, value in options.items()))


def _notebook(exercise: Exercise | None) -> str:
    return f"{exercise.name if exercise else 'notebook'}.ipynb"


def _lay_notebook(exercise: Exercise | None, root: Path) -> None:
    """The exercise's starter as a notebook, and its brief; or an empty notebook."""
    cells = submission.read(exercise.starter).cells if exercise else ()
    magic = {"sql": "%%sql\n", "shell": "%%sh\n"}
    nodes = [
        nbformat.v4.new_markdown_cell(cell.source)
        if cell.language == "markdown"
        else nbformat.v4.new_code_cell(magic.get(cell.language, f"# {cell.title}\n") + cell.source)
        for cell in cells
    ]
    notebook = nbformat.v4.new_notebook(cells=nodes or [nbformat.v4.new_code_cell("spark.sql('SELECT 1').show()")])
    notebook.metadata["kernelspec"] = {"name": KERNEL, "display_name": "Lab", "language": "python"}
    nbformat.write(notebook, root / _notebook(exercise))
    if exercise:
        shutil.copyfile(exercise.brief, root / "brief.md")


def _wait(process: subprocess.Popen[bytes], ready: list[str], log: Path) -> None:
    """Wait until all addresses answer. Raises NotGraded when the lab ends instead, or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    for address in ready:
        while not _answers(address):
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotGraded(f"the lab did not come up: {logs.tail(log)}")
            time.sleep(EVERY_SECONDS)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=10):
            return True
    except (OSError, HTTPException):  # joined, and nobody there yet
        return False


def _end(process: subprocess.Popen[Any]) -> None:
    """Tell the lab to end by closing its standard input; end it if it does not."""
    with contextlib.suppress(OSError):
        process.stdin.close()  # type: ignore[union-attr]
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
