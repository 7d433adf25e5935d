"""Databricks' feature engineering in Unity Catalog (``databricks-feature-engineering``), as far as a lab offers it."""

from ..lab_features.clients import DECLARATIVE, absent_names
from .client import FeatureEngineeringClient
from .entities.feature_function import FeatureFunction
from .entities.feature_lookup import FeatureLookup

__all__ = ["FeatureEngineeringClient", "FeatureFunction", "FeatureLookup"]

__getattr__ = absent_names(
    __name__,
    {
        "UpgradeClient": "it has one store, so there are no workspace feature tables to upgrade",
        "Feature": DECLARATIVE,
    },
)
