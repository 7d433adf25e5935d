"""How a command ends: the one place that turns what happened into an exit status.

0 all went well (graded: all checks passed), 1 graded and not all passed, 2 the caller's input or machine is
at fault, 3 we are, 130 interrupted.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from typer import TyperException

from grader.errors import BadInput, NotGraded
from grader.text import clean

LONGEST_SAID = 5000
"""Characters of what is said to a person of an error; a log file has it all."""

PASSED, NOT_ALL_PASSED, BAD_INPUT, OUR_FAULT, INTERRUPTED = 0, 1, 2, 3, 130


def guarded(action: Callable[[], int | None], *, verbose: bool = False) -> int:
    """Run ``action`` and return the exit status, whatever it raises; ``verbose`` shows our own tracebacks."""
    _make_printable()
    if not verbose:
        # What libraries log (asyncio, as it is interrupted) is nothing to a learner.
        logging.getLogger().addHandler(logging.NullHandler())
    try:
        status = action() or PASSED
        sys.stdout.flush()
    except BadInput as error:
        _say(f"error: {error}")
        return BAD_INPUT
    except TyperException as error:  # what typer makes of arguments it can't parse
        context = getattr(error, "ctx", None)
        _say(f"error: {error.format_message()}")
        _say(f"Try: {context.command_path if context else 'grade'} --help")
        return BAD_INPUT
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`grade ex1 | head`); typer and rich end with 1 here, too.
        _drop_output()
        return NOT_ALL_PASSED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            _drop_output()
            _say("error: There is no room left where something was to be written: free some disk, and try again.")
            return BAD_INPUT
        if verbose and not isinstance(error, NotGraded):  # of which the scorecard has said all
            traceback.print_exc()
        _say("Sorry, the grader itself failed: this is no fault of your work.")
        _say(f"What happened is written down in {log(''.join(traceback.format_exception(error)))}")
        return OUR_FAULT
    if status == INTERRUPTED:  # typer makes it of Ctrl-C
        _say("Interrupted.")
    return status


def _drop_output() -> None:
    """Write no more to standard output: Python itself would fail on the rest as it ends."""
    with suppress(OSError, ValueError):  # it may be no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _make_printable() -> None:
    """Printing shall not raise: neither into a closed stream, nor a character that its encoding lacks."""
    sys.stdout = sys.stdout or io.StringIO()
    sys.stderr = sys.stderr or io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _say(text: str) -> None:
    with suppress(BrokenPipeError):
        print(clean(text, LONGEST_SAID), file=sys.stderr)


def log(text: str) -> Path:
    """Write what went wrong to a file: in GRADER_LOG_DIR or the user's log folder, or else a temporary one."""
    try:
        folder = _log_folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{datetime.now():%Y-%m-%d-%H%M%S}-{os.getpid()}.log"
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", errors="backslashreplace", prefix="grade-", suffix=".log", delete=False
        ) as stream:
            stream.write(text)
        path = Path(stream.name)
    return path


def _log_folder() -> Path:
    chosen = os.environ.get("GRADER_LOG_DIR")
    if chosen:
        return Path(chosen)
    from platformdirs import user_log_path

    return user_log_path("lab-grader", appauthor=False)
