"""Random geometry and light under the names of Keras' ImageDataGenerator; one resampling, no TensorFlow.

settings    AugmentationConfig: how far each change may go
parameters  what a page must know of each: label, group, range, unit, step
presets     the strengths none, gentle, notebook, strong
drawing     Drawn: what was drawn for one copy, from a generator that depends on seed, image and copy number only
transforms  apply the drawn changes to a picture; `augment` is what preview, training and code export call
"""

from core.augmentation.drawing import Drawn, describe, draw, generator_for
from core.augmentation.parameters import Group, Parameter
from core.augmentation.presets import PRESETS, preset
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
]
