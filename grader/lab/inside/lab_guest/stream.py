"""Standard output and error of the notebook, in messages of a bounded size."""

from __future__ import annotations

from typing import Any

from ipykernel.iostream import OutStream

LONGEST = 8 << 20
"""More characters than a cell may write in all: what a single write has beyond them is dropped."""
SEND_EVERY = 1 << 20


class Stream(OutStream):  # type: ignore[misc]
    """Waits for what was written to be sent now and then, so that a flood does not pile up in memory."""

    _unsent = 0

    def write(self, string: str) -> Any:
        written = super().write(string[:LONGEST] if type(string) is str else string)
        self._unsent += len(string)
        if self._unsent > SEND_EVERY:
            self._unsent = 0
            self.flush()
        return written
