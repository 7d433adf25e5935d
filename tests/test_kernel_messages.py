"""A cell's messages: those that come late, after the kernel has answered that the cell is done, and what they show."""

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


def output(kind: str, **content: Any) -> dict[str, Any]:
    return {"msg_type": kind, "content": content, "size": 1}


SHOWN = [
    ([output("stream", name="stdout", text="a\n"), output("stream", name="stdout", text="b\n")], "a\nb\n"),
    ([output("stream", name="stderr", text="a warning\n")], ""),
    ([output("execute_result", data={"text/plain": "42", "text/html": "<b>42</b>"})], "42\n"),
    ([output("display_data", data={"text/html": "<b>42</b>"})], ""),
    ([output("stream", name="stdout", text=["a"]), output("display_data", data=7), output("stream", text=7)], ""),
    ([output("stream", name="stdout", text="x" * 10_000 + "end")], "x" * (kernel.MAX_PRINTED - 3) + "end"),
    ([output("stream", name="stdout", text=f"{n};") for n in range(10_000)], None),
]


@pytest.mark.parametrize(("messages", "printed"), SHOWN)
def test_the_end_of_what_a_cell_prints_is_kept(messages: list[dict[str, Any]], printed: str | None) -> None:
    client = kernel._Client(nbformat.v4.new_notebook())
    client.limit, client.too_much = 1 << 20, asyncio.Event()
    for message in messages:
        client.process_message(message, None, 0)
    if printed is None:
        assert len(client.printed) == kernel.MAX_PRINTED and client.printed.endswith("9998;9999;")
    else:
        assert client.printed == printed
