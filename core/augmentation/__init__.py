"""Random geometry and light under the names of Keras' ImageDataGenerator; one resampling, no TensorFlow.

settings    AugmentationConfig: how far each change may go, and the strengths none, gentle, notebook, strong
drawing     Drawn: what was drawn for one copy, from a generator that depends on seed, image and copy number only
transforms  apply the drawn changes to a picture; `augment` is what preview, training and code export call
"""

from core.augmentation.drawing import Drawn, describe, draw, generator_for
from core.augmentation.settings import PRESETS, AugmentationConfig, FillMode, preset
from core.augmentation.transforms import apply, augment

__all__ = [
    "PRESETS",
    "AugmentationConfig",
    "Drawn",
    "FillMode",
    "apply",
    "augment",
    "describe",
    "draw",
    "generator_for",
    "preset",
]
