"""The scorecard as JSON: the format of ``docs/scorecard.md``, version 1."""

from __future__ import annotations

import json

from grader.scoring import Scorecard


def text(card: Scorecard) -> str:
    """The scorecard as a JSON document. ASCII only, so that no reader's encoding or terminal can spoil it."""
    return json.dumps(card.as_json(), indent=2, allow_nan=False) + "\n"
