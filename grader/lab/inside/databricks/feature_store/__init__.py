"""Databricks' feature store of the workspace (``databricks-feature-store``), as far as a lab offers it."""

from .client import FeatureStoreClient
from .decorators import feature_table
from .entities.feature_function import FeatureFunction
from .entities.feature_lookup import FeatureLookup

__all__ = ["FeatureFunction", "FeatureLookup", "FeatureStoreClient", "feature_table"]
