"""``FeatureFunction``, where Databricks' reference has it."""

from ...lab_features.entities import FeatureFunction

__all__ = ["FeatureFunction"]
