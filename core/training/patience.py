"""The state of EarlyStopping and ReduceLROnPlateau, and the time left, derived from a run's history: a page can count
down without asking the worker."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.runs.history import Event, History
from core.runs.settings import TrainingConfig
from core.training.schedule import EarlyStopping, ReduceLROnPlateau

PACE_EPOCHS = 3  # the latest ones: their mean is the time of an epoch


@dataclass(frozen=True)
class Patience:
    """The callbacks' counters after the latest epoch.

    `learning_rate` is that of the current epoch. `waited` are epochs without a lower validation loss, of
    `patience` after which training stops. `plateau_waited` are those that ReduceLROnPlateau counts, of
    `plateau_patience` after which the learning rate drops: fewer after a drop, and also those whose loss fell by less
    than 1e-4.
    """

    learning_rate: float
    waited: int
    patience: int
    plateau_waited: int
    plateau_patience: int


def patience_of(epochs: Sequence[Event], config: TrainingConfig, fine_tune: Event | None = None) -> Patience:
    """Replays the finished epochs as training saw them.

    Args:
        epochs: `History.epochs`, from the first on.
        config: The run's settings.
        fine_tune: `History.fine_tune`: the second stage counts anew, and starts from the first one's lowest loss.
    """
    first, learning_rate, best = 1, config.learning_rate, None
    if fine_tune:
        first, learning_rate = fine_tune["epoch"], fine_tune["learning_rate"]
        best = min((point["val_loss"] for point in epochs if point["epoch"] < first), default=None)
    early = EarlyStopping(config.early_stopping_patience, best=best)
    plateau = ReduceLROnPlateau(config.reduce_lr_patience, config.reduce_lr_factor, learning_rate, best=best)
    for point in (point for point in epochs if point["epoch"] >= first):
        early.update(point["epoch"], point["val_loss"])
        plateau.update(point["val_loss"])
    return Patience(plateau.learning_rate, early.wait, early.patience, plateau.wait, plateau.patience)


def seconds_left(history: History, epochs: int) -> float | None:
    """Seconds until epoch number `epochs` ends, if training does not stop before; None while that cannot be known.

    From the time that the latest epochs took; in the first epoch, from that between its batches.
    """
    done = len(history.epochs)
    latest = history.batches[-1] if history.batches and history.batches[-1]["epoch"] > done else None
    share = latest["batch"] / latest["batches"] if latest else 0.0
    first = history.fine_tune["epoch"] if history.fine_tune else 1  # epochs of the first stage take another time
    times = [point["seconds"] for point in history.epochs[-PACE_EPOCHS:] if point["epoch"] >= first]
    if times:
        epoch_seconds = sum(times) / len(times)
    elif latest and latest["batch"] > 1:
        begun = next(point for point in history.batches if point["epoch"] == latest["epoch"])
        between = (latest["time"] - begun["time"]) / max(1, latest["batch"] - begun["batch"])
        epoch_seconds = between * latest["batches"]
    else:
        return None
    return float(max(0.0, (epochs - done - share) * epoch_seconds))
