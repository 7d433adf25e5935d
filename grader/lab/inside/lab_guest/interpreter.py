"""How Python is started for a lab: with no module from the folder in which it starts.

A notebook may write a file there that is called like a module of ours, or of Python. The notebook and the tasks of jobs
put that folder on their own path, behind Python's modules (Python documentation, "Command line and environment", option
``-P``). PYTHONPATH is the lab's own: it leads to this package.
"""

from __future__ import annotations

import sys


def command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module without the current folder and the user's site-packages on its path."""
    return [sys.executable, "-sP", "-m", module, *arguments]
