"""Trains the last layers of the base with the head: the second stage's epochs. Resumes where a checkpoint is."""

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.backbone.rows import FeatureArray
from core.training.checkpoint import Best, Learner, State
from core.training.epochs import Channel, Stage, train_epochs
from core.training.fine_tuning import FineTuning
from core.training.head import Batch
from core.training.recipe import TrainingConfig
from core.training.schedule import EarlyStopping, ReduceLROnPlateau
from core.training.sweep import Floats

VALIDATION_BATCH = 64


class Layers(Learner, Protocol):
    """`core.training.fine_tune_model.LastLayers`, which only the worker may import."""

    def begin_epoch(self, seed: int, epoch: int, learning_rate: float) -> None: ...

    def read(self, features: FeatureArray, batches: Sequence[NDArray[np.int64]]) -> Iterator[Any]: ...

    def step(self, maps: Any, labels: NDArray[np.int64]) -> Batch: ...

    def evaluate(self, maps: Any, labels: NDArray[np.int64]) -> tuple[Batch, Floats]: ...


def fine_tune(
    directory: Path,
    layers: Layers,
    train: FeatureArray,
    validation: FeatureArray,
    config: TrainingConfig,
    start: State,
    last: int,
    channel: Channel,
) -> State:
    """Trains until the epoch `last`, EarlyStopping or a cancel.

    Args:
        train, validation: What the frozen blocks make of the pictures.
        start: As `first_state` gives it; a checkpoint in `directory` is gone on from instead.

    Returns:
        Where training ended. Its best is the first stage's until an epoch has a lower validation loss.
    """

    def train_on(state: State, batches: Sequence[NDArray[np.int64]]) -> Generator[Batch, None, None]:
        layers.begin_epoch(config.seed, state.epoch + 1, state.plateau.learning_rate)
        for rows, maps in zip(batches, layers.read(train, batches), strict=True):
            yield layers.step(maps, train.labels[rows])

    stage = Stage(layers, train_on, layers.read, VALIDATION_BATCH)
    return train_epochs(directory, stage, train, validation, config, start, last, channel)


def first_state(config: TrainingConfig, stage: FineTuning, start: Best, loss: float) -> State:
    """Before the second stage's first epoch: `start` is the first stage's best, and both callbacks know its validation
    `loss`, which has to be beaten."""
    early = EarlyStopping(config.early_stopping_patience, best=loss, best_epoch=start.epoch)
    learning_rate = stage.settings.learning_rate
    plateau = ReduceLROnPlateau(config.reduce_lr_patience, config.reduce_lr_factor, learning_rate, best=loss)
    return State(stage.epochs, early, plateau, start)
