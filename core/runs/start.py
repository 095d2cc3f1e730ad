"""Starts and resumes a run, and says how it ended: for pages and the command line."""

from core.runs.history import History
from core.runs.launch import collect, wait_until_gone
from core.runs.liveness import exit_reason, log_end
from core.runs.queue import enqueue, start_next
from core.runs.run import Run

__all__ = ["collect", "log_tail", "reason", "start_run", "wait_until_gone"]


def start_run(run: Run) -> None:
    """Starts the run at once if no other is training or queued, else puts it at the end of the queue.

    Also resumes a run that was cancelled, failed or was killed. A queued run keeps its place.

    Raises:
        RunError: The run is training or finished, or the queue is full.
        PawlabError: The queue cannot be changed, or the machine starts no further process.
    """
    if run.history().status in ("cancelled", "failed"):
        wait_until_gone(run)  # it has logged its end, and its process is about to exit
    enqueue(run)
    start_next()


def reason(run: Run, history: History | None = None) -> str:
    """Why the run stopped: what it logged itself, or how its process died. Empty where there is nothing to explain."""
    history = history or run.history()
    return exit_reason(run.directory) if run.status(history) == "interrupted" else history.reason


def log_tail(run: Run, lines: int = 20) -> str:
    """The last lines of the worker's output: shown where it died without giving a reason."""
    return log_end(run.directory, lines)
