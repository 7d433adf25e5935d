"""The value classes of feature engineering. Those of Feature Views raise when they are imported."""

from ...lab_features.clients import DECLARATIVE, SERVING, absent_names
from .feature_function import FeatureFunction
from .feature_lookup import FeatureLookup
from .feature_table import FeatureTable

__all__ = ["FeatureFunction", "FeatureLookup", "FeatureTable"]

_VIEWS = (
    *("AggregationFunction", "ApproxCountDistinct", "ApproxPercentile", "Avg", "ColumnSelection", "ContinuousWindow"),
    *("Count", "DataSource", "DeltaTableSource", "Feature", "First", "Last", "Max", "Min", "OfflineStoreConfig"),
    *(
        "OnlineStoreConfig",
        "RequestSource",
        "RollingWindow",
        "SawtoothWindow",
        "SlidingWindow",
        "StreamSource",
        "StddevPop",
        "StddevSamp",
        "Sum",
    ),
    *("TimeWindow", "TumblingWindow", "VarPop", "VarSamp"),
)
_SERVING = ("AutoCaptureConfig", "EndpointCoreConfig", "ServedEntity")

__getattr__ = absent_names(__name__, {**dict.fromkeys(_VIEWS, DECLARATIVE), **dict.fromkeys(_SERVING, SERVING)})
