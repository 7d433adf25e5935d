"""What a submission left behind, read from outside: typed, read-only views of a lab's folder.

No learner code, class or pickle is loaded here. What can't be read, or contradicts itself, raises
:class:`Unreadable` with a sentence for the learner.
"""

from __future__ import annotations


class Unreadable(Exception):
    """The evidence is damaged, hostile or forged; the message says in one sentence what is wrong."""
