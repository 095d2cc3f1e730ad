"""Starts, resumes and stops the worker process of a run."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from core.errors import RunError
from core.files import write_json
from core.training.runs import STARTING, Run

LOCK_SECONDS = 30  # a start takes less than one
EXIT_SECONDS = 10  # between a worker's last event and its end
PROJECT = Path(__file__).parents[2]
_children: list[subprocess.Popen[bytes]] = []  # held so that ended ones can be collected and are no zombies


def start_run(run: Run) -> None:
    """Starts a worker of its own session: it outlives the server, the browser and the terminal that started it.

    Also resumes a run that was cancelled, failed or was killed.

    Raises:
        RunError: The run is at work already, or finished.
    """
    collect()
    with _only_starter(run):
        if run.history().status in ("cancelled", "failed"):
            wait_until_gone(run)  # it said how it ended, and its process is about to
        status = run.status()
        if run.alive():
            raise RunError(f"The run {run.id} is at work already", "a run that stands still")
        if status == "finished":
            raise RunError(f"The run {run.id} is finished", "a run that is not", "Start a new run with its settings")
        (run.directory / "cancel").unlink(missing_ok=True)
        _spawn(run)


def _spawn(run: Run) -> None:
    run.log.append({"event": "status", "status": "running", "time": time.time()})  # before the worker's own events
    with (run.directory / "worker.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "core.training.worker", str(run.directory)],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"},
        )
    _children.append(child)
    write_json(run.directory / "worker.json", {"pid": child.pid, "started": psutil.Process(child.pid).create_time()})


@contextmanager
def _only_starter(run: Run) -> Iterator[None]:
    """Two tabs that press the button at once start one worker."""
    lock = run.directory / STARTING
    with suppress(OSError):
        if time.time() - lock.stat().st_mtime > LOCK_SECONDS:  # its holder was killed
            lock.unlink()
    try:
        lock.touch(exist_ok=False)
    except FileExistsError:
        raise RunError(f"The run {run.id} is being started by somebody else", "a run that stands still") from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def wait_until_gone(run: Run) -> None:
    """Waits, up to ten seconds, for the process of a run that said how it ended."""
    deadline = time.monotonic() + EXIT_SECONDS
    while run.alive() and time.monotonic() < deadline:
        collect()
        time.sleep(0.05)


def collect() -> None:
    """Takes note of children that have ended, so that they do not stay as zombies."""
    _children[:] = [child for child in _children if child.poll() is None]


def log_tail(run: Run, lines: int = 20) -> str:
    """The last lines that the worker printed: what to show when it died without a word."""
    try:
        with (run.directory / "worker.log").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 20_000))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
