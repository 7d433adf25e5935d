"""The decorator ``@feature_table`` of the workspace's feature store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..lab_features import clients
from ..lab_features.errors import not_offered
from .client import FeatureStoreClient


def feature_table(func: Callable[..., Any]) -> Any:
    """Let a function that computes features write them too.

    The function gets ``compute_and_write(input, feature_table_name, mode="merge")``, which calls it with ``input`` (its
    arguments by name), writes the DataFrame that it returns to the feature table, and returns that.
    """

    def compute_and_write(input: dict[str, Any], feature_table_name: str, mode: str = "merge") -> Any:
        if not isinstance(input, dict):
            raise ValueError(f"input is a dictionary of the function's arguments, not {input!r}.")
        df = func(**input)
        FeatureStoreClient().write_table(feature_table_name, df, mode)
        return df

    def compute_and_write_streaming(*_: Any, **__: Any) -> Any:
        not_offered("compute_and_write_streaming", clients.STREAMING)

    decorated: Any = func
    decorated.compute_and_write = compute_and_write
    decorated.compute_and_write_streaming = compute_and_write_streaming
    return decorated
