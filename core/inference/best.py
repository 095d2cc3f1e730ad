"""Which of several runs to ask first."""

from collections.abc import Sequence

from core.errors import PawlabError
from core.training.runs import Run


def best_run(runs: Sequence[Run], source: str) -> Run:
    """The run with the highest validation accuracy among the finished ones that were trained on `source`.

    Scores on different data say nothing about each other, so runs on other data are asked only where none was trained
    on this one; runs that were stopped early only where none has finished. Of equals, the first.

    Args:
        runs: At least one, newest first, each with a model and a readable summary.
        source: The data that is open, as `core.datasets.current.current_source` names it.
    """
    return max(runs, key=lambda run: (run.source == source, _is_finished(run), _accuracy(run)))


def _is_finished(run: Run) -> bool:
    try:
        return bool(run.summary().get("status", "finished") == "finished")
    except PawlabError:
        return False


def _accuracy(run: Run) -> float:
    try:
        return float(run.summary()["val_accuracy"])
    except (PawlabError, KeyError, TypeError, ValueError):
        return -1.0
