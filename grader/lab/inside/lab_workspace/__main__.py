"""Serves the workspace: ``python -m lab_workspace (--port N | --fd N) --store FILE --root FOLDER``.

DATABRICKS_TOKEN is the token that it asks for. With ``--fd`` it serves a listening socket that whoever started it made
and keeps: clients that come before it is ready wait, and so do those that come while it is started anew. ``--limits``
is JSON, for :func:`lab_workspace.serving.serve`. A graded lab forks its server instead (``lab_guest.house``).
"""

from __future__ import annotations

import argparse
import json
import os
import socket
from pathlib import Path

from .serving import serve


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
    descriptor = given.fd
    if descriptor is None:
        descriptor = socket.create_server(("127.0.0.1", given.port), backlog=128).detach()
    serve(descriptor, store=given.store, root=given.root, limits=given.limits)


if __name__ == "__main__":
    main()
