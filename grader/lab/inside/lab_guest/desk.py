"""A lab for a person to explore: its first process, which keeps all of it running until standard input ends.

Called as ``python -m lab_guest.desk CONFIG``. CONFIG is a JSON file with ``jvm``, ``spark_home``, ``root``,
``scratch`` and ``user`` as for :mod:`lab_guest.boot`; ``port`` and ``token`` of the workspace; ``command``, what the
person works with (a Jupyter server or a kernel), and ``environment``, variables for it; and ``sockets``, Unix sockets
to join to ports for whoever is outside of a sandbox, by port.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import bounds, keeper, relay, spark
from .house import Server

_EVERY_SECONDS = 0.2


def main() -> None:
    config = json.loads(Path(sys.argv[1]).read_text())
    if config["user"] is not None:
        bounds.become(config["user"])
    bounds.confine(None)
    keeper.adopt()
    os.chdir(config["root"])
    server = Server(Path(config["root"]), None, config["port"], config["token"])
    os.environ |= server.address | config["environment"]
    scratch = Path(config["scratch"])
    if config["jvm"]:
        spark.meet(spark.start(config["jvm"], config["spark_home"], config["root"], scratch), scratch)
    server.start()
    desk = subprocess.Popen(config["command"], stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        asyncio.run(_keep(server, desk, config["sockets"]))
    finally:
        keeper.end(0)


async def _keep(server: Server, desk: subprocess.Popen[Any], sockets: Mapping[str, str]) -> None:
    """Stay until standard input ends, or what the person works with."""
    joined = [await relay.serve(relay.listen(Path(path)), int(port)) for port, path in sockets.items()]
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(0, lambda: ended.set() if not os.read(0, 1 << 10) else None)
    while desk.poll() is None and not ended.is_set():
        server.revive()
        await asyncio.sleep(_EVERY_SECONDS)
    for one in joined:
        one.close()


if __name__ == "__main__":
    main()
