"""The private line between the grader and a lab's first process."""

from __future__ import annotations

import json
import socket

import pytest

from grader.lab.orders import CUT, MOST_ORDER, MOST_REPORTED, Line


def other_end(line: Line) -> socket.socket:
    """The lab's end, taken from standard input."""
    with line.as_stdin() as stdin:
        _, (descriptor,), _, _ = socket.recv_fds(stdin, 1, 1)
    return socket.socket(fileno=descriptor)


def test_orders_go_in_and_reports_come_out() -> None:
    with Line() as line, other_end(line) as lab:
        steps = [{"model": "churn", "text": "x" * (MOST_ORDER - 100)}]
        line.order(steps)
        told = b""
        while piece := lab.recv(1 << 16):
            told += piece
        assert json.loads(told) == steps
        line.receive()
        assert line.reported == ""
        lab.sendall(b'{"delivery": 1}\n{"delivery": 2}\n{"deliv')
        line.receive()
        assert line.reported == '{"delivery": 1}\n{"delivery": 2}\n', "an unfinished line is left out"
        lab.close()
        line.receive()
        assert line.reported.count("\n") == 2


def test_orders_that_are_too_long_are_a_mistake_of_the_exercise() -> None:
    with Line() as line, pytest.raises(ValueError, match="may take 60000"):
        line.order(["x" * MOST_ORDER])


def test_a_lab_that_has_ended_gets_no_orders() -> None:
    with Line() as line:
        other_end(line).close()
        line.order([{}])
        line.receive()
        assert line.reported == ""


def test_a_long_report_is_cut_and_says_so() -> None:
    with Line() as line, other_end(line) as lab:
        line.order([])
        sent = json.dumps({"delivery": 1, "text": "\xe9" * 500}).encode() + b"\n"
        for _ in range(MOST_REPORTED // len(sent) + 2):
            lab.sendall(sent)
            line.receive()
        *lines, last = line.reported.splitlines()
        assert last == CUT and {*lines} == {sent.decode().strip()}
        assert len(lines) == MOST_REPORTED // len(sent)
