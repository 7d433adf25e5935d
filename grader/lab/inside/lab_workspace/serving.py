"""Serves the workspace until it is told to end."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab_guest import bounds

MOST_REPORT = 4096
"""Bytes of a line that is reported: a pipe takes as many at once, or none of them (PIPE_BUF of pipe(7))."""


def serve(
    descriptor: int,
    *,
    store: Path,
    root: Path,
    limits: Mapping[str, float] | None,
    key: bytes = b"",
    report: int | None = None,
) -> None:
    """Serve on a listening socket, given as its descriptor, until told to end.

    DATABRICKS_TOKEN in the environment is the token that it asks for.
    ``limits`` (as ``lab_guest.bounds`` takes them) hold for this process and for each process of the jobs that it runs.
    ``key`` seals deliveries, see :class:`lab_workspace.state.State`. To the descriptor ``report`` it writes a JSON line
    for each attempt at a delivery, see :mod:`lab_workspace.delivery`.
    """
    if limits:
        bounds.limit(dict(limits))
    # Made from a descriptor it knows that it is TCP, without which asyncio lets answers wait for the client's
    # acknowledgement of their beginning, some 40 ms each.
    listener = socket.socket(fileno=descriptor)
    uri = f"sqlite:///{store.absolute()}"
    os.environ |= {
        "LAB_WORKSPACE_ROOT": str(root.absolute()),
        "LAB_WORKSPACE_STORE": str(store.absolute()),
        "LAB_WORKSPACE_HOST": f"http://127.0.0.1:{listener.getsockname()[1]}",  # for the tasks of jobs
        # What `mlflow server` tells its workers; without proxy, so that artifacts lie where the judge can read them.
        "_MLFLOW_SERVER_FILE_STORE": uri,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": str(root.absolute() / "mlruns"),
        "_MLFLOW_SGI_NAME": "uvicorn",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # The store asks for models through MLflow's client: it must not ask this server while it is answering.
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    os.environ.pop("MLFLOW_REGISTRY_URI", None)

    import uvicorn  # before MLflow, which looks for it to know that it serves

    from .app import create_app

    def write(told: Mapping[str, Any]) -> None:
        line = json.dumps(told).encode() + b"\n"
        if report is not None and len(line) <= MOST_REPORT:
            os.write(report, line)

    config = uvicorn.Config(
        create_app(key, write),
        log_level="warning",
        access_log=False,
        loop="asyncio",
        http="h11",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(config).run(sockets=[listener])
