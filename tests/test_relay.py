"""The relay joins a port to a socket of the lab, and to nothing that the lab puts in its place."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import pytest

from grader.lab.inside.lab_guest import relay

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sandboxes are Linux's")


async def answer_through(path: Path) -> bytes:
    """What comes back through a relay to ``path``."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    async with asyncio.timeout(30), await relay.serve(listener, path):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            return await reader.read()
        finally:
            writer.close()


def answered(path: Path, outside: Path) -> bytes:
    """The same, while a server answers at ``outside``."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    async def run() -> bytes:
        async with await asyncio.start_unix_server(greet, outside):
            return await answer_through(path)

    return asyncio.run(run())


def test_a_socket_answers(tmp_path: Path) -> None:
    assert answered(tmp_path / "s", tmp_path / "s") == b"hello"


def test_a_link_to_a_socket_outside_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "s")
    assert answered(tmp_path / "link", tmp_path / "s") == b""


def test_a_file_is_no_socket(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no socket")
    assert answered(tmp_path / "file", tmp_path / "s") == b""
