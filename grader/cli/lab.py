"""``grade lab [EXERCISE]``: a lab that stays open, to explore."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from grader import seed as seeds
from grader.cli.live import live_line
from grader.cli.words import console, exercise_or_verb, paragraph
from grader.errors import BadInput, NotGraded
from grader.progress import WORK

if TYPE_CHECKING:
    from grader.lab.explore import Desk


def open_lab(
    exercise: str | None,
    *,
    shell: bool,
    port: int | None,
    seed: int | None,
    isolation: Literal["auto", "sandbox", "process"],
    verbs: list[str],
) -> int:
    """Raise a lab, say how to reach it, and keep it open until Ctrl-C, or until the prompt ends."""
    from grader.lab import explore, sandbox

    if shell and port is not None:
        raise BadInput("--shell has no notebook server: leave --port out.")
    found = exercise_or_verb(exercise, verbs) if exercise else None
    seed = seeds.draw() if seed is None else seed
    chosen = sandbox.choose(isolation)
    with ExitStack() as stack:
        with live_line(console(stderr=True), verbose=False) as notify:
            desk = stack.enter_context(
                explore.opened(found, seed, shell=shell, port=port, isolation=chosen, notify=notify)
            )
        opened = time.time()
        title = f"A lab of {found.id} (seed {seed})" if found else "A lab"
        print(f"{title} is open{' in a sandbox' if chosen == 'sandbox' else ''}.\n\n{_ways_in(desk)}\n", flush=True)
        try:
            if shell:
                from grader.cli.prompt import prompt

                prompt(desk.kernel)
            else:
                print("Ctrl-C takes it all down.", flush=True)
                desk.process.wait()
                raise NotGraded(f"the lab ended by itself: {desk.said()}")
        except KeyboardInterrupt:
            print("\nTaking the lab down.", file=sys.stderr, flush=True)
        finally:
            with suppress(OSError):
                _keep(desk, opened)
    return 0


def _ways_in(desk: Desk) -> str:
    rows = {
        "notebooks": desk.notebooks,
        "runs and models": f"{desk.host}  (user: token, password: the token below)",
        "DATABRICKS_HOST": desk.host,
        "DATABRICKS_TOKEN": desk.token,
        "tracking URI": "databricks",
    }
    return "\n".join(f"  {name:<17} {text}" for name, text in rows.items() if text)


def _keep(desk: Desk, opened: float) -> None:
    """What was written in the lab's notebooks shall not go with it."""
    from grader.lab import explore

    place = Path(WORK) / f"lab-{datetime.now():%Y-%m-%d-%H%M%S}"
    kept = explore.keep_notebooks(desk, place, opened)
    if kept:
        names = " and ".join(str(path) for path in kept)
        print(paragraph(f"Kept what you saved in the lab: {names}."), file=sys.stderr)
