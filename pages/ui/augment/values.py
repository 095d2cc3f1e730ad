"""From augmentation settings to the values of the controls, by session key, and back.

A transformation has a switch beside its slider: switched off, the slider keeps its position for later.
"""

from collections.abc import Mapping
from typing import Any

from core.augmentation import PARAMETERS, AugmentationConfig, Parameter
from pages.ui.augment.words import pair_of


def key_of(name: str) -> str:
    """The key of a field's slider, toggle or choice in the session state."""
    return f"augment_{name}"


def switch_of(name: str) -> str:
    """The key of the switch beside a field's slider."""
    return f"augment_on_{name}"


def to_controls(config: AugmentationConfig) -> dict[str, Any]:
    """The value of each control for `config`, by key. The slider of a transformation that is off is left out: it keeps
    its own. Zoom is always shown as a pair of factors.
    """
    shown: dict[str, Any] = {}
    for name, parameter in PARAMETERS.items():
        value = pair_of(config, parameter) or getattr(config, name)
        if not is_slider(parameter):
            shown[key_of(name)] = value
            continue
        on = config.is_on(name)
        if parameter.has_switch:
            shown[switch_of(name)] = on
        if on or not parameter.has_switch:
            shown[key_of(name)] = value
    return shown


def at_first(parameter: Parameter) -> Any:
    """The initial position of the slider of a transformation that has not been on yet."""
    if parameter.name == "zoom_range":
        return 1 - float(str(parameter.on)), 1 + float(str(parameter.on))
    return parameter.on


def from_controls(values: Mapping[str, Any]) -> AugmentationConfig:
    """The settings that the controls show, by key: a transformation that is off has its neutral value.

    Raises:
        ConfigError: A value is out of its range.
    """
    fields: dict[str, Any] = {}
    for name, parameter in PARAMETERS.items():
        value = values[key_of(name)]
        # A browser's slider adds up its steps in floating point.
        if isinstance(value, (tuple, list)):
            value = tuple(round(number, 4) for number in value)
        elif isinstance(value, float):
            value = round(value, 4)
        if not values.get(switch_of(name), True):
            value = parameter.neutral
        elif name == "zoom_range":
            value = _zoom(*value)
        elif value == (1.0, 1.0) and parameter.has_switch:
            value = parameter.neutral
        fields[name] = value
    return AugmentationConfig.create(fields)


def is_slider(parameter: Parameter) -> bool:
    return parameter.step > 0


def _zoom(low: float, high: float) -> float | tuple[float, float] | None:
    """A single number where one is enough, as in the notebook."""
    even = round(low + high, 4) == 2 and low >= 0.1
    return round(1 - low, 4) if even else (low, high)
