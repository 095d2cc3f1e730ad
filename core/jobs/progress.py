"""How a long job reports its progress, and how it is stopped."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called as `progress(phase, done, total)` from the job's own thread, with `total` 0 while it is unknown.

A callback that raises `core.errors.Cancelled` stops the job, which cleans up and re-raises.
"""


def silent(phase: str, done: int, total: int) -> None:
    """The progress callback of a caller that does not watch."""
