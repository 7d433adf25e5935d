"""One learner as one HTML page, to be given to them: nothing in it that is not in their scorecards."""

from __future__ import annotations

from grader.lab.record import RAISED
from grader.report import pages
from grader.report.learnerdata import LearnerPage
from grader.report.terminal import BREACH


def text(page: LearnerPage) -> str:
    """The page. It leads nowhere: whoever gets it has it all."""
    return pages.render(
        "learner.html",
        styles=("base.css", "learner.css"),
        scripts=("learner.js",),
        page=page,
        raised=RAISED,
        breach=BREACH,
    )
