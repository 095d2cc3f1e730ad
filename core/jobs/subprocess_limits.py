"""A process that may take only so long, that can be stopped, and whose output is kept within limits."""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from core.errors import ExportError

MAX_OUTPUT = 16 * 2**20  # bytes
LOOK = 0.1  # seconds between two calls of `tick`


def run_bounded(
    command: Sequence[str],
    seconds: float,
    tick: Callable[[], None],
    *,
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
    good: Collection[int] = (0,),
) -> str:
    """Runs a command to its end and returns its stdout.

    Args:
        command: The program and its arguments.
        seconds: After which it is killed, with its children.
        tick: Called ten times a second; may raise `Cancelled`, which kills the process too.
        folder: Its working folder, else ours.
        env: Its whole environment, else ours.
        good: Codes with which it may end.

    Raises:
        ExportError: It did not start, took too long, or ended with another code; the message has its last line.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=env,
                start_new_session=True,
            )
        except OSError as error:
            raise ExportError(f"No process could be started: {error.strerror}") from error
        try:
            deadline = time.monotonic() + seconds
            while process.poll() is None:
                tick()
                if time.monotonic() > deadline:
                    raise ExportError(f"It took longer than {seconds:g} seconds")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(LOOK)
        finally:
            _kill(process)
        out.seek(0)
        err.seek(0, os.SEEK_END)
        err.seek(max(0, err.tell() - 4000))
        if process.returncode not in good:
            raise ExportError(_reason(process.returncode, err.read().decode(errors="replace")))
        return out.read(MAX_OUTPUT).decode(errors="replace")


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """The process and its children, where it has not ended."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


def _reason(code: int, output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    how = f"It was ended by signal {-code}" if code < 0 else f"It ended with code {code}"
    return f"{how}: {lines[-1][:300]}" if lines else how
