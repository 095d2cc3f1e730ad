"""Starts a run and follows it in a terminal: its place in the queue, progress bars on stderr, the summary at the end.

Ctrl-C and SIGTERM withdraw the run from the queue, or stop its training. SIGHUP, when the terminal closes, withdraws it
too, but leaves a training at work: that outlives its terminal.
"""

import time
from contextlib import suppress
from types import FrameType
from typing import Any

from core.cli.console import note, progress_bars
from core.cli.stopping import HANG_UP, STOP, on_stop
from core.errors import Cancelled, InputError, PawlabError, RunError
from core.jobs.process import PROGRAM
from core.runs.follow import EVERY, follow_events
from core.runs.history import History
from core.runs.queue import ahead, start_next, withdraw
from core.runs.run import Run
from core.runs.start import log_tail, reason, start_run, wait_until_gone

RESUME = f"{PROGRAM} train --resume"


def follow(run: Run) -> dict[str, Any]:
    """Starts the run, or queues it, and waits until it has trained and ended. Returns its summary.

    Raises:
        Cancelled: It was withdrawn, or stopped before there was a model.
        InputError: The dataset or the settings are unusable, or the run cannot be started.
        PawlabError: It failed, or its process died.
    """
    stopped = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True
        run.cancel()  # a file: neither the queue's lock nor a word, whose code this may just have interrupted

    def leave(number: int, frame: FrameType | None) -> None:
        raise Cancelled(f"The terminal has closed; “{run.name}” trains on", fix=f"List it with: {PROGRAM} runs")

    with on_stop(stop, STOP):
        with on_stop(stop, HANG_UP):
            start_run(run)
            if stopped:
                run.cancel()  # again: a run that joins the queue is no longer cancelled
            _wait_for_turn(run)
        with on_stop(leave, HANG_UP):
            history = _watch(run)
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
            note(f"“{run.name}” waits for {others} other run{'s' if others > 1 else ''}. Ctrl-C withdraws it.")
        time.sleep(EVERY)


def _watch(run: Run) -> History:
    history, stopping = History(), False
    with progress_bars() as show:
        for event in follow_events(run):
            history.add(event)
            if not stopping and run.cancel_requested():
                stopping = True
                note("Stopping; the best model so far is kept.")
            if event["event"] == "progress":
                show(event["phase"], event["done"], event["total"])
            elif event["event"] == "batch":
                total = (run.last_epoch - run.first_epoch + 1) * event["batches"]
                done = (event["epoch"] - run.first_epoch) * event["batches"] + event["batch"]
                if done > 0:  # earlier ones belong to the first stage
                    show("training", done, total)
            elif event["event"] == "epoch" and event["epoch"] >= run.first_epoch:
                scores = f"accuracy {event['accuracy']:.3f}, validation accuracy {event['val_accuracy']:.3f}"
                note(f"epoch {event['epoch']}: loss {event['loss']:.3f}, {scores}")
    return history
