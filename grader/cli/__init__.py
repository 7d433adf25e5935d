"""The ``grade`` command: one file a verb, and one place (``exits``) that decides how it ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main() -> None:
    """The entry point of ``grade`` and of ``python -m grader``."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    from grader.cli.app import app
    from grader.cli.exits import guarded
    from grader.cli.words import command

    return guarded(
        lambda: app(list(arguments), prog_name=command(), standalone_mode=False),
        verbose="--verbose" in arguments,
    )
