"""The bars of the lab's workspace, side by side in one run: `make bench`, or `bench/workspace.py [--runs N]`.

Start: processor seconds of the workspace from its start until it has answered for its health and for its experiments,
against `mlflow server` on a copy of the same store, alone, until it has answered the same. `mlflow server` counts with
all its processes; with one worker (`--workers 1`) and as it comes.

Rate: pages of 100 webhooks out of 1,000 from a running workspace, against the same application's empty health endpoint,
in turns, over one connection.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from measure import HOME

sys.path.insert(0, str(HOME))

from tests.workspace_server import TOKEN, Server, lay, served

START_BAR = 1.3
RATE_BAR = 0.5
REQUESTS = 300
ROUNDS = 7
EXPERIMENTS = "/api/2.0/mlflow/experiments/search?max_results=10"
PAGE = "/api/2.0/mlflow/registry-webhooks/list?max_results=100"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def main() -> None:
    """Measure and tell; ends with status 1 when a bar is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    kinds = {"workspace": ours, "mlflow server --workers 1": mlflows_one, "mlflow server": mlflows}
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(runs):
        for name, start in kinds.items():
            with tempfile.TemporaryDirectory() as folder:
                taken[name].append(start(Path(folder)))
    median = {name: statistics.median(seconds) for name, seconds in taken.items()}
    for name, seconds in median.items():
        print(f"CPU to start, {name}: {seconds:.2f} s")
    met = tell("workspace to mlflow server with one worker, CPU to start", median, "mlflow server --workers 1")
    met &= tell("workspace to mlflow server as it comes, CPU to start", median, "mlflow server")
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as server:
        rate = page_rate(server)
    print(f"pages of 100 of 1,000 webhooks to empty answers, rate: {rate:.2f} (bar: at least {RATE_BAR})")
    sys.exit(0 if met and rate >= RATE_BAR else 1)


def tell(what: str, median: dict[str, float], other: str) -> bool:
    """Print a ratio and say whether it meets its bar."""
    ratio = median["workspace"] / median[other]
    print(f"{what}: {ratio:.2f} (bar: at most {START_BAR})")
    return ratio <= START_BAR


def ours(folder: Path) -> float:
    """Processor seconds of the workspace."""
    with served(folder) as server:
        ask(server.host)
        assert server.process is not None
        return spent(server.process.pid)


def mlflows_one(folder: Path) -> float:
    """Processor seconds of MLflow's server with one worker."""
    return mlflows(folder, "--workers", "1")


def mlflows(folder: Path, *more: str) -> float:
    """Processor seconds of MLflow's server and its workers."""
    lay(folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    uri = f"sqlite:///{folder}/mlflow.db"
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri, "--port", str(port), *more]
    command += ["--default-artifact-root", str(folder / "mlruns"), "--no-serve-artifacts"]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        host = f"http://127.0.0.1:{port}"
        while True:
            if process.poll() is not None:
                sys.exit((folder / "log").read_text())
            with contextlib.suppress(OSError):
                ask(host)
                break
            time.sleep(0.1)
        quiet(process.pid)  # the other workers are no part of the answer, but of the start
        return spent(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def ask(host: str) -> None:
    """Have a server answer for its health, and from its store."""
    for path in ("/health", EXPERIMENTS):
        connection = http.client.HTTPConnection(urlsplit(host).netloc, timeout=120)
        connection.request("GET", path, headers=HEADERS)
        answer = connection.getresponse()
        if answer.status != 200:
            sys.exit(f"{path} answered {answer.status}: {answer.read()!r}")
        connection.close()


def quiet(process_id: int) -> None:
    """Wait until a server's processes do nothing any more."""
    before = -1.0
    while (now := spent(process_id)) - before > 0.05:
        before = now
        time.sleep(1)


def spent(process_id: int) -> float:
    """Processor seconds of a process and all its descendants, running and ended."""
    parent = psutil.Process(process_id)
    family = [parent, *parent.children(recursive=True)]
    return float(sum(sum(process.cpu_times()[:4]) for process in family))


def page_rate(server: Server) -> float:
    """How many pages are served in the time of one empty answer."""
    server.model("m")
    for n in range(1000):
        server.hook(
            "MODEL_VERSION_TRANSITIONED_STAGE",
            to=f"r{n}",
            model_name="m",
            status="DISABLED",
            description=f"webhook {n}",
        )
    connection = http.client.HTTPConnection(urlsplit(server.host).netloc, timeout=120)

    def seconds(path: str) -> float:
        started = time.perf_counter()
        for _ in range(REQUESTS):
            connection.request("GET", path, headers=HEADERS)
            answer = connection.getresponse()
            length = len(answer.read())
            assert answer.status == 200 and (path != PAGE or length > 20_000)
        return time.perf_counter() - started

    health, pages = zip(*[(seconds("/lab/health"), seconds(PAGE)) for _ in range(ROUNDS)], strict=True)
    best = min(health), min(pages)
    print(f"empty answers: {REQUESTS / best[0]:.0f} a second; pages: {REQUESTS / best[1]:.0f} a second")
    ratio: float = best[0] / best[1]
    return ratio


if __name__ == "__main__":
    main()
