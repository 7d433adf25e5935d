"""Quartz cron expressions: whether one is valid. A lab keeps schedules and waits for none.

The grammar is that of Quartz' own documentation ("CronTrigger tutorial"): seconds, minutes, hours, day of month,
month, day of week and perhaps year.
"""

from __future__ import annotations

import datetime
import re

from .shapes import wrong

_MONTHS = {
    name: n
    for n, name in enumerate(("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1)
}
_DAYS = {name: n for n, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("seconds", 0, 59, {}),
    ("minutes", 0, 59, {}),
    ("hours", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 1, 7, _DAYS),
    ("year", 1970, 2199, {}),
)


def check(expression: str) -> None:
    """Raises ApiError when an expression is none of Quartz', or names no time to come."""
    parts = expression.split()
    if not 6 <= len(parts) <= 7:
        raise _invalid(expression, f"it has {len(parts)} fields instead of six or seven")
    for part, (name, low, high, names) in zip(parts, _FIELDS, strict=False):
        for each in part.upper().split(","):
            if not _item(each, name, low, high, names):
                raise _invalid(expression, f"'{part}' is no value for the field {name}")
    if (parts[3] == "?") == (parts[5] == "?"):
        raise _invalid(expression, "exactly one of day of month and day of week must be '?'")
    if len(parts) == 7 and not re.search(r"[*/]", parts[6]):
        years = [int(year) for year in re.findall(r"\d+", parts[6])]
        if max(years) < datetime.datetime.now(datetime.UTC).year:
            raise wrong(f"The provided cron expression: {expression} will never fire.")


def _invalid(expression: str, why: str) -> Exception:
    return wrong(f"Invalid quartz_cron_expression '{expression[:200]}': {why}.")


def _item(item: str, name: str, low: int, high: int, names: dict[str, int]) -> bool:
    if item == "?":
        return name in ("day of month", "day of week")
    if name == "day of month" and re.fullmatch(r"L|LW|L-([1-9]|[12]\d|30)|([1-9]|[12]\d|3[01])W", item):
        return True
    if name == "day of week":
        if item == "L":
            return True
        special = re.fullmatch(r"(\w+?)(L|#[1-5])", item)
        if special and special[1] != "":
            return _number(special[1], low, high, names) is not None
    base, slash, step = item.partition("/")
    if slash and not (step.isascii() and step.isdigit() and 0 < int(step) <= high):
        return False
    if base == "*" or (slash and base == ""):
        return True
    first, dash, last = base.partition("-")
    return _number(first, low, high, names) is not None and (not dash or _number(last, low, high, names) is not None)


def _number(word: str, low: int, high: int, names: dict[str, int]) -> int | None:
    value = names.get(word)
    if value is None and word.isascii() and word.isdigit() and len(word) < 5:
        value = int(word)
    return value if value is not None and low <= value <= high else None
