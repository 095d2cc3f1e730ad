"""The facts that a list of runs shows of each, read so that hundreds of runs cost little."""

from dataclasses import dataclass

from core.errors import PawlabError
from core.evaluation.confusion import Score
from core.runs.events import damage
from core.runs.run import Run
from core.storage.files import stamp_of

TAIL_BYTES = 16_000  # of the log, which ends with how the run ended


@dataclass(frozen=True)
class Facts:
    """Of one run, from its folder.

    Attributes:
        logged_status: The latest status in its log (`core.runs.history`).
        accuracy: Validation accuracy at the best epoch. Its interval is NaN until there is a model, since the number
            of images is not known before. None before the end of the first epoch.
        loss: Validation loss at the best epoch, with the L2 penalty.
        best_epoch: From 1.
        size: Bytes on disk.
    """

    logged_status: str
    accuracy: Score | None
    loss: float | None
    best_epoch: int | None
    size: int


def facts_of(run: Run) -> Facts:
    """Reads the end of the log, and all of it only where there is no model or the end holds no status. Never raises
    for what a folder contains: a figure that cannot be read is None."""
    history = None
    status = _latest_status(run)
    accuracy, loss, epoch = _of_model(run)
    if not status or accuracy is None:
        history = run.history()
        status = history.status
    if history is not None and accuracy is None and history.best:
        best = history.best
        accuracy = Score(best["val_accuracy"], float("nan"), float("nan"))
        loss, epoch = best["val_loss"], best["epoch"]
    return Facts(status, accuracy, loss, epoch, run.size())


def mark_of(run: Run) -> tuple[object, ...]:
    """Changes whenever `facts_of` would, except for the size, and costs two looks at the disk."""
    return tuple(stamp_of(run.directory / name) for name in ("events.jsonl", "run.json"))


def _latest_status(run: Run) -> str:
    """ "" where the end of the log holds none."""
    try:
        events, _ = run.log.read(max(0, run.log.path.stat().st_size - TAIL_BYTES))
    except OSError:
        return ""
    return next(
        (str(event["status"]) for event in reversed(events) if event.get("event") == "status" and not damage(event)), ""
    )


def _of_model(run: Run) -> tuple[Score | None, float | None, int | None]:
    if not run.has_model():
        return None, None, None
    try:
        summary = run.summary()
        share, total = summary["val_accuracy"], sum(summary["counts"]["validation"].values())
        accuracy = Score.of(round(share * total), total)
        return Score(share, accuracy.low, accuracy.high), float(summary["val_loss"]), int(summary["best_epoch"])
    except (PawlabError, KeyError):
        return None, None, None
