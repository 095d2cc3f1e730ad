"""Validated, frozen settings: each field has a unit, a range and a help text, and JSON both ways."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConfigError
from core.text.lines import shorten


class Settings(BaseModel):
    """Base of every settings class: frozen, no unknown names, finite numbers only.

    Build from user input with `create` or `from_json`, which raise `ConfigError`; a constructor call with wrong
    values is a bug of ours and raises pydantic's own error.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    @classmethod
    def create(cls, values: dict[str, Any]) -> Self:
        """Settings from `values`; a name that is left out keeps its default.

        Raises:
            ConfigError: A name is unknown or a value is out of range; the message names the field and its range.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise _explain(cls, error) from None

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Settings from the output of `to_json`, or from JSON written by hand. Raises `ConfigError`."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise _explain(cls, error) from None

    def to_json(self) -> str:
        """Every field, as indented JSON that `from_json` reads back to equal settings."""
        return self.model_dump_json(indent=2)

    def changed(self, **values: Any) -> Self:
        """A validated copy with some fields replaced. Raises `ConfigError`."""
        return self.create({**self.model_dump(), **values})


def setting(default: Any, help: str, *, unit: str = "", **limits: Any) -> Any:
    """A field with what a form or a table needs to show it: help, unit and limits (`ge`, `le`, `gt`, `lt`)."""
    return Field(default, description=help, json_schema_extra={"unit": unit} if unit else None, **limits)


def help_of(settings: type[Settings], name: str) -> str:
    """The one-line help of a field, with its unit: what a page shows beside the control."""
    field = settings.model_fields[name]
    extra = field.json_schema_extra
    unit = extra.get("unit") if isinstance(extra, dict) else None
    return f"{field.description} Unit: {unit}." if unit else str(field.description)


def _explain(settings: type[Settings], error: ValidationError) -> ConfigError:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or settings.__name__
    received = first.get("input")
    shown = shorten(repr(received), 60)
    message = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        return ConfigError(f"Received the unknown setting {name}", f"one of {', '.join(settings.model_fields)}")
    return ConfigError(f"Received {shown} for {name}", message)
