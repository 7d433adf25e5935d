"""Answers how a logged model behaves: loads it in a fresh process and feeds it rows, one process a question.

Called as ``python -m lab_guest.probe CONFIG`` after a submission has ended, with the model's folder and nothing else
of the lab in sight. Questions come as JSON lines on standard input, answers go as JSON lines to standard output.
CONFIG is JSON: ``limits`` and ``user`` as the lab's first process has them.

A question: ``model`` (a folder), ``flavor`` (``pyfunc`` or ``sklearn``), ``work`` (seconds of CPU time that it may
take), ``seconds`` (as many of wall time, for a model that waits) and ``calls``, each with ``columns``, ``rows``,
``types`` (pandas dtypes by column), ``params`` and ``method``. The method ``own`` is what a ``pyfunc`` calls once it
has enforced its signature: it gets the very rows of the call. An answer: ``calls``, each with ``values`` or ``error``,
and with ``changed`` (whether the model altered the rows it was given); or ``error`` when the model can't be loaded; or
``ended``, when its process gave no answer.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import os
import select
import signal
import sys
from typing import Any

from . import bounds, cputime, keeper
from .errors import message

MOST_ANSWER = 4 << 20
_EVERY_SECONDS = 0.5
MODULES = ("numpy", "pandas", "sklearn.ensemble", "sklearn.pipeline", "mlflow.pyfunc", "mlflow.sklearn")
"""What nearly every model needs, loaded once: a process for a question starts with them."""


def main() -> None:
    config = json.loads(sys.argv[1])
    if config["user"] is not None:
        bounds.become(config["user"])
    bounds.confine(config["limits"])
    bounds.limit(config["limits"])
    answers = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    keeper.adopt()
    for name in MODULES:
        importlib.import_module(name)
    _map_packages()
    _write(answers, b'{"ready": true}\n')
    while question := sys.stdin.buffer.readline():
        answer = _answer(json.loads(question), (0, answers))
        keeper.end_descendants()
        _write(answers, answer + b"\n")


def _map_packages() -> None:
    """Have MLflow look through the installed packages once, not once a question: it takes a third of a second."""
    with contextlib.suppress(Exception):  # no documented function; without it questions take longer
        importlib.import_module("mlflow.utils.requirements_utils")._init_packages_to_modules_map()


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _answer(question: dict[str, Any], private: tuple[int, ...]) -> bytes:
    """Have a child answer, for as long as it may; whatever else it does shows as no answer."""
    ours, theirs = os.pipe()
    # Of all descendants, not of the child alone: what its own children set loose becomes this process's.
    leader = os.getpid()
    limit = cputime.Limit(question["work"], lambda: cputime.spent(leader), wall=question["seconds"])
    child = os.fork()
    if child == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (*private, 1, 2):
            os.dup2(null, descriptor)
        os.close(ours)
        _child(question, theirs)
    os.close(theirs)
    data, ended = _read(ours, limit)
    os.close(ours)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if ended is None:
        try:
            told = json.loads(data)
            return json.dumps(told).encode() if isinstance(told, dict) else b'{"ended": "died"}'
        except (ValueError, RecursionError):
            ended = "died"
    return json.dumps({"ended": ended}).encode()


def _read(descriptor: int, limit: cputime.Limit) -> tuple[bytes, str | None]:
    """What comes out until the end of file, and why there was none if there was none."""
    data = b""
    while True:
        ready, _, _ = select.select([descriptor, 0], [], [], min(_EVERY_SECONDS, limit.left()))
        if 0 in ready:  # Whoever asked is gone: no second question comes before an answer.
            keeper.end_descendants()
            os._exit(1)
        if not ready:
            if limit.over():
                return data, "timeout"
            continue
        piece = os.read(descriptor, 1 << 16)
        if not piece:
            return data, None
        data += piece
        if len(data) > MOST_ANSWER:
            return data, "output"


def _child(question: dict[str, Any], out: int) -> None:
    dumps, write, leave = json.dumps, _write, os._exit
    try:
        told = _ask(question)
        write(out, dumps(told).encode())
    except BaseException as error:
        write(out, dumps({"error": _error(error)}).encode())
    leave(0)


def _ask(question: dict[str, Any]) -> dict[str, Any]:
    import pandas as pd

    # All of this before the model is loaded: its code can put other functions in the place of pandas' own.
    equals = pd.DataFrame.equals
    calls = question["calls"]
    frames = [pd.DataFrame(call["rows"], columns=call["columns"]).astype(call["types"] or {}) for call in calls]
    copies = [frame.copy(deep=True) for frame in frames]
    model = importlib.import_module(f"mlflow.{question['flavor']}").load_model(question["model"])
    told: list[dict[str, Any]] = []
    for call, frame, before in zip(calls, frames, copies, strict=True):
        try:
            told.append({"values": _values(_predict(model, call, frame))})
        except (Exception, SystemExit) as error:
            told.append({"error": _error(error)})
        try:
            told[-1]["changed"] = not equals(frame, before)
        except Exception:  # of what the model has put there
            told[-1]["changed"] = True
    return {"calls": told}


def _predict(model: Any, call: dict[str, Any], frame: Any) -> Any:
    more = {} if call["params"] is None else {"params": call["params"]}
    if call["method"] != "own":
        return getattr(model, call["method"])(frame, **more)
    # As PyFuncModel._predict calls it.
    own = model._predict_fn
    takes = inspect.signature(own).parameters.get("params")
    if takes is None or takes.kind is inspect.Parameter.VAR_KEYWORD:
        return own(frame)
    return own(frame, params=call["params"])


def _values(values: Any) -> Any:
    """A prediction as nested lists: of a DataFrame with one column, that column."""
    import numpy as np

    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    return array.tolist()


def _error(error: BaseException) -> dict[str, str]:
    return {"name": type(error).__name__, "message": message(error)}


if __name__ == "__main__":
    main()
