"""Small pieces of Python source. Only numbers, booleans and our own names become source, never text from a user."""

import json
import textwrap
from typing import TypeAlias

from core.augmentation.parameters import Pair

WIDTH = 88  # what people paste into a notebook is read in a narrow column
Argument: TypeAlias = tuple[str, str]


def number(value: float) -> str:
    """The shortest source of exactly this number: `40`, not `40.0`."""
    return str(int(value)) if value == int(value) else repr(float(value))


def pair(values: Pair) -> str:
    return f"({number(values[0])}, {number(values[1])})"


def string(text: str) -> str:
    """In double quotation marks, everything in it escaped."""
    return json.dumps(text)


def comment(text: str) -> list[str]:
    """`text` as comment lines."""
    return [f"# {line}" for line in textwrap.wrap(text, WIDTH - 2)]


def call(name: str, *arguments: Argument) -> list[str]:
    """A call as an item of a list, on one line or one line per argument; an argument without a name is positional."""
    written = [f"{key}={value}" if key else value for key, value in arguments]
    line = f"{name}({', '.join(written)}),"
    return [line] if len(line) <= WIDTH else [f"{name}(", *indented([f"{argument}," for argument in written]), "),"]


def indented(lines: list[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]
