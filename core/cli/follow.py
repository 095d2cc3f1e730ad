"""Follows a run in a terminal: its place in the queue, progress bars on stderr, the summary at the end. Ctrl-C cancels
the run, or withdraws it from the queue."""

import signal
import time
from contextlib import suppress
from types import FrameType
from typing import Any

from rich.markup import escape

from core.cli.console import err, progress_bars
from core.errors import Cancelled, InputError, PawlabError, RunError
from core.jobs.process import PROGRAM
from core.runs.follow import EVERY, follow_events
from core.runs.history import History
from core.runs.queue import ahead, start_next, withdraw
from core.runs.run import Run
from core.runs.start import log_tail, reason, wait_until_gone

RESUME = f"{PROGRAM} train --resume"


def follow(run: Run) -> dict[str, Any]:
    """Waits until the run has trained and ended. Returns its summary.

    Raises:
        Cancelled: It was withdrawn, or stopped before there was a model.
        InputError: The dataset or the settings are unusable.
        PawlabError: It failed, or its process died.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        run.cancel()  # a file, not the lock of the queue: this code may just have interrupted its holder
        if not run.queued():
            err.print("Stopping; the best model so far is kept.")

    before = signal.signal(signal.SIGINT, stop)
    try:
        _wait_for_turn(run)
        history = _watch(run)
    finally:
        signal.signal(signal.SIGINT, before)
    status = run.status(history)
    if status == "finished" or (status == "cancelled" and run.has_model()):
        return run.summary()
    if status == "cancelled":
        raise Cancelled(history.reason)
    if history.bad_input:
        wait_until_gone(run)  # its folder may be removed now
        raise InputError(history.reason)
    why = reason(run, history)
    if status == "interrupted":
        why += f" Last output: {log_tail(run, 3) or 'none'}"
    raise PawlabError(why, fix=f"Resume it with: {RESUME} {run.id}")


def _wait_for_turn(run: Run) -> None:
    reported = 0
    while run.queued():
        if run.cancel_requested():
            with suppress(RunError):  # its turn came just now: the worker finds the request to stop
                withdraw(run)
                raise Cancelled(f"Withdrew “{run.name}” from the queue", fix=f"Queue it again with: {RESUME} {run.id}")
        elif start_next() is None and (others := ahead(run)) not in (reported, 0):
            reported = others
            err.print(
                f"“{escape(run.name)}” waits for {others} other run{'s' if others > 1 else ''}. Ctrl-C withdraws it.",
                highlight=False,
                soft_wrap=True,
            )
        time.sleep(EVERY)


def _watch(run: Run) -> History:
    history = History()
    with progress_bars() as show:
        for event in follow_events(run):
            history.add(event)
            if event["event"] == "progress":
                show(event["phase"], event["done"], event["total"])
            elif event["event"] == "batch":
                total = (run.last_epoch - run.first_epoch + 1) * event["batches"]
                done = (event["epoch"] - run.first_epoch) * event["batches"] + event["batch"]
                if done > 0:  # earlier ones belong to the first stage
                    show("training", done, total)
            elif event["event"] == "epoch" and event["epoch"] >= run.first_epoch:
                scores = f"accuracy {event['accuracy']:.3f}, validation accuracy {event['val_accuracy']:.3f}"
                err.print(f"epoch {event['epoch']}: loss {event['loss']:.3f}, {scores}", highlight=False)
    return history
