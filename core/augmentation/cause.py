"""Which transformation causes what goes too far: its control is where the warning stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.augmentation.drawing import WHOLE, Drawn
from core.augmentation.effect import Fault, shown_share
from core.augmentation.geometry import filled_share
from core.augmentation.settings import AugmentationConfig

# What a copy is drawn with where one transformation of the geometry is left out.
_WITHOUT: Mapping[str, Mapping[str, Any]] = {
    "rotation_range": {"theta": 0.0},
    "width_shift_range": {"tx": 0.0},
    "height_shift_range": {"ty": 0.0},
    "shear_range": {"shear": 0.0},
    "zoom_range": {"zx": 1.0, "zy": 1.0},
    "crop_scale": {"crop": WHOLE},
}


def cause_of(fault: Fault, all_drawn: Sequence[Drawn], config: AugmentationConfig, brightness: float) -> str:
    """The name of the setting that does most of it; "" where the geometry alone changes the light, by its fill.

    Args:
        fault: One of `core.augmentation.effect.faults`.
        all_drawn: What was drawn for the copies, with `config`.
        brightness: Mean luma of the originals, 0..255.
    """
    match fault:
        case "fill":
            return _most_without(all_drawn, lambda drawn: -filled_share(drawn, config))
        case "out of frame":
            least = min(all_drawn, key=lambda drawn: shown_share(drawn, config))
            return _most_without([least], lambda drawn: shown_share(drawn, config))
        case "erased":
            return "erasing_scale"
        case "brightness":
            by_factor = sum(abs(drawn.brightness - 1) * brightness for drawn in all_drawn)
            by_shift = sum(abs(drawn.channel_shift_intensity) for drawn in all_drawn)
            return _larger(("brightness_range", by_factor), ("channel_shift_range", by_shift))
        case "contrast":
            by_contrast, by_brightness = (
                sum(max(0.0, 1 - getattr(drawn, name)) for drawn in all_drawn) for name in ("contrast", "brightness")
            )
            return _larger(("contrast_range", by_contrast), ("brightness_range", by_brightness))


def _larger(*amounts: tuple[str, float]) -> str:
    name, amount = max(amounts, key=lambda pair: pair[1])
    return name if amount else ""


def _most_without(all_drawn: Sequence[Drawn], good: Callable[[Drawn], float]) -> str:
    """The transformation without which the copies are best."""
    return max(_WITHOUT, key=lambda name: sum(good(replace(drawn, **_WITHOUT[name])) for drawn in all_drawn))
