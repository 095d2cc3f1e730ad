"""What a list of runs says of each: read so that hundreds of them cost little."""

import json
from dataclasses import dataclass

from core.errors import PawlabError
from core.evaluation.confusion import Score
from core.training.history import History
from core.training.runs import Run

TAIL_BYTES = 16_000  # of the log, which ends with how the run ended


@dataclass(frozen=True)
class Facts:
    """Of one run, as its folder tells it.

    Attributes:
        said: The latest status that it said itself (`core.training.history`).
        accuracy: On the validation pictures at the best epoch. Its interval is NaN where there is no model yet, since
            then nobody has written down how many pictures there are. None before the first epoch ended.
        loss: At the best epoch, with the L2 penalty.
        best_epoch: From 1.
        size: Bytes on the disk.
    """

    said: str
    accuracy: Score | None
    loss: float | None
    best_epoch: int | None
    size: int


def facts_of(run: Run) -> Facts:
    """Reads the end of the log, and all of it only where there is no model or the end does not say. Never raises for
    what a folder holds: a figure that cannot be read is None."""
    history = None
    said = _latest_status(run)
    accuracy, loss, epoch = _of_model(run)
    if not said or accuracy is None:
        history = _history(run)
        said = history.status
    if history is not None and accuracy is None and history.best:
        best = history.best
        accuracy = Score(number(best.get("val_accuracy")), float("nan"), float("nan"))
        loss, epoch = number(best.get("val_loss")), _whole(best.get("epoch"))
        accuracy = accuracy if accuracy.known else None
    return Facts(said, accuracy, loss, epoch, run.size())


def mark_of(run: Run) -> tuple[object, ...]:
    """Changes whenever `facts_of` would, but for the size, and costs two looks at the disk."""
    return tuple(_stat(run, name) for name in ("events.jsonl", "run.json"))


def _stat(run: Run, name: str) -> tuple[int, int]:
    try:
        found = (run.directory / name).stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _latest_status(run: Run) -> str:
    """ "" where the end of the log does not say."""
    try:
        with run.log.path.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - TAIL_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return ""
    for line in reversed(lines):
        if b'"status"' in line:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and event.get("event") == "status" and isinstance(event.get("status"), str):
                return str(event["status"])
    return ""


def _of_model(run: Run) -> tuple[Score | None, float | None, int | None]:
    if not run.has_model():
        return None, None, None
    try:
        summary = run.summary()
        share, total = float(summary["val_accuracy"]), sum(summary["counts"]["validation"].values())
        accuracy = Score.of(round(share * total), total)
        return Score(share, accuracy.low, accuracy.high), number(summary["val_loss"]), _whole(summary["best_epoch"])
    except (PawlabError, KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None, None, None


def _history(run: Run) -> History:
    try:
        return run.history()
    except OSError:
        return History()


def number(value: object) -> float:
    """NaN for what is none."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else float("nan")


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
