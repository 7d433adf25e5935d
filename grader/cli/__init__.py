"""The ``grade`` command: one file a verb, and one place (``exits``) that decides how it ends."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from grader import interpreter


def main() -> None:
    """The entry point of ``grade`` and of ``python -m grader``."""
    interpreter.settle()
    try:
        # To be told to stop, or to lose the terminal, is to be interrupted: the lab is taken down.
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, signal.default_int_handler)
        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:  # before ``run`` had begun, or once more after it was done
        sys.exit(130)


def run(arguments: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    from grader.cli.exits import guarded

    return guarded(lambda: _parsed(arguments), verbose="--verbose" in arguments)


def _parsed(arguments: Sequence[str]) -> int | None:
    from grader.cli.app import app
    from grader.cli.words import command
    from grader.errors import BadInput

    try:
        Path.cwd()
    except OSError:
        raise BadInput("The current folder has been deleted or can't be read: change to another folder.") from None
    status: int | None = app([*arguments], prog_name=command(), standalone_mode=False)
    return status
