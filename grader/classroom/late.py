"""Due dates, and what lateness costs."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from grader.errors import BadInput

_POLICY = re.compile(r"(?P<share>\d+(\.\d+)?)\s*%(\s*/\s*(?P<unit>hour|day|week))?")
_UNITS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}


@dataclass(frozen=True)
class Policy:
    """``share`` of the score taken off once, or for each ``every`` that has begun."""

    due: datetime | None = None
    share: float = 0.0
    every: timedelta | None = None

    def deduction(self, submitted_at: datetime | None) -> float:
        """The share taken off what was handed in then, 0 to 1."""
        if self.due is None or submitted_at is None or submitted_at <= self.due:
            return 0.0
        times = math.ceil((submitted_at - self.due) / self.every) if self.every else 1
        return min(1.0, round(self.share * times, 6))


def parse(due: str | None, policy: str | None) -> Policy:
    """A policy as the command line has it: a due time (ISO 8601, this machine's time zone unless it names one), and
    ``none``, ``zero``, ``10%`` or ``10%/day`` (a day that has begun counts). Raises BadInput.
    """
    if due is None:
        if policy is not None:
            raise BadInput("A late policy needs a due time: add --due, such as --due 2026-03-01T23:59.")
        return Policy()
    try:
        moment = datetime.fromisoformat(due).astimezone()
    except (ValueError, OverflowError):
        raise BadInput(f"{due!r} is no time: write it like 2026-03-01T23:59, or 2026-03-01T23:59+01:00.") from None
    if policy in (None, "none"):
        return Policy(moment)
    if policy == "zero":
        return Policy(moment, 1.0)
    match = _POLICY.fullmatch(policy.strip()) if policy else None
    if not match or float(match["share"]) > 100:
        raise BadInput(f"{policy!r} is no late policy: there are none, zero, 10%, 10%/hour, 10%/day and 10%/week.")
    return Policy(moment, float(match["share"]) / 100, _UNITS[match["unit"]] if match["unit"] else None)
