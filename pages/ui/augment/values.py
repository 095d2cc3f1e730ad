"""What the augmentation's controls show for some settings, and the settings that they show, by session key.

A change has a switch beside its slider: off, its slider keeps its place for when it comes back.
"""

from collections.abc import Mapping
from typing import Any

from core.augmentation import PARAMETERS, AugmentationConfig, Parameter
from pages.ui.augment_words import pair_of


def key_of(name: str) -> str:
    """The key of a field's slider, toggle or choice in the session state."""
    return f"augment_{name}"


def switch_of(name: str) -> str:
    """The key of the switch beside a field's slider."""
    return f"augment_on_{name}"


def to_controls(config: AugmentationConfig) -> dict[str, Any]:
    """What each control shows for `config`, by key. A change that is off has no slider's value here: it keeps its own.

    Zoom is shown as a pair of factors always.
    """
    shown: dict[str, Any] = {}
    for name, told in PARAMETERS.items():
        value = pair_of(config, told) or getattr(config, name)
        if not is_slider(told):
            shown[key_of(name)] = value
            continue
        on = config.is_on(name)
        if told.has_switch:
            shown[switch_of(name)] = on
        if on or not told.has_switch:
            shown[key_of(name)] = value
    return shown


def at_first(told: Parameter) -> Any:
    """Where the slider of a change that has not been on yet stands."""
    if told.name == "zoom_range":
        return 1 - float(str(told.on)), 1 + float(str(told.on))
    return told.on


def from_controls(values: Mapping[str, Any]) -> AugmentationConfig:
    """The settings that controls show, by key: a change that is off has its neutral value.

    Raises:
        ConfigError: A value is out of its range.
    """
    fields: dict[str, Any] = {}
    for name, told in PARAMETERS.items():
        value = values[key_of(name)]
        # A browser's slider adds its steps up in floating point.
        if isinstance(value, (tuple, list)):
            value = tuple(round(number, 4) for number in value)
        elif isinstance(value, float):
            value = round(value, 4)
        if not values.get(switch_of(name), True):
            value = told.neutral
        elif name == "zoom_range":
            value = _zoom(*value)
        elif value == (1.0, 1.0) and told.has_switch:
            value = told.neutral
        fields[name] = value
    return AugmentationConfig.create(fields)


def is_slider(told: Parameter) -> bool:
    return told.step > 0


def _zoom(low: float, high: float) -> float | tuple[float, float] | None:
    """One number where one says it, as in the notebook."""
    even = round(low + high, 4) == 2 and low >= 0.1
    return round(1 - low, 4) if even else (low, high)
