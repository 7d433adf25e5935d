"""How the grader starts Python: with no module from the folder that the user stands in, nor from the environment.

That folder may hold a submission called ``pytest.py``. Python takes modules from it when it is started with ``-c``,
``-m`` or a script on standard input, and from wherever ``PYTHONPATH`` leads (Python documentation, "Command line and
environment", options ``-I`` and ``-P``). ``lab_guest.interpreter`` is the counterpart for processes inside a lab.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_STEERING = ("PYTHON", "PYTEST_")
"""How the variables begin that change what Python or pytest import."""


def isolated(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of the grader or of its packages in isolated mode."""
    return [sys.executable, "-I", "-m", module, *arguments]


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what changes Python's or pytest's imports, and with ``more``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_STEERING)}
    return kept | more


def settle() -> None:
    """Make this process, and each that ``multiprocessing`` starts from it, import nothing from the current folder.

    ``multiprocessing`` starts Python with ``-c`` and hands its own ``sys.path`` on.
    """
    for name in [name for name in os.environ if name.startswith(_STEERING)]:
        del os.environ[name]
    os.environ["PYTHONSAFEPATH"] = "1"
    own = Path(__file__).resolve().parents[1]  # ``python -m grader`` in a checkout that is not installed
    try:
        here = Path.cwd()
    except OSError:  # It was deleted, and nothing can be imported from it.
        return
    sys.path[:] = [place for place in sys.path if place and (Path(place) != here or here == own)]
