"""A real browser for tests: Chromium, which the system provides."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests import extras

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
MOST_MS = 60_000
"""How long anything in a page is waited for before a test has failed."""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium without a window. Skips the test where Chromium or playwright, which drives it, is missing."""
    sync_playwright = extras.needed("playwright.sync_api", "dev").sync_playwright
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("Chromium is not on this machine: apt-get install chromium brings it")
    with sync_playwright() as playwright:
        # Its own sandbox can't be had in every container, and it sees nothing but this project's pages.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
