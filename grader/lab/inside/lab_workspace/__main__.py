"""Serves the workspace: ``python -m lab_workspace (--port N | --fd N) --store FILE --root FOLDER``.

DATABRICKS_TOKEN is the token that it asks for. With ``--fd`` it serves a listening socket that whoever started it made
and keeps: clients that come before it is ready wait, and so do those that come while it is started anew. ``--limits``
(JSON, as ``lab_guest.bounds`` takes them) hold for it and for each process of the jobs that it runs.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
from pathlib import Path

from lab_guest import bounds


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(prog="lab_workspace")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", type=int)
    where.add_argument("--fd", type=int)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--limits", type=json.loads)
    given = parser.parse_args()
    if not os.environ.get("DATABRICKS_TOKEN"):
        parser.error("DATABRICKS_TOKEN is not set")
    if given.limits:
        bounds.limit(given.limits)
    uri = f"sqlite:///{given.store.absolute()}"
    os.environ |= {
        "LAB_WORKSPACE_ROOT": str(given.root.absolute()),
        "LAB_WORKSPACE_STORE": str(given.store.absolute()),
        # What `mlflow server` tells its workers; without proxy, so that artifacts lie where the judge can read them.
        "_MLFLOW_SERVER_FILE_STORE": uri,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": str(given.root.absolute() / "mlruns"),
        "_MLFLOW_SGI_NAME": "uvicorn",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # The store asks for models through MLflow's client: it must not ask this server while it is answering.
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    os.environ.pop("MLFLOW_REGISTRY_URI", None)

    import uvicorn  # before MLflow, which looks for it to know that it serves

    from .app import create_app

    config = uvicorn.Config(
        create_app(),
        log_level="warning",
        access_log=False,
        loop="asyncio",
        http="h11",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    served = listening(given.port, given.fd)
    os.environ["LAB_WORKSPACE_HOST"] = f"http://127.0.0.1:{served.getsockname()[1]}"  # for the tasks of jobs
    uvicorn.Server(config).run(sockets=[served])


def listening(port: int | None, descriptor: int | None) -> socket.socket:
    """The socket to serve: one that is there already, or a new one on loopback."""
    if descriptor is None:
        descriptor = socket.create_server(("127.0.0.1", port or 0), backlog=128).detach()
    # Made from a descriptor it knows that it is TCP, without which asyncio lets answers wait for the client's
    # acknowledgement of their beginning, some 40 ms each.
    return socket.socket(fileno=descriptor)


if __name__ == "__main__":
    main()
