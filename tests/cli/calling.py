"""Calls of the command line: within this process, and in one of its own where that is what matters."""

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.cli import console
from core.cli.main import app
from core.jobs.process import PROJECT


@dataclass(frozen=True)
class Said:
    """What a command wrote."""

    stdout: str
    stderr: str

    @property
    def result(self) -> Any:
        """That of `--json`."""
        return json.loads(self.stdout.splitlines()[-1])


def core(*arguments: str | Path | float, code: int | None = 0) -> Said:
    """Within this process, which takes a second less. With None, any exit code will do."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        returned = console.run(app, [*map(str, arguments)])
    assert code in (None, returned), out.getvalue() + err.getvalue()
    return Said(out.getvalue(), err.getvalue())


def process(*arguments: str | Path, code: int = 0) -> Said:
    """As a user calls it."""
    command = [sys.executable, "-m", "core", *map(str, arguments)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=360)
    assert done.returncode == code, done.stdout + done.stderr
    return Said(done.stdout, done.stderr)
