"""Watches a run from a terminal: its turn in the queue, progress bars on stderr, the summary at the end. Ctrl-C becomes
a cancel, or withdraws a run that waits."""

import signal
import time
from contextlib import suppress
from types import FrameType
from typing import Any

from core.console import err, progress_bars
from core.errors import Cancelled, InputError, PawlabError, RunError
from core.training.history import History
from core.training.jobs import collect, log_tail, reason, wait_until_gone
from core.training.queue import ahead, start_next, withdraw
from core.training.runs import ACTIVE, Run

RESUME = "python -m core train --resume"
EVERY = 0.2  # seconds between two looks at the event log


def follow(run: Run) -> dict[str, Any]:
    """Blocks until the run has had its turn and ends, and gives its summary.

    Raises:
        Cancelled: It was withdrawn, or stopped before there was a model.
        InputError: What the user gave cannot be used.
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
        why += f" Its last words: {log_tail(run, 3) or 'none'}"
    raise PawlabError(why, fix=f"Go on with: {RESUME} {run.id}")


def _wait_for_turn(run: Run) -> None:
    said = 0
    while run.queued():
        if run.cancel_requested():
            with suppress(RunError):  # its turn came just now: the worker finds the request to stop
                withdraw(run)
                raise Cancelled(f"Withdrew {run.id} from the queue", fix=f"Start it again with: {RESUME} {run.id}")
        elif start_next() is None and (others := ahead(run)) not in (said, 0):
            said = others
            err.print(
                f"{run.id} waits for {others} other{'s' if others > 1 else ''}. Ctrl-C withdraws it.",
                highlight=False,
                soft_wrap=True,
            )
        time.sleep(EVERY)


def _watch(run: Run) -> History:
    history, offset = History(), 0
    with progress_bars() as show:
        while True:
            collect()
            active = run.status(history) in ACTIVE  # before the read, so that nothing said before death is missed
            events, offset = run.log.read(offset)
            for event in events:
                history.add(event)
                if event["event"] == "progress":
                    show(event["phase"], event["done"], event["total"])
                elif event["event"] == "batch":
                    total = (run.last_epoch - run.first_epoch + 1) * event["batches"]
                    done = (event["epoch"] - run.first_epoch) * event["batches"] + event["batch"]
                    if done > 0:  # before are those of the run that it fine-tunes
                        show("training", done, total)
                elif event["event"] == "epoch" and event["epoch"] >= run.first_epoch:
                    scores = f"accuracy {event['accuracy']:.3f}, validation {event['val_accuracy']:.3f}"
                    err.print(f"epoch {event['epoch']}: loss {event['loss']:.3f}, {scores}", highlight=False)
            if not active:
                return history
            time.sleep(EVERY)
