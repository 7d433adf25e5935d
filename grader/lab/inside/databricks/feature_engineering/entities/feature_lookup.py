"""``FeatureLookup``, where Databricks' reference has it."""

from ...lab_features.entities import FeatureLookup

__all__ = ["FeatureLookup"]
