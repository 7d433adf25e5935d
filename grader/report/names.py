"""What learners are called where their own ids can't stand: pseudonyms, and file names of their pages."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata

_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_SUFFIXED = re.compile(r".*-[0-9a-f]{8}")
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d|index")


def pseudonym(secret: str, learner: str) -> str:
    """The same for the same learner as long as the gradebook lives; without its secret it can't be told from whom."""
    digest = hmac.new(secret.encode(), learner.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return "p" + base64.b32encode(digest)[:12].decode().lower()


def page_name(learner: str) -> str:
    """A file name (without its ending) that any system takes and no other learner has, whatever the id holds."""
    if _PLAIN.fullmatch(learner) and not _SUFFIXED.fullmatch(learner) and not _RESERVED.fullmatch(learner):
        return learner
    plain = unicodedata.normalize("NFKD", learner).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:30] or "learner"
    return f"{plain}-{hashlib.sha256(learner.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
