"""A Databricks workspace in the lab: MLflow's own server, with what only a workspace has beside it.

``python -m lab_workspace`` serves it on loopback. Imports nothing of the grader. Paths, fields and errors follow
Databricks' published REST reference and the page "Workspace Model Registry webhooks".
"""
