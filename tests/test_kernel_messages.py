"""A cell's messages that come late, as on a busy machine: after the kernel has answered that the cell is done."""

from __future__ import annotations

import asyncio
from typing import Any

import nbformat
import pytest

from grader.lab import kernel

pytestmark = pytest.mark.server

ID = "cell"
REPLY = {"parent_header": {"msg_id": ID}, "content": {"status": "error", "execution_count": 1}}
ERROR = {"ename": "ValueError", "evalue": "late", "traceback": []}
LATE_SECONDS = 5
"""Longer than nbclient waits of itself."""


class Channel:
    """A kernel's channel that gives these messages, each after a wait in seconds, and then none."""

    def __init__(self, *messages: tuple[float, dict[str, Any]]) -> None:
        self._messages = list(messages)

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        if not self._messages:
            await asyncio.Event().wait()
        seconds, message = self._messages.pop(0)
        await asyncio.sleep(seconds)
        return message


class Kernel:
    """What nbclient uses of a kernel's client."""

    def __init__(self) -> None:
        error = {"msg_type": "error", "parent_header": {"msg_id": ID}, "content": ERROR}
        idle = {"msg_type": "status", "parent_header": {"msg_id": ID}, "content": {"execution_state": "idle"}}
        self.shell_channel = Channel((0, REPLY))
        self.iopub_channel = Channel((LATE_SECONDS, error), (0, idle))

    def execute(self, *_: Any, **__: Any) -> str:
        return ID

    async def is_alive(self) -> bool:
        return True


def test_an_error_that_comes_late_is_not_lost() -> None:
    async def run() -> Any:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("raise ValueError")])
        client = kernel._Client(notebook, allow_errors=True, store_widget_state=False, record_timing=False)
        client.limit, client.too_much = 1 << 20, asyncio.Event()
        client.reset_execution_trackers()
        client.kc = Kernel()
        await client.async_execute_cell(notebook["cells"][0], 0)
        return client.error

    assert asyncio.run(run()) == ERROR
