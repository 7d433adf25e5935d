"""The lab grader: runs a learner's notebook in a real lab and judges what it left behind."""

__version__ = "0.1.0"
