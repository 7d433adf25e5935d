"""The grader's end of a kernel's channels, held against ZeroMQ's own library on the other end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
import zmq
import zmq.asyncio
from jupyter_client.session import DELIM, Session

from grader.lab import channels

PARENT = {"msg_id": "asked"}


class Kernel:
    """A kernel's sockets, and the channels that are joined to them."""

    def __init__(self, shell: zmq.asyncio.Socket, iopub: zmq.asyncio.Socket, session: Session) -> None:
        self.shell, self.iopub, self.session = shell, iopub, session
        self.allowance = channels.Allowance()
        self.allowance.renew(1 << 30)

    async def joined(self, path: Path, kind: bytes) -> channels.Channel:
        reader, writer = await asyncio.open_unix_connection(path)
        channel = channels.Channel(reader, writer, self.session, self.allowance)
        await channel.greet(kind, self.session.bsession if kind == b"DEALER" else b"")
        return channel

    def message(self, kind: str, content: bytes) -> list[bytes]:
        header = json.dumps(self.session.msg_header(kind), default=str).encode()
        return [DELIM, b"", header, json.dumps(PARENT).encode(), b"{}", content]


@asynccontextmanager
async def kernel(folder: Path) -> AsyncIterator[tuple[Kernel, channels.Channel, channels.Channel]]:
    context = zmq.asyncio.Context()
    shell, iopub = context.socket(zmq.ROUTER), context.socket(zmq.XPUB)
    try:
        shell.bind(f"ipc://{folder}/s")
        iopub.bind(f"ipc://{folder}/i")
        end = Kernel(shell, iopub, Session())
        asked, heard = await end.joined(folder / "s", b"DEALER"), await end.joined(folder / "i", b"SUB")
        await iopub.recv()  # the subscription
        yield end, asked, heard
        asked.stop()
        heard.stop()
    finally:
        context.destroy(linger=0)


def within(folder: Path, test: Callable[[Kernel, channels.Channel, channels.Channel], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(60), kernel(folder) as (end, asked, heard):
            await test(end, asked, heard)

    asyncio.run(run())


def test_messages_go_both_ways(tmp_path: Path) -> None:
    async def test(end: Kernel, asked: channels.Channel, heard: channels.Channel) -> None:
        source = "x" * 1000
        asked.send(end.session.msg("execute_request", {"code": source}))
        sender, *parts = await end.shell.recv_multipart()
        assert sender == end.session.bsession
        assert end.session.deserialize(parts[1:])["content"] == {"code": source}
        await end.shell.send_multipart([sender, *end.message("execute_reply", b'{"status": "ok"}')])
        reply = await asked.get_msg()
        assert (reply["msg_type"], reply["parent_header"]) == ("execute_reply", PARENT)
        assert (reply["content"], reply["size"]) == ({"status": "ok"}, len(b'{"status": "ok"}'))
        await end.iopub.send_multipart([b"kernel.topic", *end.message("stream", b'{"text": "\xc3\xa9"}')])
        assert (await heard.get_msg())["content"] == {"text": "é"}
        with pytest.raises(Empty):
            await heard.get_msg(timeout=0.01)

    within(tmp_path, test)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"text": "x" * channels.MESSAGE_BYTES}).encode(),
        b'{"text": [' + b",".join([b"[]"] * channels.MOST_CONTAINERS) + b"]}",
    ],
    ids=["long", "many lists"],
)
def test_what_is_too_much_to_read_is_counted_and_the_next_message_is_read(tmp_path: Path, content: bytes) -> None:
    async def test(end: Kernel, _: channels.Channel, heard: channels.Channel) -> None:
        await end.iopub.send_multipart(end.message("error", content))
        await end.iopub.send_multipart(end.message("stream", b'{"text": "good"}'))
        long, good = await heard.get_msg(), await heard.get_msg()
        assert (long["content"], long["parent_header"]) == (channels.UNREAD, PARENT)
        assert long["size"] >= len(content)
        assert good["content"] == {"text": "good"}

    within(tmp_path, test)


@pytest.mark.parametrize(
    "frames",
    [
        [b"no delimiter"],
        [DELIM, b"", b"{}"],
        [DELIM, b"", b"[]", b"{}", b"{}", b"{}"],
        [DELIM, b"", b"{}", b"{}", b"{}", b"{}"],
        [DELIM, b"", b'{"msg_id": 1, "msg_type": "x"}', b"{}", b"{}", b'{"a": ' + b"[" * 9000],
        [DELIM, b"", b"x" * channels.MESSAGE_BYTES, b"{}", b"{}", b"{}"],
    ],
    ids=["other", "short", "array", "empty", "deep", "long header"],
)
def test_what_no_kernel_sends_is_refused_and_the_next_message_is_read(tmp_path: Path, frames: list[bytes]) -> None:
    async def test(end: Kernel, _: channels.Channel, heard: channels.Channel) -> None:
        await end.iopub.send_multipart(frames)
        await end.iopub.send_multipart(end.message("stream", b'{"text": "good"}'))
        with pytest.raises(ValueError, match="no message of a kernel"):
            await heard.get_msg()
        assert (await heard.get_msg())["content"] == {"text": "good"}

    within(tmp_path, test)


@pytest.mark.parametrize("more", [[b""] * 200_000, [bytes(1 << 20)] * 10], ids=["many frames", "long frames"])
def test_a_message_without_end_is_read_as_far_as_is_allowed(tmp_path: Path, more: list[bytes]) -> None:
    async def test(end: Kernel, _: channels.Channel, heard: channels.Channel) -> None:
        end.allowance.renew(5 << 20)
        await end.iopub.send_multipart([*end.message("stream", b"{}"), *more])
        await end.allowance.spent.wait()
        with pytest.raises(Empty):
            await heard.get_msg(timeout=0.01)
        end.allowance.renew(20 << 20)
        assert (await heard.get_msg())["size"] == len(b"{}") + sum(map(len, more))
        assert not end.allowance.spent.is_set()

    within(tmp_path, test)


def test_nothing_is_read_that_nobody_asks_for(tmp_path: Path) -> None:
    async def test(end: Kernel, _: channels.Channel, heard: channels.Channel) -> None:
        content = json.dumps({"text": "x" * (1 << 20)}).encode()
        end.allowance.renew(4 << 20)
        sent: list[Any] = [await end.iopub.send_multipart(end.message("stream", content)) for _ in range(10)]
        first = await heard.get_msg()
        assert len(sent) == 10 and first["size"] > 1 << 20
        await asyncio.sleep(0.5)
        assert not end.allowance.spent.is_set()  # One message waits, and one is on its way.

    within(tmp_path, test)
