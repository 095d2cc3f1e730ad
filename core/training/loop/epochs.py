"""The epochs of either stage of training: steps, validation, callbacks, events, checkpoints.

Resumes from a checkpoint where there is one. The head (`core.training.head.fit`) and the last layers of the base with
it (`core.training.keras.fine_tune_fit`) each bring a `Stage`.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.backbone.rows import FeatureArray
from core.errors import Cancelled
from core.runs.sample_images import predictions
from core.runs.settings import TrainingConfig
from core.training.head.head import Batch
from core.training.loop.checkpoint import Best, Learner, State, load_checkpoint, save_checkpoint
from core.training.schedule import num_passes

CHECKPOINT_SHARE = 0.05  # of the time, at most: a large head is not saved after every epoch


@dataclass(frozen=True)
class TrainingCallbacks:
    """How training reports its progress, and how it is stopped.

    Attributes:
        emit: Called with an event's kind and fields (`core.runs.history`).
        cancelled: Called before each batch; True stops training.
        samples: Rows of the validation features whose predictions each epoch's event holds.
    """

    emit: Callable[..., None]
    cancelled: Callable[[], bool]
    samples: Sequence[int] = ()


Reader = Callable[[FeatureArray, Sequence[NDArray[np.int64]]], Iterator[Any]]


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


@dataclass(frozen=True)
class Features:
    """What the base makes of the images to train and to validate on."""

    train: FeatureArray
    validation: FeatureArray


@dataclass(frozen=True)
class Stage:
    """What differs between the two stages of training.

    Attributes:
        learner: The head, or the last layers of the base with it.
        train_on: Trains one epoch: yields the scores of a step for each batch of rows, int64 (batch,). Takes the state
            before the epoch. A step is made when its scores are asked for.
        read: Reads the batches that `learner` evaluates.
        validation_batch: Images per batch in validation.
        min_steps: That an epoch has at least, in as many passes over the images as that takes.
    """

    learner: Learner
    train_on: Callable[[State, Sequence[NDArray[np.int64]]], Generator[Batch, None, None]]
    read: Reader
    validation_batch: int
    min_steps: int = 0


def train_epochs(
    directory: Path,
    stage: Stage,
    features: Features,
    config: TrainingConfig,
    start: State,
    last_epoch: int,
    callbacks: TrainingCallbacks,
) -> State:
    """Trains from the checkpoint in `directory`, or else from `start`, until `last_epoch`, EarlyStopping or a cancel;
    saves checkpoints. Returns the state at the end."""
    try:
        state = load_checkpoint(directory, stage.learner)
    except FileNotFoundError:
        state = start
    callbacks.emit("start", epoch=state.epoch + 1, chooses=state.early_stopping.chooses)
    saved, cost = time.perf_counter(), 0.0
    while state.epoch < last_epoch and not state.early_stopping.stop:
        try:
            _epoch(stage, features, config, state, callbacks)
        except Cancelled:
            break
        if time.perf_counter() - saved > cost / CHECKPOINT_SHARE:
            began = time.perf_counter()
            save_checkpoint(directory, stage.learner, state)
            saved = time.perf_counter()
            cost = saved - began
    return state


def _epoch(
    stage: Stage, features: Features, config: TrainingConfig, state: State, callbacks: TrainingCallbacks
) -> None:
    """Trains and validates once. `state` changes only when the epoch is complete, not where Cancelled is raised."""
    started, epoch = time.perf_counter(), state.epoch + 1
    generator, rows = np.random.default_rng([config.seed, 2, epoch]), features.train.rows
    passes = num_passes(rows, config.batch_size, stage.min_steps)
    order = np.concatenate([generator.permutation(rows) for _ in range(passes)])
    batches = [order[first : first + config.batch_size] for first in range(0, len(order), config.batch_size)]
    train = Mean()
    with closing(stage.train_on(state, batches)) as steps:
        for number in range(1, len(batches) + 1):
            if callbacks.cancelled():
                raise Cancelled("Training was stopped")
            train.add(next(steps))
            callbacks.emit("batch", epoch=epoch, batch=number, batches=len(batches), **train.scores())
    val, probabilities = evaluate(stage.learner, features.validation, stage.validation_batch, stage.read)
    _end_epoch(state, stage.learner, train, val, probabilities, time.perf_counter() - started, callbacks)


def evaluate(learner: Learner, features: FeatureArray, size: int, read: Reader) -> tuple[Mean, NDArray[np.float64]]:
    """The scores on all of `features`, `size` at a time, and the probabilities, float64 (rows, outputs)."""
    mean, probabilities = Mean(), []
    batches = np.split(np.arange(features.rows), range(size, features.rows, size))
    for rows, batch in zip(batches, read(features, batches), strict=True):
        scored, part = learner.evaluate(batch, features.labels[rows])
        mean.add(scored)
        probabilities.append(part)
    return mean, np.concatenate(probabilities)


def _end_epoch(
    state: State,
    learner: Learner,
    train: Mean,
    val: Mean,
    probabilities: NDArray[np.float64],
    seconds: float,
    callbacks: TrainingCallbacks,
) -> None:
    """Updates `state` after a complete epoch: scores, best so far, learning rate, end.

    Args:
        train, val: The scores of both splits.
        probabilities: The predictions on the validation features, float64 (rows, outputs).
        seconds: How long the epoch took.
    """
    learning_rate = state.schedule.rate(state.epoch + 1 - 1 / train.batches)  # of its last step
    val_scores = {f"val_{name}": value for name, value in val.scores().items()}
    state.epoch += 1
    best = state.early_stopping.update(state.epoch, val_scores["val_loss"])
    if best:
        state.best = Best(state.epoch, learner.weights(), probabilities)
    callbacks.emit(
        "epoch",
        epoch=state.epoch,
        **train.scores(),
        **val_scores,
        penalty=val.penalty / val.size,
        learning_rate=learning_rate,
        seconds=seconds,
        best=best,
        samples=predictions(probabilities, callbacks.samples),
    )
    if state.schedule.update(val_scores["val_loss"]):
        callbacks.emit("reduce_lr", epoch=state.epoch, learning_rate=state.schedule.learning_rate)
    if state.early_stopping.stop:
        callbacks.emit("early_stop", epoch=state.epoch, best_epoch=state.early_stopping.best_epoch)
