"""What runs inside the lab, beside the learner's code: it imports nothing of the grader.

The sandbox shows this folder and not the rest of the project. Nothing here decides a mark.
"""
