"""``FeatureTable``, where Databricks' reference has it."""

from ...lab_features.entities import FeatureTable

__all__ = ["FeatureTable"]
