"""How far each random change may go: the names and meanings of Keras' ImageDataGenerator."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from pydantic import field_validator

from core.config import Settings, setting
from core.errors import ConfigError

FillMode = Literal["nearest", "reflect", "wrap", "constant"]
Pair = tuple[float, float]

# A factor of 0.1 shows a tenth of the side ten times larger; 3 shows the picture at a third of its size.
ZOOM_LOWEST, ZOOM_HIGHEST = 0.1, 3.0
BRIGHTNESS_HIGHEST = 3.0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _pair(value: Any, lowest: float, highest: float, expected: str) -> Pair:
    if isinstance(value, (tuple, list)) and len(value) == 2 and all(map(_is_number, value)):
        low, high = value
        if lowest <= low <= high <= highest:
            return float(low), float(high)
    raise ValueError(f"{expected} from {lowest:g} to {highest:g}, the lower one first")


class AugmentationConfig(Settings):
    """What may happen to a copy. Every amount is drawn evenly from its range, for each copy anew."""

    rotation_range: float = setting(
        40.0, "Turns the picture by up to this angle, either way, 0 to 180.", unit="degrees", ge=0, le=180
    )
    width_shift_range: float = setting(
        0.2, "Moves the picture left or right by up to this part of its width, 0 to below 1.", ge=0, lt=1
    )
    height_shift_range: float = setting(
        0.2, "Moves the picture up or down by up to this part of its height, 0 to below 1.", ge=0, lt=1
    )
    shear_range: float = setting(
        20.0, "Slants the picture by up to this angle, either way, 0 to 60.", unit="degrees", ge=0, le=60
    )
    zoom_range: float | Pair = setting(
        0.2,
        "Z scales width and height, each by a factor from 1 - Z to 1 + Z (0 to 0.9); or give lowest and highest factor."
        " Below 1 enlarges.",
    )
    horizontal_flip: bool = setting(False, "Mirrors every second copy left to right.")
    vertical_flip: bool = setting(False, "Turns every second copy upside down, as a mirror would.")
    brightness_range: Pair | None = setting(
        None, "Multiplies the brightness by a factor between these two, 0 (black) to 3; 1 keeps it."
    )
    channel_shift_range: float = setting(
        0.0, "Adds up to this much to every colour value, or takes it away, 0 to 255.", unit="grey levels", ge=0, le=255
    )
    fill_mode: FillMode = setting(
        "nearest", "What fills the corners that a move leaves empty: edge pixels, a mirror image, a repeat or one grey."
    )
    cval: float = setting(
        0.0, "The grey for fill mode constant, 0 (black) to 255 (white).", unit="grey levels", ge=0, le=255
    )

    @field_validator("zoom_range", mode="before")
    @classmethod
    def _zoom(cls, value: Any) -> float | Pair:
        if _is_number(value) and 0 <= value <= 0.9:
            return float(value)
        return _pair(value, ZOOM_LOWEST, ZOOM_HIGHEST, "a number from 0 to 0.9, or two factors")

    @field_validator("brightness_range", mode="before")
    @classmethod
    def _brightness(cls, value: Any) -> Pair | None:
        return None if value is None else _pair(value, 0.0, BRIGHTNESS_HIGHEST, "nothing, or two factors")

    @property
    def zoom_limits(self) -> Pair:
        """Lowest and highest zoom factor; below 1 enlarges."""
        zoom = self.zoom_range
        return (1 - zoom, 1 + zoom) if isinstance(zoom, float) else zoom

    @property
    def identity(self) -> bool:
        """True when every copy would equal its original."""
        amounts = (
            self.rotation_range,
            self.width_shift_range,
            self.height_shift_range,
            self.shear_range,
            self.channel_shift_range,
        )
        flips = self.horizontal_flip or self.vertical_flip
        factors = (*self.zoom_limits, *(self.brightness_range or ()))
        return not any(amounts) and not flips and all(factor == 1 for factor in factors)


PRESETS: Mapping[str, AugmentationConfig] = MappingProxyType(
    {
        "none": AugmentationConfig(
            rotation_range=0, width_shift_range=0, height_shift_range=0, shear_range=0, zoom_range=0
        ),
        "gentle": AugmentationConfig(
            rotation_range=10,
            width_shift_range=0.05,
            height_shift_range=0.05,
            shear_range=5,
            zoom_range=0.1,
            horizontal_flip=True,
        ),
        "notebook": AugmentationConfig(),
        "strong": AugmentationConfig(
            rotation_range=60,
            width_shift_range=0.3,
            height_shift_range=0.3,
            shear_range=30,
            zoom_range=0.4,
            horizontal_flip=True,
            brightness_range=(0.6, 1.4),
            channel_shift_range=30,
        ),
    }
)


def preset(name: str) -> AugmentationConfig:
    """The settings of a named strength: none, gentle, notebook or strong. Raises `ConfigError`."""
    if name not in PRESETS:
        raise ConfigError(f"Received the augmentation strength {name!r}", f"one of {', '.join(PRESETS)}")
    return PRESETS[name]
