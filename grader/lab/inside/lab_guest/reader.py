"""Reads versions of Delta tables with Spark, for a judge whose own reader does not know all features of tables.

Called as ``python -m lab_guest.reader CONFIG`` after a submission has ended, with copies of the tables and nothing else
of the lab in sight. CONFIG is a JSON file as :mod:`lab_guest.boot` has it: ``jvm``, ``spark_home``, ``root``,
``scratch``, ``limits`` and ``user``.

A question is a JSON line on standard input: ``table`` (a folder), ``version``, and ``answer`` (the file to write). The
rows go into that file as a stream of Arrow. The answer on standard output is ``{}``, or has ``error``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from . import bounds, keeper, spark
from .errors import message

MAX_ROWS = 200_001
"""One more than are judged."""


def main() -> None:
    config = json.loads(Path(sys.argv[1]).read_text())
    if config["user"] is not None:
        bounds.become(config["user"])
    bounds.confine(config["limits"])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What Spark prints is for the log.
    keeper.adopt()
    scratch = Path(config["scratch"])
    jvm = spark.start(config["jvm"], config["spark_home"], config["root"], scratch)
    bounds.limit(config["limits"])
    spark.meet(jvm, scratch)
    session = spark.session()
    _say(answers, {"ready": True})
    for line in sys.stdin:
        question = json.loads(line)
        try:
            _read(session, question)
            told = {}
        except Exception as error:
            told = {"error": message(error)}
        _say(answers, told)


def _say(answers: Any, told: dict[str, Any]) -> None:
    answers.write(json.dumps(told) + "\n")
    answers.flush()


def _read(session: Any, question: dict[str, Any]) -> None:
    import pyarrow as pa

    reader = session.read.format("delta").option("versionAsOf", question["version"])
    rows = reader.load(question["table"]).limit(MAX_ROWS).toArrow()
    with pa.OSFile(question["answer"], "wb") as file, pa.ipc.new_stream(file, rows.schema) as stream:
        stream.write_table(rows)


if __name__ == "__main__":
    main()
