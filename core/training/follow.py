"""Watches a run from a terminal: progress bars on stderr, Ctrl-C becomes a cancel, the summary at the end."""

import signal
import time
from types import FrameType
from typing import Any

from core.console import err, progress_bars
from core.errors import Cancelled, InputError, PawlabError
from core.training.history import History
from core.training.jobs import collect, log_tail, wait_until_gone
from core.training.runs import ACTIVE, Run

EVERY = 0.2  # seconds between two looks at the event log


def follow(run: Run) -> dict[str, Any]:
    """Blocks until the run ends, and gives its summary.

    Raises:
        Cancelled: It was stopped before there was a model.
        InputError: What the user gave cannot be used.
        PawlabError: It failed, or its process died.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        err.print("Stopping; the best model so far is kept.")
        run.cancel()

    before = signal.signal(signal.SIGINT, stop)
    try:
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
    reason = history.reason or f"The training process died. Its last words: {log_tail(run, 3) or 'none'}"
    raise PawlabError(reason, fix=f"Go on with: python -m core train --resume {run.id}")


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
                    total = run.config.epochs * event["batches"]
                    show("training", (event["epoch"] - 1) * event["batches"] + event["batch"], total)
                elif event["event"] == "epoch":
                    scores = f"accuracy {event['accuracy']:.3f}, validation {event['val_accuracy']:.3f}"
                    err.print(f"epoch {event['epoch']}: loss {event['loss']:.3f}, {scores}", highlight=False)
            if not active:
                return history
            time.sleep(EVERY)
