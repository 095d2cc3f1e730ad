"""One transformation alone, from its smallest to its largest amount, and all of them together, weaker or stronger."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from core.augmentation.drawing import Box, Drawn
from core.augmentation.parameters import Pair
from core.augmentation.settings import PARAMETERS, AugmentationConfig
from core.errors import ConfigError

Size: TypeAlias = tuple[int, int]

NOISE_SEED = 1  # the same grain in every step, only stronger
_BEST_JPEG = 100.0
_MOST_DECIMALS = 9


@dataclass(frozen=True)
class _Track:
    """How one transformation is shown step by step.

    Args:
        label: With `{}` for the number.
        fields: Maps the number in the label and the image's (height, width) to the fields of `Drawn`.
        units: How many of the label's units are 1 of the setting's: 100 where a share is shown as a percentage.
        either_way: True where the setting is the largest amount in both directions.
        falling: True where the largest number comes first.
        whole_numbers: True where only whole numbers make sense.
        setting: The setting that says how far, where that is not the one with the switch.
    """

    label: str
    fields: Callable[[float, Size], dict[str, Any]]
    units: float = 1
    either_way: bool = False
    falling: bool = False
    whole_numbers: bool = False
    setting: str = ""


def _centred(percent: float) -> Box:
    """A box in the middle with this percentage of the area and the image's aspect ratio."""
    side = math.sqrt(percent / 100)
    return (1 - side) / 2, (1 - side) / 2, side, side


# Minus is to the left, down and anticlockwise, as on a slider and a clock. Drawn has Keras' signs, which say where an
# output pixel comes from.
_TRACKS: Mapping[str, _Track] = MappingProxyType(
    {
        "rotation_range": _Track("{}°", lambda angle, size: {"theta": -angle}, either_way=True),
        "width_shift_range": _Track(
            "{}%", lambda percent, size: {"tx": -percent / 100 * size[1]}, units=100, either_way=True
        ),
        "height_shift_range": _Track(
            "{}%", lambda percent, size: {"ty": percent / 100 * size[0]}, units=100, either_way=True
        ),
        "shear_range": _Track("{}°", lambda angle, size: {"shear": -angle}, either_way=True),
        "zoom_range": _Track("{}", lambda factor, size: {"zx": factor, "zy": factor}),
        "crop_scale": _Track("{}%", lambda percent, size: {"crop": _centred(percent)}, units=100),
        "channel_shift_range": _Track("{}", lambda levels, size: {"channel_shift_intensity": levels}, either_way=True),
        "brightness_range": _Track("{}", lambda factor, size: {"brightness": factor}),
        "contrast_range": _Track("{}", lambda factor, size: {"contrast": factor}),
        "saturation_range": _Track("{}", lambda factor, size: {"saturation": factor}),
        "hue_range": _Track("{}°", lambda angle, size: {"hue": angle}, either_way=True),
        "blur_range": _Track("{} px", lambda pixels, size: {"blur": pixels}),
        "noise_range": _Track("{}", lambda levels, size: {"noise": levels, "noise_seed": NOISE_SEED if levels else 0}),
        "jpeg_quality_range": _Track(
            "{}", lambda quality, size: {"jpeg_quality": int(quality)}, falling=True, whole_numbers=True
        ),
        "erasing_probability": _Track(
            "{}%", lambda percent, size: {"erased": _centred(percent)}, units=100, setting="erasing_scale"
        ),
    }
)
_SWITCHES: Mapping[str, tuple[str, dict[str, Any]]] = MappingProxyType(
    {
        "horizontal_flip": ("flipped", {"flip_horizontal": True}),
        "vertical_flip": ("flipped", {"flip_vertical": True}),
        "grayscale_probability": ("greyscale", {"grayscale": True}),
    }
)
UNCHANGED = "unchanged"


def sweep(
    config: AugmentationConfig, name: str, size: Size, steps: int = 7, *, full_range: bool = False
) -> list[tuple[str, Drawn]]:
    """One transformation from one end of its range to the other, with all others off.

    Minus is left, down, anticlockwise, darker. A random resized crop and an erased rectangle are centred and have the
    image's aspect ratio; zoom scales both sides alike; JPEG quality falls. What is only on or off has two steps.

    Args:
        config: Gives the range. A transformation that is off in it has the range that it is switched on with.
        name: The setting of a transformation.
        size: (height, width) of the image in pixels.
        steps: 2 or more. There are fewer where the range holds fewer: one where both ends are equal.
        full_range: Take the range that the setting allows instead.

    Returns:
        A label, such as "−40°", "0.8" or "flipped", and what `apply` takes, for each step.

    Raises:
        ConfigError: There is no transformation of this name.
        ValueError: `steps` is below 2.
    """
    if steps < 2:
        raise ValueError(f"received {steps} steps; expected 2 or more")
    if name in _SWITCHES:
        label, fields = _SWITCHES[name]
        return [(UNCHANGED, Drawn(size)), (label, Drawn(size, **fields))]
    if name not in _TRACKS:
        names = [name for name, parameter in PARAMETERS.items() if parameter.has_switch]
        raise ConfigError(f"Received the transformation {name!r}", f"one of {', '.join(names)}")
    track = _TRACKS[name]
    low, high = (track.units * end for end in _ends(config, name, track, full_range=full_range))
    amounts = _amounts(low, high, steps, whole_numbers=track.whole_numbers)
    if track.falling:
        amounts.reverse()
    return [(track.label.format(text), Drawn(size, **track.fields(amount, size))) for text, amount in amounts]


def scaled(config: AugmentationConfig, strength: float) -> AugmentationConfig:
    """The same transformations, weaker or stronger: 0 turns them off, 1 keeps them, 2 doubles each up to its limit.

    Amounts and probabilities are multiplied. Factors and the crop's area move away from 1 and JPEG quality from 100:
    0.7 to 1.3 becomes 0.4 to 1.6 at strength 2. Above strength 0 flips stay as they are, and so do the fill mode and
    the erased area.

    Args:
        strength: 0 or more.

    Raises:
        ConfigError: `strength` is below 0 or not a finite number.
    """
    if not (math.isfinite(strength) and strength >= 0):
        raise ConfigError(f"Received the strength {strength}", "a number of 0 or more")
    if strength == 1:
        return config
    names = [name for name, parameter in PARAMETERS.items() if parameter.has_switch]
    return config.changed(**{name: _scaled(config, name, strength) for name in names})


def _scaled(config: AugmentationConfig, name: str, strength: float) -> Any:
    parameter, value = PARAMETERS[name], getattr(config, name)
    if strength == 0:
        return parameter.neutral
    if value is None or isinstance(value, bool):
        return value
    if name == "zoom_range" and isinstance(value, float):
        if value * strength <= 0.9:
            return value * strength
        value = config.zoom_limits  # one number could not go on beyond the least factor
    if not isinstance(value, tuple):
        return min(value * strength, parameter.highest)
    centre = _BEST_JPEG if name == "jpeg_quality_range" else 1.0
    return tuple(min(max(centre + (end - centre) * strength, parameter.lowest), parameter.highest) for end in value)


def _ends(config: AugmentationConfig, name: str, track: _Track, *, full_range: bool) -> Pair:
    """The smallest and the largest amount, in the setting's own units."""
    parameter = PARAMETERS[track.setting or name]
    if full_range:
        low, high = parameter.lowest, parameter.highest
    else:
        if parameter.has_switch and not config.is_on(name):
            config = config.changed(**{name: parameter.on})
        value = config.zoom_limits if name == "zoom_range" else getattr(config, parameter.name)
        low, high = value if isinstance(value, tuple) else (parameter.lowest, value)
    return (-high if track.either_way else low), high


def _amounts(low: float, high: float, steps: int, *, whole_numbers: bool) -> list[tuple[str, float]]:
    """Evenly spaced amounts, rounded to what a label shows, each behind its label's number; the ends are exact."""
    decimals = 0
    if not whole_numbers and high > low:
        # Finer than a fifth of a step, so that rounded steps still look even.
        decimals = math.ceil(math.log10(5 * (steps - 1)) - math.log10(high - low))
        decimals = min(max(0, decimals), _MOST_DECIMALS)
    between = [round(amount, decimals) for amount in np.linspace(low, high, steps).tolist()[1:-1]]
    amounts = [round(end) if whole_numbers else end for end in (low, *between, high)]
    labelled = {f"{round(amount, decimals) + 0.0:.{decimals}f}": amount + 0.0 for amount in amounts}  # -0 becomes 0
    return [(_shortened(text), amount) for text, amount in labelled.items()]


def _shortened(number: str) -> str:
    """Without trailing zeros, with a true minus."""
    return (number.rstrip("0").rstrip(".") if "." in number else number).replace("-", "−")
