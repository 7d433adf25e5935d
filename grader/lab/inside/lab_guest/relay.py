"""Joins sockets: a port of this machine to a Unix socket in a lab's folder, and that to a port inside the lab.

A sandbox has a loopback of its own, which nobody outside can reach; Unix sockets in a shared folder cross its border.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from pathlib import Path

_PIECE = 1 << 16


async def serve(listener: socket.socket, target: Path | int) -> asyncio.Server:
    """Join whoever connects to ``listener`` to ``target``: a Unix socket, or a port on loopback."""

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            if isinstance(target, int):
                onward = await asyncio.open_connection("127.0.0.1", target)
            else:
                onward = await _unix_connection(target)
            await asyncio.gather(_pump(reader, onward[1]), _pump(onward[0], writer))
        writer.close()

    if listener.family == socket.AF_UNIX:
        return await asyncio.start_unix_server(joined, sock=listener)
    return await asyncio.start_server(joined, sock=listener)


async def _unix_connection(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the socket at ``path`` itself. Raises OSError if that is no socket.

    The lab may put a link in its place, to a socket outside that only the grader reaches.
    """
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW)  # Both are Linux's, as are sandboxes.
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            raise ConnectionRefusedError(f"{path} is no socket")
        return await asyncio.open_unix_connection(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


def listen(path: Path) -> socket.socket:
    """A listening Unix socket at ``path``."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(128)
    return listener
