"""Databricks' feature store, served in a lab: real Delta tables, real Spark joins, real MLflow models.

What the packages ``databricks.feature_store`` and ``databricks.feature_engineering`` of a lab share. Written from the
public interface only: the Python API reference of both packages and the pages below "Feature store" of Databricks'
documentation, which the docstrings name. ``docs/databricks.md`` lists each call and how far it goes.
"""
