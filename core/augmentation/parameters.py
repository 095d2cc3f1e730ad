"""What a page, a table or a command line must know of one random change: label, group, range, unit, step."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from pydantic import BaseModel, Field

Pair: TypeAlias = tuple[float, float]
Value: TypeAlias = bool | float | Pair | str | None


class Group(StrEnum):
    """Where a page shows a parameter."""

    GEOMETRY = "Geometry"
    COLOUR = "Colour"
    QUALITY = "Quality"
    OCCLUSION = "Occlusion"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One field of the settings.

    Args:
        name: The field's name.
        label: A few words for a control.
        help: One sentence for those who meet it for the first time.
        group: Where it stands.
        lowest: Least number that it takes; of a pair, of the lower one.
        highest: Greatest number that it takes.
        step: Of a slider; 0 where there is no number.
        unit: Of the numbers, "" where there is none.
        neutral: The value with which nothing happens. None also where the field alone makes nothing happen.
        on: A value to begin with when it is switched on; None where there is nothing to switch.
        pair: True where it is a lower and an upper number.
    """

    name: str
    label: str
    help: str
    group: Group
    lowest: float
    highest: float
    step: float
    unit: str
    neutral: Value
    on: Value
    pair: bool

    @property
    def has_switch(self) -> bool:
        """True where the change can be switched on and off; False for how others happen, such as the fill mode."""
        return self.on is not None

    def checked(self, value: Any) -> Any:
        """`value` as the settings keep it: numbers as floats, a pair as a tuple. Raises `ValueError`: what it expects.

        What is neither a number nor a pair is returned as it is: its type decides.
        """
        if not self.step or (self.pair and value is None and self.neutral is None and self.has_switch):
            return value
        if self.pair and isinstance(value, (tuple, list)):
            if len(value) == 2 and all(map(_is_number, value)) and self.lowest <= value[0] <= value[1] <= self.highest:
                return float(value[0]), float(value[1])
        elif _is_number(value) and not self.pair and self.lowest <= value <= self.highest:
            return float(value)
        raise ValueError(self._expected())

    def _expected(self) -> str:
        amounts = f"from {self.lowest:g} to {self.highest:g}"
        if not self.pair:
            return f"a number {amounts}"
        nothing = "nothing, or " if self.neutral is None and self.has_switch else ""
        return f"{nothing}two numbers {amounts}, the lower one first"


def parameter(
    default: Any,
    label: str,
    help: str,
    group: Group,
    *,
    lowest: float = 0,
    highest: float = 0,
    step: float = 0,
    unit: str = "",
    neutral: Value = None,
    on: Value = None,
    pair: bool = False,
) -> Any:
    """A field of the settings; the arguments are those of `Parameter`."""
    told: dict[str, Any] = {
        "label": label,
        "group": group,
        "lowest": lowest,
        "highest": highest,
        "step": step,
        "unit": unit,
    }
    return Field(default, description=help, json_schema_extra=told | {"neutral": neutral, "on": on, "pair": pair})


def parameters_of(settings: type[BaseModel]) -> dict[str, Parameter]:
    """The parameters of a settings class by field name, in its order."""
    return {
        name: _parameter_of(name, field.description, field.json_schema_extra)
        for name, field in settings.model_fields.items()
    }


def _parameter_of(name: str, help: str | None, told: Any) -> Parameter:
    return Parameter(name=name, help=help or "", **told)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
