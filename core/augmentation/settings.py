"""How far each random change may go: Keras' ImageDataGenerator under its names, and what practice adds to it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from pydantic import ValidationInfo, field_validator

from core.augmentation.parameters import Group, Pair, Parameter, parameter, parameters_of
from core.config import Settings

FillMode = Literal["nearest", "reflect", "wrap", "constant"]

_DEGREES: dict[str, Any] = {"unit": "degrees", "step": 1, "neutral": 0.0}
_LEVELS: dict[str, Any] = {"unit": "grey levels", "step": 1, "neutral": 0.0}
_SHARE: dict[str, Any] = {"unit": "of the copies", "highest": 1, "step": 0.05, "neutral": 0.0}
_FACTORS: dict[str, Any] = {"unit": "factor", "highest": 3, "step": 0.05, "pair": True}


class AugmentationConfig(Settings):
    """What may happen to a copy. Every amount is drawn evenly from its range, for each copy anew.

    Names that Keras' ImageDataGenerator has mean what they mean there; for the others the meaning is that of Keras'
    preprocessing layer for it, where there is one.
    """

    rotation_range: float = parameter(
        40.0,
        "Rotation",
        "Turns the picture by up to this angle, either way.",
        Group.GEOMETRY,
        highest=180,
        on=40.0,
        **_DEGREES,
    )
    width_shift_range: float = parameter(
        0.2,
        "Shift along the width",
        "Moves the picture left or right by up to this part of its width.",
        Group.GEOMETRY,
        highest=0.99,
        step=0.01,
        unit="of the width",
        neutral=0.0,
        on=0.2,
    )
    height_shift_range: float = parameter(
        0.2,
        "Shift along the height",
        "Moves the picture up or down by up to this part of its height.",
        Group.GEOMETRY,
        highest=0.99,
        step=0.01,
        unit="of the height",
        neutral=0.0,
        on=0.2,
    )
    shear_range: float = parameter(
        20.0,
        "Shear",
        "Slants the picture by up to this angle, either way.",
        Group.GEOMETRY,
        highest=60,
        on=20.0,
        **_DEGREES,
    )
    zoom_range: float | Pair = parameter(
        0.2,
        "Zoom",
        "Scales width and height, each by a factor between these two; below 1 enlarges. One number Z means 1 - Z to "
        "1 + Z.",
        Group.GEOMETRY,
        lowest=0.1,
        neutral=0.0,
        on=0.2,
        **_FACTORS,
    )
    crop_scale: Pair | None = parameter(
        None,
        "Random resized crop",
        "Cuts out a part of this share of the picture's area, 3:4 to 4:3 in shape, and shows it at full size.",
        Group.GEOMETRY,
        lowest=0.05,
        highest=1.0,
        step=0.05,
        unit="of the area",
        on=(0.5, 1.0),
        pair=True,
    )
    horizontal_flip: bool = parameter(
        False, "Flip left to right", "Mirrors every second copy left to right.", Group.GEOMETRY, neutral=False, on=True
    )
    vertical_flip: bool = parameter(
        False,
        "Flip top to bottom",
        "Turns every second copy upside down, as a mirror would.",
        Group.GEOMETRY,
        neutral=False,
        on=True,
    )
    fill_mode: FillMode = parameter(
        "nearest",
        "Fill mode",
        "What fills the corners that a move leaves empty: edge pixels, a mirror image, a repeat or one grey.",
        Group.GEOMETRY,
    )
    cval: float = parameter(
        0.0,
        "Grey of the empty corners",
        "The grey for fill mode constant, from 0, black, to 255, white.",
        Group.GEOMETRY,
        highest=255,
        step=1,
        unit="grey levels",
    )
    channel_shift_range: float = parameter(
        0.0,
        "Channel shift",
        "Adds up to this much to every colour value, or takes it away.",
        Group.COLOUR,
        highest=255,
        on=30.0,
        **_LEVELS,
    )
    brightness_range: Pair | None = parameter(
        None,
        "Brightness",
        "Multiplies every colour value by a factor between these two; 0 is black, 1 keeps it.",
        Group.COLOUR,
        on=(0.7, 1.3),
        **_FACTORS,
    )
    contrast_range: Pair | None = parameter(
        None,
        "Contrast",
        "Multiplies each colour value's distance from the picture's mean by a factor between these two; 0 leaves one "
        "colour, 1 keeps it.",
        Group.COLOUR,
        on=(0.7, 1.3),
        **_FACTORS,
    )
    saturation_range: Pair | None = parameter(
        None,
        "Saturation",
        "Multiplies how strong the colours are by a factor between these two; 0 is grey, 1 keeps them.",
        Group.COLOUR,
        on=(0.5, 1.5),
        **_FACTORS,
    )
    hue_range: float = parameter(
        0.0,
        "Hue",
        "Turns the colour wheel by up to this angle, either way: at 120 degrees red becomes green or blue.",
        Group.COLOUR,
        highest=180,
        on=18.0,
        **_DEGREES,
    )
    grayscale_probability: float = parameter(
        0.0, "Grey", "Turns this share of the copies grey.", Group.COLOUR, on=0.2, **_SHARE
    )
    blur_range: float = parameter(
        0.0,
        "Blur",
        "Softens the picture by a Gaussian of up to this standard deviation.",
        Group.QUALITY,
        highest=10,
        step=0.1,
        unit="pixels",
        neutral=0.0,
        on=1.5,
    )
    noise_range: float = parameter(
        0.0,
        "Noise",
        "Adds to every colour value a normally distributed number of up to this standard deviation.",
        Group.QUALITY,
        highest=100,
        on=15.0,
        **_LEVELS,
    )
    jpeg_quality_range: Pair | None = parameter(
        None,
        "JPEG quality",
        "Saves and reopens the picture as a JPEG of a quality between these two: the lower, the more blocks.",
        Group.QUALITY,
        lowest=1,
        highest=100,
        step=1,
        unit="JPEG quality",
        on=(30.0, 90.0),
        pair=True,
    )
    erasing_probability: float = parameter(
        0.0,
        "Random erasing",
        "Covers a rectangle of this share of the copies, so that no single part decides.",
        Group.OCCLUSION,
        on=0.5,
        **_SHARE,
    )
    erasing_scale: Pair = parameter(
        (0.02, 0.33),
        "Size of the rectangle",
        "How much of the picture's area the rectangle covers.",
        Group.OCCLUSION,
        lowest=0.01,
        highest=1,
        step=0.01,
        unit="of the area",
        pair=True,
    )
    erasing_value: float = parameter(
        0.0,
        "Grey of the rectangle",
        "From 0, black, to 255, white.",
        Group.OCCLUSION,
        highest=255,
        step=1,
        unit="grey levels",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _in_range(cls, value: Any, info: ValidationInfo) -> Any:
        found = PARAMETERS[str(info.field_name)]
        if found.name == "zoom_range" and not isinstance(value, (tuple, list)):
            # A factor of 0.1 shows a tenth of the side ten times larger.
            if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 0.9:
                return float(value)
            raise ValueError("a number from 0 to 0.9, or two from 0.1 to 3, the lower one first")
        return found.checked(value)

    @property
    def zoom_limits(self) -> Pair:
        """Lowest and highest zoom factor; below 1 enlarges."""
        zoom = self.zoom_range
        return (1 - zoom, 1 + zoom) if isinstance(zoom, float) else zoom

    @property
    def identity(self) -> bool:
        """True when every copy would equal its original."""
        return not any(self.is_on(name) for name in PARAMETERS)

    def is_on(self, name: str) -> bool:
        """True when the change `name` can change a picture; False too for what has no switch, such as the fill mode."""
        told = PARAMETERS[name]
        value = self.zoom_limits if name == "zoom_range" else getattr(self, name)
        still = (1.0, 1.0) if told.unit in ("factor", "of the area") else told.neutral
        return told.has_switch and value not in (told.neutral, still)


PARAMETERS: Mapping[str, Parameter] = MappingProxyType(parameters_of(AugmentationConfig))
