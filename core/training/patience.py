"""The state of EarlyStopping and ReduceLROnPlateau, and the time left, derived from a run's history: a page can count
down without asking the worker."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.runs.history import Event, History
from core.runs.settings import TrainingConfig
from core.training.schedule import CHOOSING_IMAGES, CosineDecay, EarlyStopping, ReduceLROnPlateau, Schedule

PACE_EPOCHS = 3  # the latest ones: their mean is the time of an epoch


def first_callbacks(config: TrainingConfig, validation_images: int | None) -> tuple[EarlyStopping, Schedule]:
    """The callbacks of the first stage before its first epoch.

    Args:
        validation_images: How many there are, without copies; None for enough to choose by.
    """
    early = EarlyStopping(config.early_stopping_patience, chooses=validation_chooses(config, validation_images))
    if config.schedule == "cosine":
        return early, CosineDecay(config.learning_rate, config.epochs)
    return early, ReduceLROnPlateau(config.reduce_lr_patience, config.reduce_lr_factor, config.learning_rate)


def validation_chooses(config: TrainingConfig, images: int | None) -> bool:
    """Whether the validation loss chooses the epoch that is kept, and stops training. With the plateau schedule always:
    that is the notebook's recipe, as Keras' callbacks do it."""
    return config.schedule == "plateau" or images is None or images >= CHOOSING_IMAGES


@dataclass(frozen=True)
class Patience:
    """The callbacks' counters after the latest epoch.

    `learning_rate` is that at the beginning of the current epoch. `waited` are epochs without a lower validation loss,
    of `patience` after which training stops. `plateau_waited` are those that ReduceLROnPlateau counts, of
    `plateau_patience` after which the learning rate drops: fewer after a drop, and also those whose loss fell by less
    than 1e-4; None where the learning rate follows another schedule.
    """

    learning_rate: float
    waited: int
    patience: int
    plateau_waited: int | None
    plateau_patience: int


def patience_of(epochs: Sequence[Event], config: TrainingConfig, fine_tune: Event | None = None) -> Patience:
    """Replays the finished epochs as training saw them.

    Args:
        epochs: `History.epochs`, from the first on.
        config: The run's settings.
        fine_tune: `History.fine_tune`: the second stage counts anew, and starts from the first one's lowest loss.
    """
    first, (early, schedule) = 1, first_callbacks(config, None)
    if fine_tune:
        first = fine_tune["epoch"]
        best = next((p["val_loss"] for p in reversed(epochs) if p["epoch"] < first and p["best"]), None)
        early = EarlyStopping(config.early_stopping_patience, best=best)
        rate = fine_tune["learning_rate"]
        schedule = ReduceLROnPlateau(config.reduce_lr_patience, config.reduce_lr_factor, rate, best=best)
    for point in (point for point in epochs if point["epoch"] >= first):
        early.update(point["epoch"], point["val_loss"])
        schedule.update(point["val_loss"])
    waited = schedule.wait if isinstance(schedule, ReduceLROnPlateau) else None
    return Patience(schedule.rate(len(epochs)), early.wait, early.patience, waited, config.reduce_lr_patience)


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
