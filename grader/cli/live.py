"""The live line: says what is being done while a submission is graded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from grader.text import one_line

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def live_line(console: Console, *, verbose: bool) -> Iterator[Callable[[str], None]]:
    """A function that tells a stage on ``console`` (stderr), as long as the block lasts.

    On a terminal it is one line that changes and goes away. Elsewhere nothing is told, unless ``verbose``
    asks for a line a stage.
    """
    from rich.text import Text

    if console.is_terminal and not console.is_dumb_terminal:
        with console.status(Text("starting")) as status:
            yield lambda stage: status.update(Text(one_line(stage, max(console.width - 4, 10))))
    elif verbose:
        yield lambda stage: console.print(one_line(stage), soft_wrap=True)
    else:
        yield lambda stage: None
