"""Trains the last layers of the base with the head: the second stage's epochs. Resumes from a checkpoint."""

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.backbone.rows import FeatureArray
from core.runs.fine_tuning import FineTuning
from core.runs.settings import TrainingConfig
from core.training.head.head import Batch
from core.training.loop.checkpoint import Best, Learner, State
from core.training.loop.epochs import Features, Stage, TrainingCallbacks, train_epochs
from core.training.schedule import EarlyStopping, ReduceLROnPlateau

VALIDATION_BATCH = 64


class Layers(Learner, Protocol):
    """`core.training.keras.fine_tune_model.LastLayers`, which only the worker may import."""

    def begin_epoch(self, seed: int, epoch: int, learning_rate: float) -> None: ...

    def read(self, features: FeatureArray, batches: Sequence[NDArray[np.int64]]) -> Iterator[Any]: ...

    def step(self, maps: Any, labels: NDArray[np.int64]) -> Batch: ...


def fine_tune(
    directory: Path,
    layers: Layers,
    features: Features,
    config: TrainingConfig,
    start: State,
    last_epoch: int,
    callbacks: TrainingCallbacks,
) -> State:
    """Trains until `last_epoch`, EarlyStopping or a cancel.

    Args:
        features: The output of the frozen blocks.
        start: From `first_state`. A checkpoint in `directory` takes its place.

    Returns:
        The state at the end. Its best is the first stage's until an epoch has a lower validation loss.
    """

    def train_on(state: State, batches: Sequence[NDArray[np.int64]]) -> Generator[Batch, None, None]:
        layers.begin_epoch(config.seed, state.epoch + 1, state.schedule.rate(state.epoch))
        for rows, maps in zip(batches, layers.read(features.train, batches), strict=True):
            yield layers.step(maps, features.train.labels[rows])

    stage = Stage(layers, train_on, layers.read, VALIDATION_BATCH)
    return train_epochs(directory, stage, features, config, start, last_epoch, callbacks)


def first_state(config: TrainingConfig, stage: FineTuning, start: Best, loss: float) -> State:
    """The state before the second stage's first epoch: `start` is the first stage's best, and both callbacks start from
    its validation `loss`."""
    early = EarlyStopping(config.early_stopping_patience, best=loss, best_epoch=start.epoch)
    learning_rate = stage.settings.learning_rate
    plateau = ReduceLROnPlateau(config.reduce_lr_patience, config.reduce_lr_factor, learning_rate, best=loss)
    return State(stage.epochs, early, plateau, start)
