"""The images that have just passed the base, as the network saw them: thumbnails in the run's folder, a few a second.

The worker writes them (`core.training.loop.passing_images`); the latest take the place of the oldest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.runs.history import Event

COUNT = 10
FOLDER = "passing"


@dataclass(frozen=True)
class Passed:
    """An image that has just passed. `number` counts them all; `copy` is 0 for the image itself."""

    number: int
    file: Path
    path: str
    label: str
    copy: int


def passed(directory: Path, events: Sequence[Event]) -> list[Passed]:
    """The latest ones, newest first.

    Args:
        events: `History.passing`.
    """
    return [
        Passed(
            event["number"],
            directory / FOLDER / file_name(event["number"]),
            event["path"],
            event["label"],
            event["copy"],
        )
        for event in reversed(events[-COUNT:])
    ]


def file_name(number: int) -> str:
    """Of the thumbnail in `FOLDER`."""
    return f"{number % COUNT}.jpg"
