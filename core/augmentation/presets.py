"""Named strengths of augmentation."""

from collections.abc import Mapping
from types import MappingProxyType

from core.augmentation.settings import PARAMETERS, AugmentationConfig
from core.errors import ConfigError

_NOTHING = {name: parameter.neutral for name, parameter in PARAMETERS.items() if parameter.has_switch}
_GENTLE = {
    "rotation_range": 10,
    "width_shift_range": 0.05,
    "height_shift_range": 0.05,
    "shear_range": 5,
    "zoom_range": 0.1,
    "horizontal_flip": True,
}
# With these, nearly every one of 48 copies of real photos still shows a cat or a dog. Any further, and shifts together
# with the rectangle hide heads, and brightness together with contrast leaves white patches. Shifts stay the notebook's:
# with 0.25 a quarter of a copy was fill, where `core.augmentation.effect` begins to warn; it often did
# with a contrast of 0.7 too.
_STRONG = {
    "rotation_range": 45,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "shear_range": 25,
    "zoom_range": 0.3,
    "horizontal_flip": True,
    "channel_shift_range": 20,
    "brightness_range": (0.7, 1.3),
    "contrast_range": (0.8, 1.2),
    "saturation_range": (0.5, 1.5),
    "hue_range": 10,
    "grayscale_probability": 0.1,
    "erasing_probability": 0.25,
    "erasing_scale": (0.02, 0.2),
}
PRESETS: Mapping[str, AugmentationConfig] = MappingProxyType(
    {
        "none": AugmentationConfig.create(_NOTHING),
        "gentle": AugmentationConfig.create(_NOTHING | _GENTLE),
        "notebook": AugmentationConfig(),
        "strong": AugmentationConfig.create(_NOTHING | _STRONG),
    }
)


def preset(name: str) -> AugmentationConfig:
    """The settings of a named strength: none, gentle, notebook or strong. Raises `ConfigError`."""
    if name not in PRESETS:
        raise ConfigError(f"Received the augmentation strength {name!r}", f"one of {', '.join(PRESETS)}")
    return PRESETS[name]


def strength_of(config: AugmentationConfig) -> str | None:
    """The name of the preset that these settings are; None for custom settings."""
    return next((name for name, known in PRESETS.items() if known == config), None)
