"""What the Start page proposes to somebody who comes back: which run it speaks of, and one thing to do next."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.runs.run import Run


@dataclass(frozen=True)
class NextAction:
    """One thing to do: on which page, what its button says, and its help."""

    page: str
    label: str
    help: str


TRAIN = NextAction("train", "Train", "Opens the Training page: choose a preset and start.")
WATCH = NextAction("train", "Watch it train", "Opens the Training page at this run.")
MISTAKES = NextAction("evaluate", "See its mistakes", "Opens the Evaluate page: most confident errors first.")
TRY = NextAction("classify", "Try your own photo", "Opens the Classify page with this run.")


def run_to_show(runs: Sequence[Run], at_work: Run | None, source: str | None) -> Run | None:
    """The run that is training now, else the newest of the open dataset, else, where none is open, the newest.

    Args:
        runs: Newest first.
        source: Text of the open dataset's source; None where none is open.
    """
    return at_work or next((run for run in runs if source in (None, run.source)), None)


def next_action(done: Collection[str], *, is_open: bool, trains: bool, has_model: bool) -> NextAction | None:
    """One thing to do next; None where there is neither a dataset nor a run.

    Args:
        done: Pages whose step is done (`core.sessions.path`).
        is_open: Whether a dataset is open. Mistakes are images: without it there are none to see.
        trains: Whether the run that is shown is training or waits for its turn.
        has_model: Whether it has left a model.
    """
    if trains:
        return WATCH
    if not has_model:
        return TRAIN if is_open else None
    return MISTAKES if is_open and "evaluate" not in done else TRY
