"""Trains the head on features: the first stage."""

import itertools
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.backbone.rows import FeatureArray
from core.runs.feature_plan import copies_of
from core.runs.settings import TrainingConfig
from core.training.head.fused_step import Columns
from core.training.head.head import Batch, Head
from core.training.loop.checkpoint import State
from core.training.loop.epochs import Features, Stage, TrainingCallbacks, train_epochs
from core.training.patience import first_callbacks

VALIDATION_BATCH = 256


def fit(
    directory: Path,
    features: Features,
    classes: int,
    config: TrainingConfig,
    callbacks: TrainingCallbacks,
) -> State:
    """Trains until the last epoch, EarlyStopping or a cancel.

    Args:
        directory: The run's folder. Checkpoints go there, and training resumes from the latest one.
        classes: Number of classes.

    Returns:
        The state at the end, with the best epoch's weights and predictions; no best where it was cancelled before the
        first epoch ended.
    """
    train = features.train
    head = new_head(train.width, classes, config)

    def train_on(state: State, batches: Sequence[NDArray[np.int64]]) -> Generator[Batch, None, None]:
        product = None
        generator = np.random.default_rng([config.seed, 3, state.epoch + 1])
        for number, (rows, inputs, following) in enumerate(_with_next(train, batches)):
            if product is None:
                product = head.product(inputs)
            rate = state.schedule.rate(state.epoch + number / len(batches))
            batch, product = head.step(inputs, product, train.labels[rows], rate, generator, following)
            yield batch

    images = features.validation.rows // (1 + copies_of(config, "validation"))
    start = State(0, *first_callbacks(config, images))
    stage = Stage(head, train_on, read_ahead, VALIDATION_BATCH, config.min_steps)
    with threadpool_limits(1, user_api="blas"):  # the head spreads its panels over the cores itself
        return train_epochs(directory, stage, features, config, start, config.epochs, callbacks)


def new_head(width: int, classes: int, config: TrainingConfig) -> Head:
    """The untrained head of a configuration."""
    return Head(width, classes, config.units, config.l2, config.dropout, config.seed)


def read_ahead(features: FeatureArray, batches: Sequence[NDArray[np.int64]]) -> Iterator[Columns]:
    """The features of each batch, read while the head trains on the ones before."""
    with ThreadPoolExecutor(1, "read") as reader:
        reads = (reader.submit(lambda rows: Columns.of(features.read(rows)), rows) for rows in batches)
        coming = deque(itertools.islice(reads, 2))
        while coming:
            yield coming.popleft().result()
            coming.extend(itertools.islice(reads, 1))


def _with_next(
    train: FeatureArray, batches: Sequence[NDArray[np.int64]]
) -> Iterator[tuple[NDArray[np.int64], Columns, Columns]]:
    """Each batch's rows, its features and the next batch's; no images after the last."""
    reads = read_ahead(train, [*batches, np.empty(0, np.int64)])
    features = next(reads)
    for rows, following in zip(batches, reads, strict=True):
        yield rows, features, following
        features = following
