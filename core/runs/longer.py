"""Training longer: whether a run was still improving when it ended, and the run that goes further."""

import re

from core.runs.history import History
from core.runs.names import extended
from core.runs.run import Run, repeat_run

FACTOR = 2
MOST_EPOCHS = 1000  # that `TrainingConfig` takes


def still_improving(run: Run, history: History) -> bool:
    """Whether the run's last epoch, reached as planned, has the lowest validation loss. False for a second stage, whose
    epochs follow those of the first, and with cosine decay, which ends at a learning rate of 0: its last epoch is
    meant to be the best."""
    ended = history.status == "finished" and run.config.schedule == "plateau" and not run.fine_tuning
    if not ended or not history.epochs or history.best is None:
        return False
    last = history.epochs[-1]["epoch"]
    return bool(history.best["epoch"] == last == run.last_epoch and last < MOST_EPOCHS)


def longer_epochs(run: Run) -> int:
    return min(MOST_EPOCHS, FACTOR * run.config.epochs)


def train_longer(run: Run) -> Run:
    """A new run with more epochs, on the same images with the same settings otherwise: its features are cached.
    Nothing runs yet. Raises as `core.runs.run.create_run`."""
    epochs = longer_epochs(run)
    stem = re.sub(r", [\d,]+ epochs\Z", "", run.name)
    return repeat_run(run, run.config.changed(epochs=epochs), extended(stem, f", {epochs:,} epochs"))
