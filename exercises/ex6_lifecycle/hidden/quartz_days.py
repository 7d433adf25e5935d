"""When a Quartz expression is due: on which days, and at which times of a day.

The grammar is that of Quartz' "CronTrigger tutorial". ``lab_workspace.quartz`` has the lab's own check of it.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator

from grader.lab.inside.lab_workspace import quartz
from grader.lab.inside.lab_workspace.wire import ApiError

YEARS = 10
"""How many years of days are looked at."""
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_NAMES = {name: n for names in (_MONTHS, _WEEKDAYS) for n, name in enumerate(names, 1)}


def not_daily(expression: str, hour: int, minute: int, today: dt.date) -> str | None:
    """Why a schedule is not due once on each day at this time, as a sentence; None if it is.

    It is judged by the days of the years from ``today`` on.
    """
    try:
        quartz.check(expression)
    except ApiError as error:
        return f"its schedule is no Quartz expression: {error.message[:200]}"
    second, at_minute, at_hour, day, month, weekday, *year = expression.upper().split()
    minutes, hours = _values(at_minute, 0, 59), _values(at_hour, 0, 23)
    if (hours, minutes) != ({hour}, {minute}):
        if (hours, minutes) == ({minute}, {hour}):
            return "its schedule has hours and minutes in each other's place"
        often = len(hours) * len(minutes) > 1
        return "it is due more than once a day" if often else "it is due at another time"
    if len(_values(second, 0, 59)) != 1:
        return "it is due more than once in that minute"
    months, years = _values(month, 1, 12), _values(year[0] if year else "*", 1970, 2199)
    for ahead in range(YEARS * 12):
        of_year, of_month = today.year + (today.month - 1 + ahead) // 12, (today.month - 1 + ahead) % 12 + 1
        if of_year not in years:
            return "its schedule leaves years out"
        if of_month not in months:
            return "its schedule leaves months out"
        if _due(day, weekday, of_year, of_month) < set(_days(of_year, of_month)):
            return "its schedule leaves days out"
    return None


def _days(year: int, month: int) -> range:
    return range(1, calendar.monthrange(year, month)[1] + 1)


def _due(day: str, weekday: str, year: int, month: int) -> set[int]:
    """The days of a month on which it is due. One of the two fields is ``?``, and the other one decides."""
    days = set(_days(year, month))
    if day != "?":
        return days & {due for item in day.split(",") for due in _of_month(item, year, month)}
    return days & {due for item in weekday.split(",") for due in _of_week(item, year, month)}


def _of_month(item: str, year: int, month: int) -> set[int]:
    """The days that an item of the field "day of month" names."""
    last = len(_days(year, month))
    if item == "L":
        return {last}
    if item == "LW":
        return {_nearest_weekday(last, year, month)}
    if item.startswith("L-"):
        return {last - int(item[2:])}
    if item.endswith("W"):
        return {_nearest_weekday(int(item[:-1]), year, month)}
    return _values(item, 1, 31)


def _nearest_weekday(day: int, year: int, month: int) -> int:
    """The day from Monday to Friday that is nearest, in the same month."""
    last = len(_days(year, month))
    day = min(day, last)
    ahead = {5: 2 if day == 1 else -1, 6: -2 if day == last else 1}
    return day + ahead.get(calendar.weekday(year, month, day), 0)


def _of_week(item: str, year: int, month: int) -> set[int]:
    """The days that an item of the field "day of week" names."""
    if item == "L":  # alone it is Saturday
        return _with_weekday(7, year, month)
    if "#" in item:
        name, _, which = item.partition("#")
        return set(sorted(_with_weekday(_number(name), year, month))[int(which) - 1 : int(which)])
    if item.endswith("L"):
        return {max(_with_weekday(_number(item[:-1]), year, month))}
    return {day for number in _values(item, 1, 7) for day in _with_weekday(number, year, month)}


def _with_weekday(number: int, year: int, month: int) -> set[int]:
    """The days of a month with this weekday. 1 is Sunday, 7 is Saturday."""
    return {day for day in _days(year, month) if calendar.weekday(year, month, day) == (number - 2) % 7}


def _values(field: str, low: int, high: int) -> set[int]:
    """The numbers that a field of lists, ranges and steps names. A range may wrap: FRI-MON, 22-2."""
    return {value for item in field.split(",") for value in _item(item, low, high)}


def _item(item: str, low: int, high: int) -> Iterator[int]:
    if item == "?":
        return
    base, slash, step = item.partition("/")
    first, dash, last = base.partition("-")
    if base in ("", "*"):
        start, end = low, high
    else:
        start = _number(first)
        end = _number(last) if dash else high if slash else start
    count = high - low + 1
    if end < start:
        end += count
    for value in range(start, end + 1, int(step) if slash else 1):
        yield low + (value - low) % count


def _number(word: str) -> int:
    return _NAMES[word] if word in _NAMES else int(word)
