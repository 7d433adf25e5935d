"""The scorecard as JUnit XML, for what CI systems show: a test case for each check.

A check that was not reached is a failure here, not a skipped test: CI shows a run whose tests were all
passed or skipped as green, and a notebook that stopped early is not green. A submission that nobody judged
gives errors, which CI tells apart from failures.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from grader.scoring import Scorecard, ScoredCheck
from grader.text import clean, one_line

# What XML 1.0 can't hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(card: Scorecard) -> str:
    """The scorecard as an XML document (UTF-8 when written)."""
    failures = errors = 0
    cases = []
    for check in card.checks:
        case = ET.Element(
            "testcase", classname=f"{card.exercise}.{check.topic}", name=xml_text(f"{check.id}: {check.title}")
        )
        if card.status == "not_graded":
            errors += 1
            ET.SubElement(case, "error", type="not_graded", message=xml_text(one_line(card.reason or "")))
        elif check.outcome != "passed":
            failures += 1
            failure = ET.SubElement(case, "failure", type=check.outcome, message=xml_text(_message(check)))
            failure.text = xml_text(_details(card, check))
        cases.append(case)
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": str(errors), "skipped": "0"}
    seconds = f"{sum(cell.seconds for cell in card.cells):.3f}"
    suite = ET.Element("testsuite", {"name": card.exercise, **counts, "time": seconds})
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(card).items():
        ET.SubElement(properties, "property", name=name, value=xml_text(value))
    suite.extend(cases)
    root = ET.Element("testsuites", {"name": "lab-grader", **counts, "time": seconds})
    root.append(suite)
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _message(check: ScoredCheck) -> str:
    return one_line(check.found or check.expected or check.title)


def _details(card: Scorecard, check: ScoredCheck) -> str:
    lines = [f"{check.points} points"]
    lines += [f"expected: {check.expected}"] if check.expected else []
    lines += [f"found: {check.found}"] if check.found else []
    lines += [f"hint: {check.hint}"] if check.hint else []
    for cell in card.cells:
        if cell.index == check.cell:
            lines.append(f"look at: cell {cell.index}, {cell.title}")
            if cell.error is not None:
                line = "" if cell.error.line is None else f" (line {cell.error.line})"
                lines.append(f"{cell.error.name}: {one_line(cell.error.message, 2000)}{line}")
    return "\n".join(lines)


def _properties(card: Scorecard) -> dict[str, str]:
    return {
        "status": card.status,
        "score": "" if card.score is None else str(card.score),
        "max_score": str(card.max_score),
        "submission": card.submission.path,
        "sha256": card.submission.sha256,
        "seed": str(card.seed),
        "isolation": card.isolation or "",
        "grader_version": card.grader_version,
        "suite_version": card.suite_version,
    }


def xml_text(text: str) -> str:
    """Text that XML can hold, whatever it was."""
    return _NOT_XML.sub("", clean(text))
