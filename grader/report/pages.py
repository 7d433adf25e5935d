"""What the HTML pages share: templates that escape everything, filters, a policy that lets nothing in from outside."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from grader.text import one_line

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from grader.report.classdata import Spread

TEMPLATES = Path(__file__).parent / "templates"
SHADES = 5


@cache
def environment() -> Environment:
    """The templates. All text in them is escaped unless this module marked it as its own."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        tight=tight, line=one_line, percent=percent, number=number, signed=signed, moment=moment, day=day, told=told
    )
    made.globals.update(heat=heat)
    return made


def render(template: str, *, styles: tuple[str, ...], scripts: tuple[str, ...] = (), **values: object) -> str:
    """A page of its own: styles and scripts within it, nothing else allowed to run or to be loaded."""
    from markupsafe import Markup

    style = "".join(_file(name) for name in styles)
    script = "".join(_file(name) for name in scripts)
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    page = environment().get_template(template)
    return page.render(style=Markup(style), script=Markup(script), policy=policy, **values)


@cache
def _file(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def percent(share: float | None) -> str:
    """A share in whole per cent, which is 0 or 100 only when it is nothing or all."""
    if share is None:
        return "–"
    rounded = round(share * 100)
    if (rounded == 0 and share > 0) or (rounded == 100 and share < 1):
        return (
            f"{share * 100:.1f}\u00a0%"
            if 0.0005 <= share < 0.9995
            else ("under 0.1\u00a0%" if share < 0.5 else "over 99.9\u00a0%")
        )
    return f"{rounded}\u00a0%"


def number(value: float) -> str:
    """Points, with no more decimals than they have."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def moment(time: datetime) -> str:
    return (
        f"{time:%Y-%m-%d %H:%M} UTC"
        if time.utcoffset() is not None and not time.utcoffset()
        else f"{time:%Y-%m-%d %H:%M %Z}"
    )


def day(time: datetime) -> str:
    return f"{time:%Y-%m-%d}"


def told(spread: Spread) -> str:
    """A distribution in words, for those who don't see the bars."""
    size = 100 // len(spread.bins)
    parts = [f"{at * size} to {(at + 1) * size} %: {count}" for at, count in enumerate(spread.bins) if count]
    return "Learners by share of points. " + ", ".join(parts) + "."


def tight(markup: Markup) -> Markup:
    """Table rows as browsers read them fastest: without the line ends between tags, each of which they would keep as a
    node, and without the end tags that HTML lets one leave out.
    """
    from markupsafe import Markup

    return Markup(re.sub(r"</t[dr]>\s*(?=<t[dhr]|\Z)", "", re.sub(r">\s*\n\s*<", "><", markup)))


def heat(points: float, of: float) -> str:
    """The class of a share's shade, or none."""
    return f"h{max(0, min(SHADES - 1, int(points / of * SHADES + 1e-9)))}" if of else ""
