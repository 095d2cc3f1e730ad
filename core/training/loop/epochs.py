"""The epochs of either stage of training: steps, validation, callbacks, events, checkpoints.

Resumes by itself where a checkpoint is. The head (`core.training.fit`) and the last layers of the base with it
(`core.training.fine_tune_fit`) bring a `Stage` each.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.backbone.rows import FeatureArray
from core.errors import Cancelled
from core.training.checkpoint import Best, Learner, State, load_checkpoint, save_checkpoint
from core.training.head import Batch
from core.training.recipe import TrainingConfig
from core.training.samples import answers
from core.training.sweep import Floats

CHECKPOINT_SHARE = 0.05  # of the time: a large head is saved less often than after each epoch


@dataclass(frozen=True)
class Channel:
    """How training speaks with those who watch it.

    `emit` is called with an event's kind and fields (`core.training.history`), `cancelled` asked before each batch.
    `samples` are the rows of the validation features whose answers each epoch's event holds.
    """

    emit: Callable[..., None]
    cancelled: Callable[[], bool]
    samples: Sequence[int] = ()


class Scorer(Protocol):
    """What can be validated: the head, or the last layers with it. A batch is whatever its `Reader` gives."""

    def evaluate(self, batch: Any, labels: NDArray[np.int64], /) -> tuple[Batch, Floats]: ...


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


class Trainable(Learner, Scorer, Protocol):
    """What can be trained and validated."""


@dataclass(frozen=True)
class Stage:
    """What the two stages of training do each in their own way.

    Attributes:
        train_on: From the rows of each batch, int64 (batch,), to what a step on it did; a step is made when it is asked
            for. `state` is that before the epoch.
        read: Gives the batches that `learner` evaluates, `validation_batch` pictures each.
    """

    learner: Trainable
    train_on: Callable[[State, Sequence[NDArray[np.int64]]], Generator[Batch, None, None]]
    read: Reader
    validation_batch: int


def train_epochs(
    directory: Path,
    stage: Stage,
    train: FeatureArray,
    validation: FeatureArray,
    config: TrainingConfig,
    start: State,
    last: int,
    channel: Channel,
) -> State:
    """Trains from the checkpoint in `directory`, or else from `start`, until the epoch `last`, EarlyStopping or a
    cancel; saves checkpoints. Gives where it ended."""
    try:
        state = load_checkpoint(directory, stage.learner)
    except FileNotFoundError:
        state = start
    channel.emit("start", epoch=state.epoch + 1)
    saved, cost = time.perf_counter(), 0.0
    while state.epoch < last and not state.early_stopping.stop:
        try:
            _epoch(stage, train, validation, config, state, channel)
        except Cancelled:
            break
        if time.perf_counter() - saved > cost / CHECKPOINT_SHARE:
            began = time.perf_counter()
            save_checkpoint(directory, stage.learner, state)
            saved = time.perf_counter()
            cost = saved - began
    return state


def _epoch(
    stage: Stage,
    train: FeatureArray,
    validation: FeatureArray,
    config: TrainingConfig,
    state: State,
    channel: Channel,
) -> None:
    """One epoch. `state` moves only when it is complete; Cancelled leaves it as it was."""
    started, epoch = time.perf_counter(), state.epoch + 1
    order = np.random.default_rng([config.seed, 2, epoch]).permutation(train.rows)
    batches = [order[first : first + config.batch_size] for first in range(0, train.rows, config.batch_size)]
    seen = Mean()
    with closing(stage.train_on(state, batches)) as steps:
        for number in range(1, len(batches) + 1):
            if channel.cancelled():
                raise Cancelled("Training was stopped")
            seen.add(next(steps))
            channel.emit("batch", epoch=epoch, batch=number, batches=len(batches), **seen.scores())
    val, probabilities = evaluate(stage.learner, validation, stage.validation_batch, stage.read)
    _end_epoch(state, stage.learner, seen, val, probabilities, time.perf_counter() - started, channel)


def evaluate(scorer: Scorer, features: FeatureArray, size: int, read: Reader) -> tuple[Mean, Floats]:
    """Scores all of `features`, `size` at a time, and gives their probabilities, float32 (rows, outputs)."""
    mean, probabilities = Mean(), []
    batches = np.split(np.arange(features.rows), range(size, features.rows, size))
    for rows, batch in zip(batches, read(features, batches), strict=True):
        scored, part = scorer.evaluate(batch, features.labels[rows])
        mean.add(scored)
        probabilities.append(part)
    return mean, np.concatenate(probabilities)


def _end_epoch(
    state: State,
    learner: Learner,
    seen: Mean,
    val: Mean,
    probabilities: Floats,
    seconds: float,
    channel: Channel,
) -> None:
    """Takes a complete epoch into account: scores, best so far, learning rate, end.

    Args:
        seen: What was trained on; `val` what was validated on, with its `probabilities`, float32 (rows, outputs).
        seconds: That the epoch took.
    """
    learning_rate = state.plateau.learning_rate
    val_scores = {f"val_{name}": value for name, value in val.scores().items()}
    state.epoch += 1
    best = state.early_stopping.update(state.epoch, val_scores["val_loss"])
    if best:
        state.best = Best(state.epoch, learner.weights(), probabilities)
    channel.emit(
        "epoch",
        epoch=state.epoch,
        **seen.scores(),
        **val_scores,
        penalty=val.penalty / val.size,
        learning_rate=learning_rate,
        seconds=seconds,
        best=best,
        samples=answers(probabilities, channel.samples),
    )
    if state.plateau.update(val_scores["val_loss"]):
        channel.emit("reduce_lr", epoch=state.epoch, learning_rate=state.plateau.learning_rate)
    if state.early_stopping.stop:
        channel.emit("early_stop", epoch=state.epoch, best_epoch=state.early_stopping.best_epoch)
