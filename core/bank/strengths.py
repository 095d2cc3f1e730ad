"""The single changes that are banked, each at up to three strengths, and where a setting lies between them.

The strengths of a change are the one that its switch gives it, the end of its slider, and their geometric mean. Flips
have one. Greyscale and erasing have one too, on all copies: for a share of the copies that share takes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import sqrt
from types import MappingProxyType
from typing import Any, TypeAlias

from core.augmentation import PARAMETERS, PRESETS, AugmentationConfig, Group, Parameter

Amount: TypeAlias = float
"""How far a change goes, from 0 for not at all: of a single number that number, of a range of factors the longer way
from 1, of a share of the area what is missing from 1, of JPEG qualities what the lowest is missing from 100."""

_HIGHEST = {"zoom_range": 0.9, "brightness_range": 1.0, "contrast_range": 1.0, "saturation_range": 1.0}
_HOW = {Group.GEOMETRY: ("fill_mode", "cval"), Group.OCCLUSION: ("erasing_scale", "erasing_value")}


@dataclass(frozen=True)
class Entry:
    """A change at one strength: `config` has nothing else on."""

    name: str
    amount: Amount
    config: AugmentationConfig


def amount_of(config: AugmentationConfig, name: str) -> Amount:
    """How far a change goes in these settings; 0 where it is off."""
    if not config.is_on(name):
        return 0.0
    value = config.zoom_limits if name == "zoom_range" else getattr(config, name)
    if not isinstance(value, tuple):
        return float(value)
    low, high = value
    amounts = {"factor": max(1 - low, high - 1), "of the area": 1 - low, "JPEG quality": 100 - low}
    return round(float(amounts[PARAMETERS[name].unit]), 4)


def leaves_out_unchanged(config: AugmentationConfig, name: str) -> bool:
    """Whether every copy is changed by much: a range that does not reach the unchanged image, as each banked one
    does."""
    value = config.zoom_limits if name == "zoom_range" else getattr(config, name)
    if not isinstance(value, tuple) or not config.is_on(name):
        return False
    nearest = {"factor": 1.0, "of the area": 1.0, "JPEG quality": 90.0}[PARAMETERS[name].unit]
    return not value[0] <= nearest <= value[1]


def changes() -> list[str]:
    """The names of all changes, in the order of the settings."""
    return [name for name, parameter in PARAMETERS.items() if parameter.has_switch]


def entries(config: AugmentationConfig, name: str) -> list[Entry]:
    """A change at its strengths, the weakest first. `config` gives how it is done: fill mode, erased area."""
    parameter = PARAMETERS[name]
    how = {field: getattr(config, field) for field in _HOW.get(parameter.group, ())}
    return [Entry(name, amount, _single(parameter, amount, how)) for amount in _amounts(parameter)]


@cache
def num_entries() -> int:
    """Of all changes together."""
    return sum(len(_amounts(PARAMETERS[name])) for name in changes())


def is_same_how(first: AugmentationConfig, second: AugmentationConfig) -> bool:
    """Whether both fill and erase alike, so that what was banked with one serves the other."""
    return all(getattr(first, name) == getattr(second, name) for names in _HOW.values() for name in names)


def combined(parts: Mapping[str, Entry], how: AugmentationConfig) -> AugmentationConfig:
    """Settings with these changes on, each at its banked strength; `how` they are done is kept."""
    names = [name for names in _HOW.values() for name in names]
    fields = {name: getattr(how, name) for name in names}
    return AugmentationConfig.create(
        {**_NOTHING, **fields, **{name: getattr(entry.config, name) for name, entry in parts.items()}}
    )


_NOTHING: Mapping[str, Any] = MappingProxyType(PRESETS["none"].model_dump())


def _amounts(parameter: Parameter) -> list[Amount]:
    if isinstance(parameter.neutral, bool) or parameter.unit == "of the copies":
        return [1.0]
    first = amount_of(_single(parameter, 0.0, {parameter.name: parameter.on}), parameter.name)
    last = _HIGHEST.get(parameter.name) or {
        "of the area": 1 - parameter.lowest,
        "JPEG quality": 100 - parameter.lowest,
    }.get(parameter.unit, parameter.highest)
    between = round(sqrt(first * last) / parameter.step) * parameter.step  # where a slider can stand
    return [first, round(between, 4), float(last)]


def _single(parameter: Parameter, amount: Amount, fields: Mapping[str, Any]) -> AugmentationConfig:
    value: Any = amount
    if isinstance(parameter.neutral, bool):
        value = bool(amount)
    elif parameter.pair and parameter.name != "zoom_range":
        value = {
            "factor": (round(1 - amount, 4), 1 + amount),
            "of the area": (round(1 - amount, 4), 1.0),
            "JPEG quality": (100 - amount, max(90.0, 100 - amount)),
        }[parameter.unit]
    return AugmentationConfig.create({**_NOTHING, parameter.name: value, **fields})
