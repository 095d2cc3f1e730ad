"""What pages and the command line do with a run: start or resume it, and learn how it ended."""

from core.training.history import History
from core.training.launch import collect, wait_until_gone
from core.training.life import how_it_died, log_end
from core.training.queue import enqueue, start_next
from core.training.runs import Run

__all__ = ["collect", "log_tail", "reason", "start_run", "wait_until_gone"]


def start_run(run: Run) -> None:
    """Starts the run at once where no other is at work or waits, else puts it at the end of the queue.

    Also resumes a run that was cancelled, failed or was killed. A run that waits already keeps its place.

    Raises:
        RunError: The run is at work already, or finished; or too many wait.
        PawlabError: The queue cannot be changed, or the machine starts no further process.
    """
    if run.history().status in ("cancelled", "failed"):
        wait_until_gone(run)  # it said how it ended, and its process is about to
    enqueue(run)
    start_next()


def reason(run: Run, history: History | None = None) -> str:
    """Why the run stands still, in words: what it said itself, or how its process died. Empty where there is nothing
    to explain."""
    said = history or run.history()
    return how_it_died(run.directory) if run.status(said) == "interrupted" else said.reason


def log_tail(run: Run, lines: int = 20) -> str:
    """The last lines that the worker printed: what to show when it died without a word."""
    return log_end(run.directory, lines)
