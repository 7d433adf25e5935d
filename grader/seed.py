"""The seed of a lab: its data, names and figures follow from it.

A drawn seed has 63 bits, so nobody can prepare the answers for all seeds. In JSON it is text, because a program that
reads numbers as floats would round it.
"""

from __future__ import annotations

import secrets

BITS = 63
"""A signed integer of 64 bits holds it, as databases have them."""
LARGEST = (1 << BITS) - 1


def draw() -> int:
    """A seed from 0 to :data:`LARGEST`, drawn by lot."""
    return secrets.randbits(BITS)
