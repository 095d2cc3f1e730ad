"""Workers of the pool to which something was done first."""

import sys
import textwrap
from collections.abc import Callable, Iterator

import pytest

from core.jobs import pool

ChangeWorkers = Callable[[str], None]


@pytest.fixture
def change_workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChangeWorkers]:
    """Called with Python code, which every worker that starts from then on runs first."""

    def change(code: str) -> None:
        script = f"from core.jobs import pool_worker\n{textwrap.dedent(code)}\npool_worker.main()\n"
        monkeypatch.setattr(pool, "COMMAND", [sys.executable, "-P", "-c", script])
        pool.POOL.close()

    yield change
    pool.POOL.close()


@pytest.fixture
def deadly_images(change_workers: ChangeWorkers) -> ChangeWorkers:
    """Called with a statement that a worker comes to when it reads an image that begins with `DEADLY`."""

    def change(end: str) -> None:
        change_workers(f"""
            import os, re, sys, time
            from core.images import decode
            real = decode._parser_of
            def parser_of(content):
                if content.startswith({DEADLY!r}):
                    {end}
                return real(content)
            decode._parser_of = parser_of
        """)

    return change


DEADLY = b"\xff\xd8\xffdeadly"
HANGS_WITH_THE_LOCK = 're.match(r"(a+)+$", "a" * 50 + "b")'
"""A regular expression holds Python's lock, so that nothing within the process could end it."""
