"""``UpgradeClient`` raises: a lab has one store, and nothing in it to upgrade."""

from ..lab_features.clients import absent_names

__getattr__ = absent_names(__name__, {"UpgradeClient": "it has one store, so there is nothing to upgrade"})
