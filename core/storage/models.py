"""What we store as JSON, read back as a type that pydantic checks: wrong content is an error, whoever wrote the file.

Use it for every small file of ours: `load_model(path, Order)` instead of a dictionary that is picked apart by hand.
"""

from collections.abc import Hashable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from core.storage.files import open_regular

MAX_BYTES = 2**20
Model = TypeVar("Model")
_adapter = cache(TypeAdapter[Any])


def load_model(path: Path, type_: type[Model], *, max_bytes: int = MAX_BYTES) -> Model:
    """The content of a JSON file as `type_`: a pydantic model, a dataclass, or a type such as `dict[str, int]`.

    Args:
        max_bytes: A larger file is refused before it is read.

    Raises:
        OSError: The file cannot be read, or is too large.
        ValueError: It is no JSON, or not of that type; the message is one line that names the field.
    """
    with open_regular(path, max_bytes) as file:
        return parse_model(file.read(), type_, path.name)


def parse_model(content: bytes | str, type_: type[Model], name: str = "JSON") -> Model:
    """As `load_model`, for content in memory; `name` is what the message calls it."""
    try:
        value: Model = _adapter(cast(Hashable, type_)).validate_json(content)
        return value
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{name}: {place + ': ' if place else ''}{first['msg']}") from None


def problem_with(value: Any, type_: object) -> str:
    """What keeps a Python value from being of this type, strictly, as the end of a sentence that begins with what it is
    called: "has no epoch", or "has a wrong epoch" with the reason. "" where nothing does."""
    try:
        _adapter(type_).validate_python(value, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "form"
        if first["type"] == "missing":
            return f"has no {place}"
        return f"has a wrong {place}: {first['msg'][:1].lower()}{first['msg'][1:]}"
    return ""
