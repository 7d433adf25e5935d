"""The training set that ``create_training_set`` gives."""

from ..lab_features.training import TrainingSet

__all__ = ["TrainingSet"]
