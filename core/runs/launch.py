"""Starts the process of a run, and collects those that have ended. `core.runs.queue` decides when a run may start."""

import subprocess
import threading
import time

from core.errors import PawlabError, RunError
from core.jobs.process import module_command, module_environment
from core.runs.liveness import forget_exit, record
from core.runs.queue_file import Order, canonical, read_order, write_order
from core.runs.run import Run

EXIT_SECONDS = 10  # between a worker's last event and its end
_children: list[subprocess.Popen[bytes]] = []  # held so that ended ones can be collected and are no zombies
_guard = threading.Lock()


def launch(run: Run) -> None:
    """Starts a supervisor in a session of its own, which starts the worker: both outlive the server, the browser and
    the terminal. Call under `queue_lock`, for a run that has no process.

    Raises:
        RunError: The run's folder cannot be written.
        PawlabError: The machine starts no further process.
    """
    try:
        log = (run.directory / "worker.log").open("ab")
    except OSError as error:
        raise RunError(f"The folder of “{run.name}” cannot be written: {error.strerror}") from error
    with log:
        try:
            child = subprocess.Popen(
                module_command("core.runs.supervisor", str(run.directory)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=module_environment(TF_CPP_MIN_LOG_LEVEL="2"),
            )
        except OSError as error:
            raise PawlabError(
                f"No process could be started for “{run.name}”: {error.strerror}",
                fix="Close other programs; the run keeps its place in the queue",
            ) from error
    try:
        _register(run, child.pid)
    finally:  # after: once it is among the children, another thread may collect it, and its pid means nothing
        with _guard:
            _children.append(child)


def _register(run: Run, supervisor: int) -> None:
    """Marks the run as running and takes it out of the queue. The supervisor waits for the lock, and leaves unless the
    last line here was reached: a starter that is killed before leaves a queued run and no worker.

    At any moment a reader finds the run queued or running, or both, but never neither.
    """
    forget_exit(run.directory)
    record(run.directory, "supervisor", supervisor)
    run.log.append({"event": "status", "status": "running", "time": time.time()})  # before the worker's own events
    folder = canonical(run.directory)
    write_order(Order(read_order().without(folder).waiting, folder))


def wait_until_gone(run: Run) -> None:
    """Waits, up to ten seconds, for the process of a run that has logged its end."""
    deadline = time.monotonic() + EXIT_SECONDS
    while run.alive() and time.monotonic() < deadline:
        collect()
        time.sleep(0.05)


def collect() -> None:
    """Collects children that have ended, so that they do not stay as zombies."""
    with _guard:
        _children[:] = [child for child in _children if child.poll() is None]
