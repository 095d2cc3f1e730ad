"""Random transformations of images under the names of Keras' ImageDataGenerator, without TensorFlow."""

from core.augmentation.caption import describe
from core.augmentation.drawing import Drawn, draw, generator_for
from core.augmentation.parameters import Group, Parameter
from core.augmentation.presets import PRESETS, preset, strength_of
from core.augmentation.settings import PARAMETERS, AugmentationConfig, FillMode
from core.augmentation.transforms import apply, augment

__all__ = [
    "PARAMETERS",
    "PRESETS",
    "AugmentationConfig",
    "Drawn",
    "FillMode",
    "Group",
    "Parameter",
    "apply",
    "augment",
    "describe",
    "draw",
    "generator_for",
    "preset",
    "strength_of",
]
