"""The whole state of a run after an epoch, so that a killed run goes on as if nothing had happened.

Only the latest is kept. It holds what is trained with Adam's moments, what the callbacks remember, and the best epoch's
weights and validation predictions. Nothing random needs saving: shuffling and dropout draw from generators seeded by
run and epoch.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.storage.files import atomic_folder, write_json
from core.storage.models import load_model
from core.training.head.fused_step import Floats
from core.training.head.head import Batch
from core.training.schedule import EarlyStopping, Schedule

FACTS = "state.json"


class Learner(Protocol):
    """What is trained: the head, or in the second stage the last layers of the base with it."""

    @property
    def steps(self) -> int:
        """Updates so far."""

    @property
    def arrays(self) -> Mapping[str, Floats]:
        """The whole state by name, with Adam's moments. May be copies."""

    def restore(self, arrays: Mapping[str, Floats], steps: int) -> None:
        """Takes over a state that `arrays` and `steps` gave."""

    def weights(self) -> dict[str, Floats]:
        """Copies of what a saved model needs; names may be those of `arrays`."""

    def evaluate(self, batch: Any, labels: NDArray[np.int64], /) -> tuple[Batch, NDArray[np.float64]]:
        """The scores of a batch, whatever a `Reader` gives, in inference mode, and its probabilities, float64."""


class _Stored(Mapping[str, Floats]):
    """Arrays in a folder, read when asked for: never two copies of a large one in memory."""

    def __init__(self, folder: Path, names: Iterable[str], prefix: str = "") -> None:
        self._folder, self._names, self._prefix = folder, list(names), prefix

    def __getitem__(self, name: str) -> Floats:
        return _load(self._folder / _file(self._prefix + name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass
class Best:
    """The epoch with the lowest validation loss: its weights, and its probabilities, float64 (rows, outputs)."""

    epoch: int
    weights: dict[str, Floats]
    probabilities: NDArray[np.float64]


@dataclass
class State:
    """How far a run is, apart from the learner's arrays: the last finished epoch and what the callbacks remember."""

    epoch: int
    early_stopping: EarlyStopping
    schedule: Schedule
    best: Best | None = None


@dataclass(frozen=True)
class _Facts:
    """The numbers of a checkpoint that are no arrays, as `state.json` holds them."""

    steps: int
    epoch: int
    best_epoch: int
    early_stopping: EarlyStopping
    plateau: Schedule  # called so since the first version, which knew no other


def save_checkpoint(directory: Path, learner: Learner, state: State) -> None:
    """Writes `checkpoint-<epoch>` whole, then drops those before it."""
    best = state.best
    assert best is not None, "a checkpoint follows an epoch, and the first epoch is the best so far"
    with atomic_folder(directory / f"checkpoint-{state.epoch}") as target:
        for name, values in learner.arrays.items():
            np.save(target / _file(name), values)
        np.save(target / "best.probabilities.npy", best.probabilities)
        if best.epoch != state.epoch:  # else they are the learner's own
            for name, values in best.weights.items():
                np.save(target / _file(f"best.{name}"), values)
        facts = _Facts(learner.steps, state.epoch, best.epoch, state.early_stopping, state.schedule)
        write_json(target / FACTS, asdict(facts))
    for epoch in _epochs(directory):
        if epoch != state.epoch:
            shutil.rmtree(directory / f"checkpoint-{epoch}")


def load_checkpoint(directory: Path, learner: Learner) -> State:
    """Brings `learner` to the latest checkpoint. Raises FileNotFoundError when there is none."""
    epochs = _epochs(directory)
    if not epochs:
        raise FileNotFoundError(f"{directory} holds no checkpoint")
    folder = directory / f"checkpoint-{max(epochs)}"
    facts = load_model(folder / FACTS, _Facts)
    learner.restore(_Stored(folder, learner.arrays), facts.steps)
    weights = learner.weights()
    if facts.best_epoch != facts.epoch:
        weights = dict(_Stored(folder, weights, "best."))
    best = Best(facts.best_epoch, weights, _load(folder / "best.probabilities.npy").astype(np.float64))
    return State(facts.epoch, facts.early_stopping, facts.plateau, best)


def drop_checkpoints(directory: Path) -> None:
    """Removes every checkpoint: for a finished run, whose model is saved."""
    for epoch in _epochs(directory):
        shutil.rmtree(directory / f"checkpoint-{epoch}")


def _epochs(directory: Path) -> list[int]:
    return [int(folder.name.removeprefix("checkpoint-")) for folder in directory.glob("checkpoint-*")]


def _file(name: str) -> str:
    return f"{name.replace('/', ',')}.npy"


def _load(path: Path) -> Floats:
    values: Floats = np.load(path, allow_pickle=False)
    return values
