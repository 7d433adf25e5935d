"""What a submission left behind, read from outside: typed, read-only views of a lab's folder.

No learner code, class or pickle is loaded here. What is not there raises :class:`Mismatch`, and what can't be read or
contradicts itself :class:`Unreadable`, each with sentences for the learner.
"""

from __future__ import annotations


class Mismatch(Exception):
    """What was found is not what was expected. Both texts are for the learner's eyes."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(expected, found)
        self.expected = expected
        self.found = found


class Unreadable(Exception):
    """The evidence is damaged, hostile or forged. ``found`` says in one sentence what is wrong."""

    def __init__(self, found: str, expected: str = "files and records that can be read") -> None:
        super().__init__(found)
        self.found = found
        self.expected = expected
