"""Paths on stdin, for commands that take many: `find photos -name '*.jpg' | pawlab classify - --run RUN`."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

DASH = Path("-")


def with_paths_of_stdin(paths: Sequence[Path]) -> list[Path]:
    """`paths`, where each "-" stands for those on stdin: one a line, or separated by NUL as `find -print0` does."""
    if DASH not in paths:
        return list(paths)
    content = sys.stdin.buffer.read()
    lines = content.split(b"\0") if b"\0" in content else content.splitlines()
    given = [Path(os.fsdecode(line)) for line in lines if line]
    at = paths.index(DASH)
    return [*paths[:at], *given, *(path for path in paths[at:] if path != DASH)]
