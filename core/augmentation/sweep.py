"""One change alone, from its least to its greatest amount, and all changes together, weaker or stronger."""

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
    """How one change is shown step by step.

    Args:
        label: With `{}` for the number.
        fields: From the number in the label and the picture's (height, width) to what `Drawn` has for it.
        shown: The label's numbers for one of the setting's: 100 where a share is shown as a percentage.
        either_way: True where the setting is the greatest amount to both sides.
        falling: True where the greatest number comes first.
        whole_numbers: True where there are no others.
        setting: The setting that says how far, where it is another than the one with the switch.
    """

    label: str
    fields: Callable[[float, Size], dict[str, Any]]
    shown: float = 1
    either_way: bool = False
    falling: bool = False
    whole_numbers: bool = False
    setting: str = ""


def _centred(percent: float) -> Box:
    """A part in the middle with this percentage of the area, in the picture's own shape."""
    side = math.sqrt(percent / 100)
    return (1 - side) / 2, (1 - side) / 2, side, side


# Minus is to the left, down and anticlockwise, as on a slider and a clock. Drawn has Keras' signs, which say where an
# output pixel comes from.
_TRACKS: Mapping[str, _Track] = MappingProxyType(
    {
        "rotation_range": _Track("{} degrees", lambda angle, size: {"theta": -angle}, either_way=True),
        "width_shift_range": _Track(
            "{} %", lambda percent, size: {"tx": -percent / 100 * size[1]}, shown=100, either_way=True
        ),
        "height_shift_range": _Track(
            "{} %", lambda percent, size: {"ty": percent / 100 * size[0]}, shown=100, either_way=True
        ),
        "shear_range": _Track("{} degrees", lambda angle, size: {"shear": -angle}, either_way=True),
        "zoom_range": _Track("{}", lambda factor, size: {"zx": factor, "zy": factor}),
        "crop_scale": _Track("{} % of the area", lambda percent, size: {"crop": _centred(percent)}, shown=100),
        "channel_shift_range": _Track(
            "{} levels", lambda levels, size: {"channel_shift_intensity": levels}, either_way=True
        ),
        "brightness_range": _Track("{}", lambda factor, size: {"brightness": factor}),
        "contrast_range": _Track("{}", lambda factor, size: {"contrast": factor}),
        "saturation_range": _Track("{}", lambda factor, size: {"saturation": factor}),
        "hue_range": _Track("{} degrees", lambda angle, size: {"hue": angle}, either_way=True),
        "blur_range": _Track("{} pixels", lambda pixels, size: {"blur": pixels}),
        "noise_range": _Track(
            "{} levels", lambda levels, size: {"noise": levels, "noise_seed": NOISE_SEED if levels else 0}
        ),
        "jpeg_quality_range": _Track(
            "quality {}", lambda quality, size: {"jpeg_quality": int(quality)}, falling=True, whole_numbers=True
        ),
        "erasing_probability": _Track(
            "{} % of the area", lambda percent, size: {"erased": _centred(percent)}, shown=100, setting="erasing_scale"
        ),
    }
)
_SWITCHES: Mapping[str, tuple[str, dict[str, Any]]] = MappingProxyType(
    {
        "horizontal_flip": ("mirrored", {"flip_horizontal": True}),
        "vertical_flip": ("upside down", {"flip_vertical": True}),
        "grayscale_probability": ("grey", {"grayscale": True}),
    }
)
UNCHANGED = "unchanged"


def sweep(
    config: AugmentationConfig, name: str, size: Size, steps: int = 7, whole: bool = False
) -> list[tuple[str, Drawn]]:
    """One change from one end of its range to the other, everything else left alone.

    Minus is left, down, anticlockwise, darker. A random resized crop and a rectangle stand in the middle, in the
    picture's own shape; zoom scales both sides alike; JPEG goes from good to bad. What is only on or off has two steps.

    Args:
        config: How far: what it can draw. A change that is off in it goes as far as when it is switched on.
        name: Of a change that has a switch.
        size: (height, width) of the picture in pixels.
        steps: 2 or more. There are fewer where the range holds fewer: one where both of its ends are the same.
        whole: Over all that the setting allows instead.

    Returns:
        A label, such as "-40 degrees", "0.8" or "mirrored", and what `apply` takes, for each step.

    Raises:
        ConfigError: There is no change of this name.
        ValueError: `steps` is below 2.
    """
    if steps < 2:
        raise ValueError(f"received {steps} steps; expected 2 or more")
    if name in _SWITCHES:
        label, fields = _SWITCHES[name]
        return [(UNCHANGED, Drawn(size)), (label, Drawn(size, **fields))]
    if name not in _TRACKS:
        changes = [name for name, told in PARAMETERS.items() if told.has_switch]
        raise ConfigError(f"Received the change {name!r}", f"one of {', '.join(changes)}")
    track = _TRACKS[name]
    low, high = (track.shown * end for end in _ends(config, name, track, whole))
    amounts = _amounts(low, high, steps, track.whole_numbers)
    if track.falling:
        amounts.reverse()
    return [(track.label.format(text), Drawn(size, **track.fields(amount, size))) for text, amount in amounts]


def scaled(config: AugmentationConfig, strength: float) -> AugmentationConfig:
    """The same changes, weaker or stronger: 0 is none, 1 as set, 2 twice as far, each within its setting's limits.

    Amounts and shares of the copies are multiplied. Factors and the crop's area move away from 1, JPEG quality away
    from 100: 0.7 to 1.3 becomes 0.4 to 1.6 at strength 2. Flips stay as they are above strength 0, and so does all that
    has no switch, such as the fill mode and the size of the erased rectangle.

    Args:
        strength: 0 or more.

    Raises:
        ConfigError: `strength` is below 0 or not a finite number.
    """
    if not (math.isfinite(strength) and strength >= 0):
        raise ConfigError(f"Received the strength {strength}", "a number from 0 on")
    if strength == 1:
        return config
    changes = {name: _scaled(config, name, strength) for name, told in PARAMETERS.items() if told.has_switch}
    return config.changed(**changes)


def _scaled(config: AugmentationConfig, name: str, strength: float) -> Any:
    told, value = PARAMETERS[name], getattr(config, name)
    if strength == 0:
        return told.neutral
    if value is None or isinstance(value, bool):
        return value
    if name == "zoom_range" and isinstance(value, float):
        if value * strength <= 0.9:
            return value * strength
        value = config.zoom_limits  # one number could not go on beyond the least factor
    if not isinstance(value, tuple):
        return min(value * strength, told.highest)
    centre = _BEST_JPEG if name == "jpeg_quality_range" else 1.0
    return tuple(min(max(centre + (end - centre) * strength, told.lowest), told.highest) for end in value)


def _ends(config: AugmentationConfig, name: str, track: _Track, whole: bool) -> Pair:
    """Least and greatest amount, in the setting's own numbers."""
    told = PARAMETERS[track.setting or name]
    if whole:
        low, high = told.lowest, told.highest
    else:
        if told.has_switch and not config.is_on(name):
            config = config.changed(**{name: told.on})
        value = config.zoom_limits if name == "zoom_range" else getattr(config, told.name)
        low, high = value if isinstance(value, tuple) else (told.lowest, value)
    return (-high if track.either_way else low), high


def _amounts(low: float, high: float, steps: int, whole_numbers: bool) -> list[tuple[str, float]]:
    """Evenly spaced amounts, rounded to what a label can say, and the label's numbers; the ends are exact."""
    decimals = 0
    if not whole_numbers and high > low:
        # Finer than a fifth of a step, so that rounded steps still look even.
        decimals = math.ceil(math.log10(5 * (steps - 1)) - math.log10(high - low))
        decimals = min(max(0, decimals), _MOST_DECIMALS)
    between = [round(amount, decimals) for amount in np.linspace(low, high, steps).tolist()[1:-1]]
    amounts = [round(end) if whole_numbers else end for end in (low, *between, high)]
    found = {f"{round(amount, decimals) + 0.0:.{decimals}f}": amount + 0.0 for amount in amounts}  # -0 becomes 0
    return [(_shortened(text), amount) for text, amount in found.items()]


def _shortened(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number
