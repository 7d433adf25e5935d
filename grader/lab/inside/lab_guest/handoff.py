"""Has a warm lab (:mod:`lab_guest.warm`) run a notebook, and stays until that has ended.

Called outside the sandbox as ``python -m lab_guest.handoff SOCKET CONFIG -f CONNECTION_FILE``: the last three as
:mod:`lab_guest.boot` takes them. The notebook gets this process's standard streams, and ends when this process does.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path


def main() -> None:
    place, *arguments = sys.argv[1:]
    # The grader wrote the connection file for itself alone; no other user sees its folder.
    Path(arguments[arguments.index("-f") + 1]).chmod(0o644)
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(place)
        socket.send_fds(line, [json.dumps(arguments).encode()], [0, 1, 2])
        status = line.recv(1)
    sys.exit(status[0] if status else 1)


if __name__ == "__main__":
    main()
