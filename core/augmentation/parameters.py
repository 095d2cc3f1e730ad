"""What a page, a table or the command line needs to know about a random transformation: label, range, unit, step."""

from dataclasses import asdict, dataclass
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
class Scale:
    """The numbers that a parameter takes; the defaults are those of one without numbers.

    Args:
        lowest: The smallest; of a pair, the smallest lower end.
        highest: The largest.
        step: Of a slider; 0 where there is no number.
        unit: Of the numbers, "" where there is none.
        pair: True for a range with a lower and an upper end.
    """

    lowest: float = 0
    highest: float = 0
    step: float = 0
    unit: str = ""
    pair: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter(Scale):
    """One field of the settings: what `parameter` was given, and its `Scale`.

    Args:
        name: The field's name.
        label: A few words for a control.
        help: One sentence for someone who meets it for the first time.
        group: Where a page shows it.
        neutral: The value that leaves an image unchanged; None also for a field that has no effect by itself.
        on: The value to begin with when it is switched on; None where there is nothing to switch on.
    """

    name: str
    label: str
    help: str
    group: Group
    neutral: Value
    on: Value

    @property
    def has_switch(self) -> bool:
        """True for a transformation; False for how others are done, such as the fill mode."""
        return self.on is not None

    def checked(self, value: Any) -> Any:
        """`value` as the settings keep it: a number as a float, a pair as a tuple, anything else unchanged.

        Raises:
            ValueError: It is out of range; the message says what is expected.
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
    default: Any, label: str, help: str, group: Group, scale: Scale | None = None, *, on: Value = None
) -> Any:
    """A field of the settings; the arguments are those of `Parameter`."""
    neutral = type(on)() if isinstance(on, (bool, float)) else None  # False, 0, or no pair
    extra: dict[str, Any] = {"label": label, "help": help, "group": group, "neutral": neutral, "on": on}
    return Field(default, description=help, json_schema_extra=extra | asdict(scale or Scale()))


def parameters_of(settings: type[BaseModel]) -> dict[str, Parameter]:
    """The parameters of a settings class by field name, in its order."""
    extras: dict[str, Any] = {name: field.json_schema_extra for name, field in settings.model_fields.items()}
    return {name: Parameter(name=name, **extra) for name, extra in extras.items()}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
