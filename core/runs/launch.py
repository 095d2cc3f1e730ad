"""Starts the process of a run, and takes note of those that ended. When a run may start is `core.training.queue`'s."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from core.errors import PawlabError, RunError
from core.training.life import forget_exit, record
from core.training.order import Order, canonical, read_order, write_order
from core.training.runs import Run

EXIT_SECONDS = 10  # between a worker's last event and its end
PROJECT = Path(__file__).parents[2]
_children: list[subprocess.Popen[bytes]] = []  # held so that ended ones can be collected and are no zombies
_guard = threading.Lock()


def launch(run: Run) -> None:
    """Starts a supervisor of its own session, which starts the worker: they outlive the server, the browser and the
    terminal that started them. Call under `queue_lock`, for a run that nobody works on.

    Raises:
        RunError: The run's folder cannot be written.
        PawlabError: The machine starts no further process.
    """
    try:
        log = (run.directory / "worker.log").open("ab")
    except OSError as error:
        raise RunError(f"The folder of the run {run.id} cannot be written: {error.strerror}") from error
    with log:
        try:
            child = subprocess.Popen(
                [sys.executable, "-m", "core.training.supervisor", str(run.directory)],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **_paths(), "TF_CPP_MIN_LOG_LEVEL": "2"},
            )
        except OSError as error:
            raise PawlabError(
                f"No process could be started for the run {run.id}: {error.strerror}",
                fix="Close other programs; the run keeps its place in the queue",
            ) from error
    try:
        _register(run, child.pid)
    finally:  # after: once it is among the children, another thread may collect it, and its pid means nothing
        with _guard:
            _children.append(child)


def _paths() -> dict[str, str]:
    """Variables that may name a place from where this process stands: the others stand in the project's folder."""
    given = {name: os.environ.get(name) for name in ("PAWLAB_HOME", "PAWLAB_WEIGHTS", "KERAS_HOME")}
    return {name: str(Path(value).expanduser().absolute()) for name, value in given.items() if value}


def _register(run: Run, supervisor: int) -> None:
    """Says that the run is at work and waits no longer. The supervisor waits for the lock, then for the last line here
    to have been reached: a starter killed before leaves a run that waits, and no worker.

    A reader finds the run waiting or at work at any moment, or both, but never neither.
    """
    forget_exit(run.directory)
    record(run.directory, "supervisor", supervisor)
    run.log.append({"event": "status", "status": "running", "time": time.time()})  # before the worker's own events
    folder = canonical(run.directory)
    write_order(Order(read_order().without(folder).waiting, folder))


def wait_until_gone(run: Run) -> None:
    """Waits, up to ten seconds, for the process of a run that said how it ended."""
    deadline = time.monotonic() + EXIT_SECONDS
    while run.alive() and time.monotonic() < deadline:
        collect()
        time.sleep(0.05)


def collect() -> None:
    """Takes note of children that have ended, so that they do not stay as zombies."""
    with _guard:
        _children[:] = [child for child in _children if child.poll() is None]
