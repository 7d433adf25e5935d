"""The channels of a lab's kernel, read one message at a time: a bounded part of each is kept, and every byte counts.

The client speaks ZeroMQ's protocol itself (ZMTP 3.0, https://rfc.zeromq.org/spec/23/). ZeroMQ's own library fills
queues before anybody can count: its limits hold frames and messages, and one message may have any number of frames.
Here nothing is read ahead. What the grading process does not take stays in the lab, and counts as the lab's memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.session import DELIM, Session

MESSAGE_BYTES = 4 << 20
"""The most that is kept of one message. What is longer is counted, and not read."""
MOST_CONTAINERS = 10_000
"""How many brackets a content may hold that is parsed: an empty list is two bytes as JSON, and sixty in memory."""
MOST_FRAMES = 16
"""How many frames of a message are kept. The kernel's own messages have seven, and then buffers that nobody needs."""
FRAME_BYTES = 32
"""What each frame counts besides its content, so that endless empty frames count too."""

UNREAD = {"status": "error", "ename": "Error", "evalue": "the error's text is too long to be read"}
"""Stands for a content that is not read: it fits a reply and an error alike."""

_PIECE = 1 << 16
_MORE, _LONG, _COMMAND = 1, 2, 4
_GREETING = b"\xff" + bytes(8) + b"\x7f" + bytes([3, 0]) + b"NULL".ljust(20, b"\0") + bytes(32)
_KINDS = {"shell": b"DEALER", "control": b"DEALER", "iopub": b"SUB"}
_RETRY_SECONDS = 0.05
_START_BYTES = 16 << 20


class Allowance:
    """How many bytes all channels of a kernel may deliver together. Once they are spent, nothing more is read."""

    def __init__(self) -> None:
        self._left = 0
        self._renewed = asyncio.Event()
        self.spent = asyncio.Event()

    def renew(self, size: int) -> None:
        """Allow ``size`` bytes from now on, whatever was left."""
        self._left = size
        self.spent.clear()
        self._renewed.set()

    async def take(self, size: int) -> None:
        """Count ``size`` bytes. If they are too many, wait for the next allowance."""
        self._left -= size
        while self._left < 0:
            self._renewed.clear()
            self.spent.set()
            await self._renewed.wait()


class Channel:
    """One connection to a kernel's socket. It offers what nbclient uses of a channel of jupyter_client."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: Session, allowance: Allowance
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._session = session
        self._allowance = allowance
        # One message waits here, as frames and their size, and one is on its way. No other is read before it is taken.
        self._messages: asyncio.Queue[tuple[list[bytes | None], int]] = asyncio.Queue(maxsize=1)
        self._task: asyncio.Task[None] | None = None

    async def greet(self, kind: bytes, identity: bytes) -> None:
        """Agree with the kernel on the protocol, and begin to read."""
        self._writer.write(_GREETING)
        await self._reader.readexactly(len(_GREETING))
        ready = b"\x05READY" + _property(b"Socket-Type", kind) + _property(b"Identity", identity)
        self._writer.write(_frame(ready, _COMMAND))
        if kind == b"SUB":
            self._writer.write(_frame(b"\x01"))  # to all topics
        await self._writer.drain()
        self._task = asyncio.ensure_future(self._read_on())

    def send(self, message: dict[str, Any]) -> None:
        """Send a message of the session's making."""
        *first, last = self._session.serialize(message)
        self._writer.writelines([*(_frame(part, _MORE) for part in first), _frame(last)])

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """The next message, as jupyter_client gives one, and its ``size``: bytes of its content and buffers.

        Raises queue.Empty when none arrives within ``timeout`` seconds, ValueError for what is no kernel's message.
        """
        try:
            async with asyncio.timeout(timeout):
                frames, size = await self._messages.get()
        except TimeoutError:
            raise Empty from None
        try:
            return _message(frames, size)
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise ValueError(f"this is no message of a kernel: {error}") from error

    def stop(self) -> None:
        """Close the connection."""
        if self._task:
            self._task.cancel()
        self._writer.close()

    async def _read_on(self) -> None:
        # An end of the connection is no message: the kernel's own end shows elsewhere.
        with contextlib.suppress(OSError, EOFError):
            while True:
                await self._messages.put(await self._frames())

    async def _frames(self) -> tuple[list[bytes | None], int]:
        """The first frames of a message (None for one that is too long to be kept), and the size of them all."""
        frames: list[bytes | None] = []
        size, room, more = 0, MESSAGE_BYTES, True
        while more:
            flags = (await self._taken(1))[0]
            length = int.from_bytes(await self._taken(8 if flags & _LONG else 1))
            await self._allowance.take(FRAME_BYTES)
            kept = await self._body(length, keep=length <= room and len(frames) < MOST_FRAMES)
            if flags & _COMMAND:
                continue
            size += length
            room -= len(kept or b"")
            if len(frames) < MOST_FRAMES:
                frames.append(kept)
            more = bool(flags & _MORE)
        return frames, size

    async def _body(self, length: int, *, keep: bool) -> bytes | None:
        if keep:
            return await self._taken(length)
        while length > 0:
            # By the piece: no more may be read of it than is allowed.
            length -= len(await self._taken(min(length, _PIECE)))
        return None

    async def _taken(self, length: int) -> bytes:
        await self._allowance.take(length)
        return await self._reader.readexactly(length)


class Client(AsyncKernelClient):  # type: ignore[misc]
    """A kernel's client whose channels are of this module: those it needs, which are shell, control and iopub.

    It connects once, before the lab runs anything of a learner's, and never again: no socket that a lab puts in
    another's place is ever looked up.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.allowance = Allowance()
        self._open: dict[str, Channel] = {}

    async def open(self, seconds: float) -> None:
        """Connect to the kernel and wait until it answers. Raises RuntimeError when it ends, or takes longer."""
        self.allowance.renew(_START_BYTES)
        try:
            async with asyncio.timeout(seconds):
                for name, kind in _KINDS.items():
                    self._open[name] = await self._connected(name, kind)
                await self.wait_for_ready(timeout=seconds)
        except TimeoutError:
            raise RuntimeError(f"it did not answer in {seconds:.0f} s") from None
        self.allow_stdin = False

    async def _connected(self, name: str, kind: bytes) -> Channel:
        path = Path(f"{self.ip}-{getattr(self, f'{name}_port')}")
        while True:
            with contextlib.suppress(OSError, EOFError):
                reader, writer = await asyncio.open_unix_connection(path, limit=_PIECE)
                channel = Channel(reader, writer, self.session, self.allowance)
                await channel.greet(kind, b"" if kind == b"SUB" else self.session.bsession)
                return channel
            if not await self.is_alive():
                raise RuntimeError("its process ended")
            await asyncio.sleep(_RETRY_SECONDS)

    def stop_channels(self) -> None:
        """Close what is open."""
        for channel in self._open.values():
            channel.stop()

    @property
    def shell_channel(self) -> Channel:
        return self._open["shell"]

    @property
    def control_channel(self) -> Channel:
        return self._open["control"]

    @property
    def iopub_channel(self) -> Channel:
        return self._open["iopub"]


def _property(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + len(value).to_bytes(4) + value


def _frame(body: bytes, flags: int = 0) -> bytes:
    if len(body) < 256:
        return bytes([flags, len(body)]) + body
    return bytes([flags | _LONG]) + len(body).to_bytes(8) + body


def _message(frames: list[bytes | None], size: int) -> dict[str, Any]:
    """A message from its frames. Raises ValueError, TypeError, LookupError or RecursionError when they are not one.

    Its signature is not looked at: it is made with a key that the lab has.
    """
    start = frames.index(DELIM) + 1
    _signature, *parts = frames[start : start + 5]
    header, parent, _metadata, content = map(_parsed, parts)
    if not isinstance(header, dict) or not isinstance(parent, dict):
        raise ValueError("its header is no object")
    return {
        "header": header,
        "msg_id": header["msg_id"],
        "msg_type": header["msg_type"],
        "parent_header": parent,
        "metadata": {},
        "content": UNREAD if content is None else content,
        "buffers": [],
        "size": size - sum(len(frame or b"") for frame in frames[: start + 4]),
    }


def _parsed(frame: bytes | None) -> Any:
    """What a frame says; None if it was not kept or would take many times its size in memory."""
    if frame is None or frame.count(b"[") + frame.count(b"{") > MOST_CONTAINERS:
        return None
    return json.loads(frame.decode(errors="replace"))
