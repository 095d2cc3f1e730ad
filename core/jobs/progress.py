"""How a long job tells what it is doing, and how it is told to stop."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called as `progress(phase, done, total)` from the job's own thread, with `total` 0 while it is unknown.

A callback that raises `core.errors.Cancelled` stops the job: the job cleans up and lets the error through.
"""


def silent(phase: str, done: int, total: int) -> None:
    """The progress callback of a caller that does not watch."""
