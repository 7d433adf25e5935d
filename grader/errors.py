"""The ways a command can end badly; ``grader.cli`` is the one place that turns them into exit statuses."""

from __future__ import annotations


class BadInput(Exception):
    """Something the caller gave, or the machine lacks, is at fault: one sentence, exit status 2.

    The message says what is wrong, where, and what to do about it.
    """


class NotGraded(Exception):
    """The submission could not be judged although nothing the caller gave is at fault (exit status 3).

    Raised by the lab or the judge; the pipeline turns it into a scorecard with status ``not_graded``. The message is
    one sentence that everyone may read. ``details`` are for the log file alone: they may show the hidden suite.
    """

    def __init__(self, reason: str, details: str = "") -> None:
        super().__init__(reason)
        self.details = details
