"""A Python prompt on a kernel that runs already: Jupyter's console, whose Ctrl-C reaches the kernel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from jupyter_console.app import ZMQTerminalIPythonApp


class _Console(ZMQTerminalIPythonApp):  # type: ignore[misc]
    name = "lab"

    def handle_sigint(self, *_: Any) -> None:
        """Stop what the kernel is at. The console itself would do so only for a kernel that it has started."""
        if not self.shell._executing:
            raise KeyboardInterrupt
        client = self.kernel_client
        client.control_channel.send(client.session.msg("interrupt_request", {}))


def prompt(connection_file: Path) -> None:
    """Read and run lines until the end of input, or ``exit``; without a terminal from standard input."""
    console = _Console.instance(existing=str(connection_file), confirm_exit=False)
    console.initialize([] if sys.stdin.isatty() else ["--simple-prompt"])
    console.shell.own_kernel = True  # which ends with the prompt
    console.start()
