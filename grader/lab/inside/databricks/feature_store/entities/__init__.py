"""The value classes of the feature store."""

from .feature_function import FeatureFunction
from .feature_lookup import FeatureLookup
from .feature_table import FeatureTable

__all__ = ["FeatureFunction", "FeatureLookup", "FeatureTable"]
