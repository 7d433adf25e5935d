"""``grade doctor``: what this machine has, and what that means."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from grader.runtime.doctor import findings

_STYLES = {"ok": "green", "warning": "yellow", "problem": "red"}
_WIDTH = max(map(len, _STYLES))


def doctor(console: Console | None = None) -> int:
    """Print the findings; returns the exit status, 2 if one of them keeps labs from running, else 0."""
    console = console or Console(highlight=False)
    found = findings()
    for finding in found:
        line = Text.assemble(
            (f"{finding.status:<{_WIDTH}}", _STYLES[finding.status]), "  ", (finding.name, "bold"), "  "
        )
        console.print(line.append(finding.found), soft_wrap=True)
        console.print(Text(" " * (_WIDTH + 2) + finding.meaning, "dim"), soft_wrap=True)
    problems = sum(finding.status == "problem" for finding in found)
    if problems:
        console.print(f"\nLabs cannot run here yet: {problems} to mend, above.")
        return 2
    console.print("\nLabs can run here.")
    return 0
