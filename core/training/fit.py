"""Trains the head on features: epochs, callbacks, events, checkpoints. Resumes by itself where a checkpoint is.

Fine-tuning (`core.training.fine_tune_fit`) goes through `train_epochs` too, with a `Stage` of its own.
"""

import itertools
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.backbone.rows import FeatureArray
from core.errors import Cancelled
from core.training.checkpoint import Best, Learner, State, load_checkpoint, save_checkpoint
from core.training.head import Batch, Head
from core.training.recipe import TrainingConfig
from core.training.samples import answers
from core.training.schedule import EarlyStopping, ReduceLROnPlateau
from core.training.sweep import Columns, Floats

VALIDATION_BATCH = 256
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


def fit(
    directory: Path,
    train: FeatureArray,
    validation: FeatureArray,
    classes: int,
    config: TrainingConfig,
    channel: Channel,
) -> State:
    """Trains until the last epoch, EarlyStopping or a cancel.

    Args:
        directory: The run's folder: checkpoints go there, and the latest one found there is gone on from.

    Returns:
        Where training ended, with the best epoch's weights and predictions; no best when it was cancelled before the
        first epoch ended.
    """
    head = new_head(train.width, classes, config)

    def train_on(state: State, batches: Sequence[NDArray[np.int64]]) -> Generator[Batch, None, None]:
        learning_rate, product = state.plateau.learning_rate, None
        generator = np.random.default_rng([config.seed, 3, state.epoch + 1])
        for rows, features, following in _with_next(train, batches):
            if product is None:
                product = head.product(features)
            batch, product = head.step(features, product, train.labels[rows], learning_rate, generator, following)
            yield batch

    early = EarlyStopping(config.early_stopping_patience)
    plateau = ReduceLROnPlateau(config.reduce_lr_patience, config.reduce_lr_factor, config.learning_rate)
    stage = Stage(head, train_on, read_ahead, VALIDATION_BATCH)
    with threadpool_limits(1, user_api="blas"):  # the head spreads its panels over the cores itself
        return train_epochs(
            directory, stage, train, validation, config, State(0, early, plateau), config.epochs, channel
        )


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


def new_head(width: int, classes: int, config: TrainingConfig) -> Head:
    """The untrained head of a configuration."""
    return Head(width, classes, config.units, config.l2, config.dropout, config.seed)


def read_ahead(features: FeatureArray, batches: Sequence[NDArray[np.int64]]) -> Iterator[Columns]:
    """The features of each batch, read while the head works on those before."""
    with ThreadPoolExecutor(1, "read") as reader:
        reads = (reader.submit(lambda rows: Columns.of(features.read(rows)), rows) for rows in batches)
        coming = deque(itertools.islice(reads, 2))
        while coming:
            yield coming.popleft().result()
            coming.extend(itertools.islice(reads, 1))


def evaluate(scorer: Scorer, features: FeatureArray, size: int, read: Reader = read_ahead) -> tuple[Mean, Floats]:
    """Scores all of `features`, `size` at a time, and gives their probabilities, float32 (rows, outputs)."""
    mean, probabilities = Mean(), []
    batches = np.split(np.arange(features.rows), range(size, features.rows, size))
    for rows, batch in zip(batches, read(features, batches), strict=True):
        scored, part = scorer.evaluate(batch, features.labels[rows])
        mean.add(scored)
        probabilities.append(part)
    return mean, np.concatenate(probabilities)


def _with_next(
    train: FeatureArray, batches: Sequence[NDArray[np.int64]]
) -> Iterator[tuple[NDArray[np.int64], Columns, Columns]]:
    """Each batch's rows, its features and the next batch's; no pictures after the last."""
    reads = read_ahead(train, [*batches, np.empty(0, np.int64)])
    features = next(reads)
    for rows, following in zip(batches, reads, strict=True):
        yield rows, features, following
        features = following
