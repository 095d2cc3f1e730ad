"""One run at a time; the others wait in an order that everybody on this machine shares: servers, tabs, command lines.

The order is a file (`core.training.order`), so a server that restarts finds it. A run that ends starts the next one
itself, through its supervisor. Only where that was killed too must somebody look: whoever shows or changes the queue
calls `start_next`, which costs one small read while there is nothing to do.
"""

import time
from contextlib import suppress
from pathlib import Path

from core.errors import RunError
from core.home import subfolder
from core.training.launch import collect, launch
from core.training.life import alive
from core.training.order import MAX_WAITING, Order, canonical, queue_lock, read_order, write_order
from core.training.runs import Run, load_run

WITHDRAWN = "Withdrawn from the queue before its turn came"


def enqueue(run: Run) -> None:
    """Puts the run at the end of the queue; one that waits already keeps its place. Starts nothing: see `start_next`.

    Raises:
        RunError: The run is at work already, or finished; or too many wait.
        PawlabError: The queue cannot be changed.
    """
    folder = canonical(run.directory)
    with queue_lock():
        order, said = read_order(), run.history().status
        if said not in ("cancelled", "failed") and run.alive():
            raise RunError(f"The run {run.id} is at work already", "a run that stands still")
        if said == "finished":
            raise RunError(f"The run {run.id} is finished", "a run that is not", "Start a new run with its settings")
        if folder in order.waiting:
            return
        if len(order.waiting) >= MAX_WAITING:
            raise RunError(f"{MAX_WAITING:,} runs wait already", "fewer", "Withdraw some of them")
        (run.directory / "cancel").unlink(missing_ok=True)
        _say(run, "waiting")  # first: a run that was cancelled before and waits now must not look cancelled
        write_order(Order((*order.waiting, folder), order.started))


def waiting() -> list[Run]:
    """The runs that wait, the next one first."""
    found = []
    for folder in read_order().waiting:
        with suppress(RunError):  # its folder is gone or broken: it is passed over when its turn comes
            run = load_run(folder)
            if not run.alive():
                found.append(run)
    return found


def at_work() -> Run | None:
    """The run that a process works on now, if any, wherever it was started."""
    folder = _at_work(read_order())
    try:
        return load_run(folder) if folder else None
    except RunError:
        return None


def ahead(run: Run) -> int:
    """How many runs come before this one that waits, the one at work among them."""
    order, folder = read_order(), canonical(run.directory)
    place = order.waiting.index(folder) if folder in order.waiting else 0
    return place + (_at_work(order) is not None)


def move(run: Run, place: int) -> None:
    """Gives a run that waits another place: 0 for the next one, anything from the number of others on for the last.

    Raises:
        RunError: The run does not wait.
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
    """Takes a run that waits out of the queue. It stays in the store as cancelled, with its settings and whatever an
    earlier part of it left, and can be started again: nothing is deleted that nobody asked to delete.

    Raises:
        RunError: The run does not wait, perhaps because it has just been started.
        PawlabError: The queue cannot be changed.
    """
    with queue_lock():
        order = read_order()
        _check_waits(run, order)
        _withdraw(run, order)


def start_next() -> Run | None:
    """Starts the first run that waits if none is at work, and gives it. Call it whenever you look at the queue.

    However many processes and threads call this at once, one of them starts one run. A run whose folder is gone or
    broken is passed over; one whose data is gone starts, says so, and the next one follows.

    Raises:
        PawlabError: The queue cannot be changed, or the machine starts no further process.
    """
    collect()
    order = read_order()
    if not order.waiting or (order.started and alive(order.started)):
        return None  # without the lock: one that comes in between finds the same, or calls us itself
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
    run.history()  # raises where the log cannot be read: nothing was started yet
    try:
        launch(run)
    except RunError as error:
        with suppress(OSError):
            _say(run, "failed", str(error))
        raise
    return run


def _withdraw(run: Run, order: Order) -> None:
    write_order(order.without(canonical(run.directory)))  # first: one that says "cancelled" and waits would be started
    (run.directory / "cancel").unlink(missing_ok=True)
    _say(run, "cancelled", WITHDRAWN)


def _check_waits(run: Run, order: Order) -> None:
    if canonical(run.directory) not in order.waiting or run.alive():
        raise RunError(f"The run {run.id} does not wait: it is {run.status()}", "a run that waits in the queue")


def _at_work(order: Order) -> Path | None:
    """Looks at every run's folder, for one may have been started by hand, or the order lost."""
    started = [order.started] if order.started else []
    return next((folder for folder in (*started, *subfolder("runs").iterdir()) if alive(folder)), None)


def _say(run: Run, status: str, reason: str = "") -> None:
    event = {"event": "status", "status": status, "time": time.time()}
    run.log.append(event | ({"reason": reason} if reason else {}))
