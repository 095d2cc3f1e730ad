"""Settings as a link's query parameters, and from such a link or JSON: both come from strangers."""

import re
from collections.abc import Mapping
from typing import Any

from core.augmentation.parameters import Value
from core.augmentation.settings import PARAMETERS, AugmentationConfig
from core.errors import ConfigError

MOST_CHARACTERS = 64  # two numbers of 24 characters, the longest that Python writes, and the comma between
MOST_BYTES = 65_536  # of JSON; all settings take about 1,000
NOTHING = "none"
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", re.IGNORECASE)
_FLAGS = {"1": True, "0": False}


def to_link(config: AugmentationConfig) -> dict[str, str]:
    """Query parameters that `from_link` reads back to equal settings: `rotation_range` "30", `zoom_range` "0.8,1.2".

    Only what differs from `AugmentationConfig()`. Where nothing differs the link has the first setting: a link without
    any would open what the reader had used last.
    """
    default = AugmentationConfig()
    query = {
        name: _text(getattr(config, name)) for name in PARAMETERS if getattr(config, name) != getattr(default, name)
    }
    first = next(iter(PARAMETERS))
    return query or {first: _text(getattr(default, first))}


def from_link(params: Mapping[str, object]) -> AugmentationConfig:
    """Settings from a link's query parameters; what is left out keeps its default, other names are ignored.

    Raises:
        ConfigError: A value is too long or out of range; the message names the setting.
    """
    return AugmentationConfig.create({name: _value(name, params[name]) for name in PARAMETERS if name in params})


def import_json(content: str | bytes) -> AugmentationConfig:
    """Settings from an uploaded file or pasted text: what `AugmentationConfig.to_json` gave, or a part of it.

    Raises:
        ConfigError: More than 64 KiB, not UTF-8, not JSON, an unknown name, or a value that is out of range.
    """
    if len(content) > MOST_BYTES:
        received = f"Received more than {MOST_BYTES:,} bytes as settings"
        raise ConfigError(
            received, "JSON as this page saves it, of about 1,000 bytes", "Check that it is the right file"
        )
    # "replace" turns half a character, which JSON can spell and UTF-8 cannot, into a value that is then refused.
    encoded = content.encode(errors="replace") if isinstance(content, str) else content
    return AugmentationConfig.from_json(encoded.removeprefix(b"\xef\xbb\xbf"))  # Windows' editors put a mark in front


def _text(value: Value) -> str:
    match value:
        case None:
            return NOTHING
        case bool():
            return str(int(value))
        case str():
            return value
        case tuple():
            return ",".join(map(_text, value))
        case _:
            # repr gives the shortest text that is read back to the same number.
            return str(int(value)) if value == int(value) else repr(value)


def _value(name: str, text: object) -> Any:
    """The value, or the text itself where it is not one: the settings then say what they expect."""
    if not isinstance(text, str):
        raise ConfigError(f"Received a {type(text).__name__} for {name} in the link", "one value for each setting")
    if len(text) > MOST_CHARACTERS:
        received = f"Received {len(text):,} characters for {name} in the link"
        raise ConfigError(received, f"{MOST_CHARACTERS} characters or fewer", "Copy the link again")
    parameter = PARAMETERS[name]
    if isinstance(parameter.neutral, bool):
        if text not in _FLAGS:
            raise ConfigError(f"Received {text!r} for {name} in the link", "1 for on or 0 for off")
        return _FLAGS[text]
    if not parameter.step:
        return text
    if text == NOTHING:
        return None
    numbers = tuple(map(_number, text.split(",")))
    return numbers if len(numbers) > 1 else numbers[0]


def _number(text: str) -> float | str:
    return float(text) if _NUMBER.fullmatch(text) else text
