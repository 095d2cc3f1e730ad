"""Trains the head on features: epochs, callbacks, events, checkpoints. Resumes by itself where a checkpoint is."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.backbone.features import FeatureArray
from core.errors import Cancelled
from core.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from core.training.head import Batch, Floats, Head
from core.training.recipe import TrainingConfig
from core.training.schedule import EarlyStopping, ReduceLROnPlateau

Emit = Callable[..., None]
VALIDATION_BATCH = 256


@dataclass
class Mean:
    """Running means over batches. The loss includes the L2 penalty, for validation too: Keras' habit."""

    batches: int = 0
    size: int = 0
    crossentropy: float = 0.0
    penalty: float = 0.0
    correct: int = 0

    def add(self, batch: Batch) -> None:
        self.batches += 1
        self.size += batch.size
        self.crossentropy += batch.crossentropy * batch.size
        self.penalty += batch.penalty * batch.size
        self.correct += batch.correct

    def scores(self) -> dict[str, float]:
        """`loss` and `accuracy`, 0..1."""
        return {"loss": (self.crossentropy + self.penalty) / self.size, "accuracy": self.correct / self.size}


def fit(
    directory: Path,
    train: FeatureArray,
    validation: FeatureArray,
    classes: int,
    config: TrainingConfig,
    emit: Emit,
    cancelled: Callable[[], bool],
) -> Progress:
    """Trains until the last epoch, EarlyStopping or a cancel.

    Args:
        directory: The run's folder: checkpoints go there, and the latest one found there is gone on from.
        emit: Called with an event's kind and fields (`core.training.history`).
        cancelled: Asked before each batch.

    Returns:
        Where training ended. The best epoch's checkpoint is on disk.

    Raises:
        Cancelled: Stopped by `cancelled`; checkpoints of the finished epochs are on disk.
    """
    head = new_head(train.width, classes, config)
    try:
        progress = load_checkpoint(directory, head)
    except FileNotFoundError:
        early = EarlyStopping(config.early_stopping_patience)
        plateau = ReduceLROnPlateau(config.reduce_lr_patience, config.reduce_lr_factor, config.learning_rate)
        progress = Progress(0, early, plateau)
    emit("start", epoch=progress.epoch + 1)
    with threadpool_limits(1, user_api="blas"):  # the head spreads its stripes over the cores itself
        while progress.epoch < config.epochs and not progress.early_stopping.stop:
            _epoch(head, train, validation, config, progress, emit, cancelled)
            save_checkpoint(directory, head, progress)
    return progress


def new_head(width: int, classes: int, config: TrainingConfig) -> Head:
    """The untrained head of a configuration."""
    return Head(width, classes, config.units, config.l2, config.dropout, config.seed)


def evaluate(head: Head, features: FeatureArray) -> tuple[Mean, Floats]:
    """Scores all of `features`, and gives their probabilities, float32 (rows, outputs)."""
    mean, probabilities = Mean(), []
    for start in range(0, features.rows, VALIDATION_BATCH):
        rows = np.arange(start, min(start + VALIDATION_BATCH, features.rows))
        batch, part = head.evaluate(features.read(rows), features.labels[rows])
        mean.add(batch)
        probabilities.append(part)
    return mean, np.concatenate(probabilities)


def _epoch(
    head: Head,
    train: FeatureArray,
    validation: FeatureArray,
    config: TrainingConfig,
    progress: Progress,
    emit: Emit,
    cancelled: Callable[[], bool],
) -> None:
    """One epoch; `progress` and the event log move only when it is complete."""
    started, epoch = time.perf_counter(), progress.epoch + 1
    learning_rate = progress.plateau.learning_rate
    generator = np.random.default_rng([config.seed, 3, epoch])
    order = np.random.default_rng([config.seed, 2, epoch]).permutation(train.rows)
    batches = [order[start : start + config.batch_size] for start in range(0, train.rows, config.batch_size)]
    seen = Mean()
    product = None
    for rows, features, following in _with_next(train, batches):
        if cancelled():
            raise Cancelled("Training was stopped")
        if product is None:
            product = head.product(features)
        batch, product = head.step(features, product, train.labels[rows], learning_rate, generator, following)
        seen.add(batch)
        emit("batch", epoch=epoch, batch=seen.batches, batches=len(batches), **seen.scores())
    val, _ = evaluate(head, validation)
    val_scores = {f"val_{name}": value for name, value in val.scores().items()}
    progress.epoch = epoch
    best = progress.early_stopping.update(epoch, val_scores["val_loss"])
    emit(
        "epoch",
        epoch=epoch,
        **seen.scores(),
        **val_scores,
        penalty=val.penalty / val.size,
        learning_rate=learning_rate,
        seconds=time.perf_counter() - started,
        best=best,
    )
    if progress.plateau.update(val_scores["val_loss"]):
        emit("reduce_lr", epoch=epoch, learning_rate=progress.plateau.learning_rate)
    if progress.early_stopping.stop:
        emit("early_stop", epoch=epoch, best_epoch=progress.early_stopping.best_epoch)


def _with_next(
    train: FeatureArray, batches: list[NDArray[np.int64]]
) -> Iterator[tuple[NDArray[np.int64], Floats, Floats]]:
    """Each batch's rows, its features and the next batch's, read while the head works; no rows after the last."""
    nothing = np.empty((0, train.width), np.float32)
    with ThreadPoolExecutor(1, "read") as reader:
        features = train.read(batches[0])
        coming = [reader.submit(train.read, rows) for rows in batches[1:2]]
        for number, rows in enumerate(batches):
            following = coming.pop().result() if coming else nothing
            coming = [reader.submit(train.read, after) for after in batches[number + 2 : number + 3]]
            yield rows, features, following
            features = following
