"""Random changes under the names of Keras' ImageDataGenerator, and what practice adds; no TensorFlow.

settings    AugmentationConfig: how far each change may go
parameters  what a page must know of each: label, group, range, unit, step
presets     the strengths none, gentle, notebook, strong
drawing     Drawn: what was drawn for one copy, from a generator that depends on seed, image and copy number only
caption     Drawn in words
transforms  apply the drawn changes to a picture; `augment` is what preview, training and code export call
geometry    its steps: crop, rotation, shift, shear and zoom in one resampling, and the share that is filled in
colour      channel shift, brightness, contrast, saturation, hue, grey
quality     blur, noise, JPEG
occlusion   random erasing
sweep       one change from its least to its greatest amount; settings made weaker or stronger
effect      what the changes do to a set of pictures, and when they go too far
sharing     the settings as a link, and from JSON
store       settings under a name, and the last ones
code        the settings as Python: Keras' ImageDataGenerator, Keras' preprocessing layers (code_layers, source)
"""

from core.augmentation.caption import describe
from core.augmentation.drawing import Drawn, draw, generator_for
from core.augmentation.geometry import filled_share
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
    "filled_share",
    "generator_for",
    "preset",
]
