"""One run trains at a time. The others wait in one queue per machine, shared by servers, tabs and command lines.

The queue is a file (`core.runs.queue_file`), so it survives a restart of the server. When a run ends, its supervisor
starts the next one. If the supervisor was killed too, the next look at the queue does: whatever shows or changes it
calls `start_next`, which costs one small read while there is nothing to do.
"""

import time
from contextlib import suppress
from pathlib import Path

from core.errors import RunError
from core.runs.launch import collect, launch
from core.runs.liveness import alive
from core.runs.queue_file import MAX_WAITING, Order, canonical, queue_lock, read_order, write_order
from core.runs.run import Run, load_run
from core.storage.home import entries

WITHDRAWN = "Withdrawn from the queue before its turn came"


def enqueue(run: Run) -> None:
    """Puts the run at the end of the queue, unless it is in the queue already. Starts nothing: see `start_next`.

    Raises:
        RunError: The run is training or finished, or the queue is full.
        PawlabError: The queue cannot be changed.
    """
    folder = canonical(run.directory)
    with queue_lock():
        order, history = read_order(), run.history()
        status = history.status
        if history.damaged:
            raise RunError(history.reason)
        if status not in ("cancelled", "failed") and run.alive():
            raise RunError(f"“{run.name}” is training already", "a run that has stopped")
        if status == "finished":
            raise RunError(f"“{run.name}” is finished", "an unfinished run", "Start a new run with the same settings")
        if folder in order.waiting:
            return
        if len(order.waiting) >= MAX_WAITING:
            raise RunError(f"{MAX_WAITING:,} runs are in the queue already", "fewer than that", "Withdraw some of them")
        (run.directory / "cancel").unlink(missing_ok=True)
        _log_status(run, "waiting")  # first: a run that was cancelled before and waits now must not look cancelled
        write_order(Order((*order.waiting, folder), order.started))


def waiting() -> list[Run]:
    """The queued runs, the next one first."""
    runs = []
    for folder in read_order().waiting:
        with suppress(RunError):  # its folder is gone or broken: `start_next` skips it
            run = load_run(folder)
            if not run.alive():
                runs.append(run)
    return runs


def at_work() -> Run | None:
    """The run that is training now, if any, wherever it was started."""
    folder = _at_work(read_order())
    try:
        return load_run(folder) if folder else None
    except RunError:
        return None


def ahead(run: Run) -> int:
    """How many runs come before this queued one, including the one that is training."""
    order, folder = read_order(), canonical(run.directory)
    place = order.waiting.index(folder) if folder in order.waiting else 0
    return place + (_at_work(order) is not None)


def move(run: Run, place: int) -> None:
    """Moves a queued run to another place: 0 is next, any number past the end is last.

    Raises:
        RunError: The run is not in the queue.
        PawlabError: The queue cannot be changed.
    """
    folder = canonical(run.directory)
    with queue_lock():
        order = read_order()
        _check_waits(run, order)
        others = list(order.without(folder).waiting)
        others.insert(max(0, place), folder)
        write_order(Order(tuple(others), order.started))


def withdraw(run: Run) -> None:
    """Takes a run out of the queue. It stays in the store as cancelled, with its settings and any earlier results, and
    can be queued again.

    Raises:
        RunError: The run is not in the queue, perhaps because it has just been started.
        PawlabError: The queue cannot be changed.
    """
    with queue_lock():
        order = read_order()
        _check_waits(run, order)
        _withdraw(run, order)


def start_next() -> Run | None:
    """Starts the first queued run if none is training, and returns it. Call it whenever you look at the queue.

    However many processes and threads call this at once, exactly one run starts. A run whose folder is gone or broken
    is skipped; one whose data is gone starts, fails with a reason, and the next one follows.

    Raises:
        PawlabError: The queue cannot be changed, or the machine starts no further process.
    """
    collect()
    order = read_order()
    if not order.waiting or (order.started and alive(order.started)):
        return None  # no lock needed: whoever adds a run meanwhile calls this too
    with queue_lock():
        order = read_order()
        if _at_work(order):
            return None
        for folder in order.waiting:
            with suppress(RunError, OSError):  # of this run's own folder: it fails alone
                run = load_run(folder)
                if run.cancel_requested():
                    _withdraw(run, read_order())
                else:
                    return _launch(run)
            write_order(read_order().without(folder))
    return None


def _launch(run: Run) -> Run:
    if (history := run.history()).damaged:
        raise RunError(history.reason)
    try:
        launch(run)
    except RunError as error:
        with suppress(OSError):
            _log_status(run, "failed", str(error))
        raise
    return run


def _withdraw(run: Run, order: Order) -> None:
    write_order(order.without(canonical(run.directory)))  # first: one that says "cancelled" and waits would be started
    (run.directory / "cancel").unlink(missing_ok=True)
    _log_status(run, "cancelled", WITHDRAWN)


def _check_waits(run: Run, order: Order) -> None:
    if canonical(run.directory) not in order.waiting or run.alive():
        raise RunError(f"“{run.name}” is not in the queue: it is {run.status()}", "a queued run")


def _at_work(order: Order) -> Path | None:
    """Looks at every run's folder, for one may have been started by hand, or the order lost."""
    started = [order.started] if order.started else []
    return next((folder for folder in (*started, *entries("runs")) if alive(folder)), None)


def _log_status(run: Run, status: str, reason: str = "") -> None:
    event = {"event": "status", "status": status, "time": time.time()}
    run.log.append(event | ({"reason": reason} if reason else {}))
