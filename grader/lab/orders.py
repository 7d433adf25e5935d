"""The private line between the grader and a lab's first process (``lab_guest.house``).

By it the lab learns what happens once the notebook has ended, and the grader learns what the workspace's server has
delivered to webhooks since. No other process of the lab can read or write there.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator, Sequence
from typing import Any

MOST_ORDER = 60_000
"""Bytes of what happens afterwards: less than a socket holds, so that the grader never waits."""
MOST_REPORTED = 1 << 20
"""Bytes of what the lab reports: some 3,000 deliveries."""
CUT = '{"cut": true}'
"""The last line of a report that was longer."""
_PIECE = 1 << 16


class Line:
    """The grader's end. Use it as a context manager, which closes it."""

    def __init__(self) -> None:
        self._own, self._other = socket.socketpair()
        self._received = b""
        self._cut = False

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *error: object) -> None:
        self._own.close()
        self._other.close()

    @contextlib.contextmanager
    def as_stdin(self) -> Iterator[socket.socket]:
        """Standard input for the lab's first process, from which that takes its end of the line.

        It is not the line itself: bubblewrap's own process in the sandbox keeps its standard input open, where a
        process of the same user can take it. The other end is closed here with the block.
        """
        ours, theirs = socket.socketpair()
        with ours, theirs:
            socket.send_fds(ours, [b"\0"], [self._other.fileno()])
            yield theirs
        self._other.close()

    def order(self, steps: Sequence[Any]) -> None:
        """Say what happens in the lab afterwards; no more can be said. Raises ValueError when that is too long."""
        order = json.dumps(steps).encode()
        if len(order) > MOST_ORDER:
            raise ValueError(f"what happens afterwards takes {len(order)} bytes, and may take {MOST_ORDER}")
        with contextlib.suppress(OSError):  # The lab may have ended already.
            self._own.sendall(order)
            self._own.shutdown(socket.SHUT_WR)
        self._own.setblocking(False)

    def receive(self) -> None:
        """Take in what has been reported by now, without waiting."""
        with contextlib.suppress(OSError):  # There is no more for now.
            while piece := self._own.recv(_PIECE):
                room = MOST_REPORTED - len(self._received)
                self._cut = self._cut or len(piece) > room
                self._received += piece[:room]

    @property
    def reported(self) -> str:
        """What was received: JSON lines, which :mod:`grader.evidence.workspace` reads.

        After MOST_REPORTED bytes the rest is left out, and the last line is CUT.
        """
        whole = self._received[: self._received.rfind(b"\n") + 1].decode(errors="replace")
        return whole + CUT + "\n" if self._cut else whole
