"""A class as JUnit XML: a suite for each learner and exercise, a case for each check.

What was not graded, and work that is missing, are errors: CI shows passed and skipped tests as green.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from grader.report.classdata import ClassReport, ExerciseFigure, Learner, Result
from grader.report.junit import xml_text
from grader.text import one_line


def text(report: ClassReport) -> str:
    """The report as an XML document (UTF-8 when written)."""
    root = ET.Element("testsuites", {"name": "lab-grader class"})
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for learner in report.learners:
        for exercise, result in zip(report.exercises, learner.results, strict=True):
            suite = _suite(learner, exercise, result)
            for name in totals:
                totals[name] += int(suite.attrib[name])
            root.append(suite)
    root.attrib.update({name: str(count) for name, count in totals.items()})
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(learner: Learner, exercise: ExerciseFigure, result: Result) -> ET.Element:
    name = xml_text(one_line(f"{exercise.id}.{learner.id}"))
    suite = ET.Element("testsuite", {"name": name})
    properties = ET.SubElement(suite, "properties")
    for key, value in _properties(learner, result).items():
        ET.SubElement(properties, "property", name=key, value=xml_text(value))
    failures = errors = 0
    if result.status != "graded":
        errors = 1
        case = ET.SubElement(suite, "testcase", classname=name, name="graded")
        why = "no work was handed in" if result.status == "missing" else one_line(result.reason or "")
        ET.SubElement(case, "error", type=result.status, message=xml_text(why))
    else:
        checks = result.checks or {}
        for check in exercise.checks:
            if (one := checks.get(check.id)) is None:
                continue
            case = ET.SubElement(
                suite, "testcase", classname=f"{name}.{check.topic}", name=xml_text(f"{check.id}: {check.title}")
            )
            if one.outcome != "passed":
                failures += 1
                failure = ET.SubElement(case, "failure", type=one.outcome)
                failure.set("message", xml_text(one_line(one.found or check.title)))
                failure.text = f"{one.points} points"
    counts = {"tests": len(suite.findall("testcase")), "failures": failures, "errors": errors, "skipped": 0}
    suite.attrib.update({key: str(count) for key, count in counts.items()})
    return suite


def _properties(learner: Learner, result: Result) -> dict[str, str]:
    told = {
        "learner": one_line(learner.id),
        "name": one_line(learner.name),
        "status": result.status,
        "mark": "" if result.mark is None else str(result.mark),
        "machine_score": "" if result.score is None else str(result.score),
        "max_score": str(result.max_score),
        "deduction": str(result.deduction),
        "attempts": str(result.tries),
        "isolation": result.isolation or "",
    }
    if result.override:
        told["override_author"] = one_line(result.override.author)
        told["override_reason"] = one_line(result.override.reason, 1000)
    return told
