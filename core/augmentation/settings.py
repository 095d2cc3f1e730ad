"""The augmentation settings: Keras' ImageDataGenerator under its own names, and common transformations it lacks."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal

from pydantic import ValidationInfo, field_validator

from core.augmentation.parameters import Group, Pair, Parameter, Scale, parameter, parameters_of
from core.config import Settings

FillMode = Literal["nearest", "reflect", "wrap", "constant"]

_FACTOR = Scale(highest=3, step=0.05, unit="factor", pair=True)
_GREY_LEVEL = Scale(highest=255, step=1, unit="grey levels")
_COPIES = Scale(highest=1, step=0.05, unit="of the copies")


class AugmentationConfig(Settings):
    """How far each random transformation may go. Every amount is drawn uniformly from its range, anew for each copy.

    Names that Keras' ImageDataGenerator has mean what they mean there; the others mean what they mean in Keras'
    preprocessing layers, where there is such a layer.
    """

    rotation_range: float = parameter(
        40.0,
        "Rotation",
        "Rotates the image by up to this angle in either direction.",
        Group.GEOMETRY,
        Scale(highest=180, step=1, unit="degrees"),
        on=40.0,
    )
    width_shift_range: float = parameter(
        0.2,
        "Width shift",
        "Shifts the image left or right by up to this fraction of its width.",
        Group.GEOMETRY,
        Scale(highest=0.99, step=0.01, unit="of the width"),
        on=0.2,
    )
    height_shift_range: float = parameter(
        0.2,
        "Height shift",
        "Shifts the image up or down by up to this fraction of its height.",
        Group.GEOMETRY,
        Scale(highest=0.99, step=0.01, unit="of the height"),
        on=0.2,
    )
    shear_range: float = parameter(
        20.0,
        "Shear",
        "Slants the image by up to this angle in either direction.",
        Group.GEOMETRY,
        Scale(highest=60, step=1, unit="degrees"),
        on=20.0,
    )
    zoom_range: float | Pair = parameter(
        0.2,
        "Zoom",
        "Scales width and height, each by a factor from this range; below 1 enlarges. A single number Z means 1 − Z to "
        "1 + Z.",
        Group.GEOMETRY,
        replace(_FACTOR, lowest=0.1),
        on=0.2,
    )
    crop_scale: Pair | None = parameter(
        None,
        "Random resized crop",
        "Crops a region with this share of the image's area and an aspect ratio from 3:4 to 4:3, and resizes it to the "
        "full size.",
        Group.GEOMETRY,
        Scale(lowest=0.05, highest=1, step=0.05, unit="of the area", pair=True),
        on=(0.5, 1.0),
    )
    horizontal_flip: bool = parameter(
        False, "Horizontal flip", "Mirrors half of the copies left to right.", Group.GEOMETRY, on=True
    )
    vertical_flip: bool = parameter(
        False, "Vertical flip", "Mirrors half of the copies top to bottom.", Group.GEOMETRY, on=True
    )
    fill_mode: FillMode = parameter(
        "nearest",
        "Fill mode",
        "What fills the area outside the image after a rotation, shift, shear or zoom.",
        Group.GEOMETRY,
    )
    cval: float = parameter(
        0.0, "Fill value", "Grey level of the filled area, from 0, black, to 255, white.", Group.GEOMETRY, _GREY_LEVEL
    )
    channel_shift_range: float = parameter(
        0.0,
        "Channel shift",
        "Adds a random value of up to this many grey levels, positive or negative, to all colour values.",
        Group.COLOUR,
        _GREY_LEVEL,
        on=30.0,
    )
    brightness_range: Pair | None = parameter(
        None,
        "Brightness",
        "Multiplies every colour value by a factor from this range: 0 gives black, 1 changes nothing.",
        Group.COLOUR,
        _FACTOR,
        on=(0.7, 1.3),
    )
    contrast_range: Pair | None = parameter(
        None,
        "Contrast",
        "Multiplies each colour value's distance from its channel's mean by a factor from this range: 0 gives a flat "
        "colour, 1 changes nothing.",
        Group.COLOUR,
        _FACTOR,
        on=(0.7, 1.3),
    )
    saturation_range: Pair | None = parameter(
        None,
        "Saturation",
        "Multiplies the saturation by a factor from this range: 0 gives greyscale, 1 changes nothing.",
        Group.COLOUR,
        _FACTOR,
        on=(0.5, 1.5),
    )
    hue_range: float = parameter(
        0.0,
        "Hue",
        "Rotates the hue around the colour wheel by up to this angle in either direction: 120 degrees turns red into "
        "green or blue.",
        Group.COLOUR,
        Scale(highest=180, step=1, unit="degrees"),
        on=18.0,
    )
    grayscale_probability: float = parameter(
        0.0, "Greyscale", "Turns this share of the copies grey.", Group.COLOUR, _COPIES, on=0.2
    )
    blur_range: float = parameter(
        0.0,
        "Blur",
        "Applies a Gaussian blur with a standard deviation of up to this many pixels.",
        Group.QUALITY,
        Scale(highest=10, step=0.1, unit="pixels"),
        on=1.5,
    )
    noise_range: float = parameter(
        0.0,
        "Noise",
        "Adds Gaussian noise with a standard deviation of up to this many grey levels.",
        Group.QUALITY,
        replace(_GREY_LEVEL, highest=100),
        on=15.0,
    )
    jpeg_quality_range: Pair | None = parameter(
        None,
        "JPEG quality",
        "Compresses the image with a JPEG quality from this range: the lower, the more visible its blocks.",
        Group.QUALITY,
        Scale(lowest=1, highest=100, step=1, unit="JPEG quality", pair=True),
        on=(30.0, 90.0),
    )
    erasing_probability: float = parameter(
        0.0,
        "Random erasing",
        "Covers a random rectangle in this share of the copies, so that no single part decides the class.",
        Group.OCCLUSION,
        _COPIES,
        on=0.5,
    )
    erasing_scale: Pair = parameter(
        (0.02, 0.33),
        "Erased area",
        "The rectangle's share of the image's area.",
        Group.OCCLUSION,
        Scale(lowest=0.01, highest=1, step=0.01, unit="of the area", pair=True),
    )
    erasing_value: float = parameter(
        0.0, "Erasing value", "Grey level of the rectangle, from 0, black, to 255, white.", Group.OCCLUSION, _GREY_LEVEL
    )

    @field_validator("*", mode="before")
    @classmethod
    def _in_range(cls, value: Any, info: ValidationInfo) -> Any:
        field = PARAMETERS[str(info.field_name)]
        if field.name == "zoom_range" and not isinstance(value, (tuple, list)):
            # A factor of 0.1 shows a tenth of the side ten times larger.
            if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 0.9:
                return float(value)
            raise ValueError("a number from 0 to 0.9, or two from 0.1 to 3, the lower one first")
        return field.checked(value)

    @property
    def zoom_limits(self) -> Pair:
        """The lowest and the highest zoom factor; below 1 enlarges."""
        zoom = self.zoom_range
        return (1 - zoom, 1 + zoom) if isinstance(zoom, float) else zoom

    @property
    def identity(self) -> bool:
        """True when every copy equals its original."""
        return not any(self.is_on(name) for name in PARAMETERS)

    def is_on(self, name: str) -> bool:
        """True when the transformation `name` can change an image; False for the fill mode and others that are none."""
        field = PARAMETERS[name]
        value = self.zoom_limits if name == "zoom_range" else getattr(self, name)
        still = (1.0, 1.0) if field.unit in ("factor", "of the area") else field.neutral
        return field.has_switch and value not in (field.neutral, still)


PARAMETERS: Mapping[str, Parameter] = MappingProxyType(parameters_of(AugmentationConfig))
