"""The whole state of a run after an epoch, so that a killed run goes on as if nothing had happened.

One is kept: the latest. It holds the head with Adam's moments, what the callbacks remember, and the best epoch's
weights and validation predictions. Nothing random needs saving: shuffling and dropout draw from generators seeded by
run and epoch.
"""

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from core.files import atomic_folder, read_json, write_json
from core.training.head import Head
from core.training.schedule import EarlyStopping, ReduceLROnPlateau
from core.training.sweep import Floats


@dataclass
class Best:
    """The epoch with the lowest validation loss: its weights, and its probabilities, float32 (rows, outputs)."""

    epoch: int
    weights: dict[str, Floats]
    probabilities: Floats


@dataclass
class State:
    """How far a run is, apart from the head's arrays: the last finished epoch and what the callbacks remember."""

    epoch: int
    early_stopping: EarlyStopping
    plateau: ReduceLROnPlateau
    best: Best | None = None


def save_checkpoint(directory: Path, head: Head, state: State) -> None:
    """Writes `checkpoint-<epoch>` whole, then drops those before it."""
    best = state.best
    assert best is not None, "a checkpoint follows an epoch, and the first epoch is the best so far"
    with atomic_folder(directory / f"checkpoint-{state.epoch}") as target:
        for name, values in head.arrays.items():
            np.save(target / f"{name}.npy", values)
        np.save(target / "best.probabilities.npy", best.probabilities)
        if best.epoch != state.epoch:  # else they are the head's own
            for name, values in best.weights.items():
                np.save(target / f"best.{name}.npy", values)
        facts = {
            "steps": head.steps,
            "epoch": state.epoch,
            "best_epoch": best.epoch,
            "early_stopping": asdict(state.early_stopping),
            "plateau": asdict(state.plateau),
        }
        write_json(target / "state.json", facts)
    for epoch in _epochs(directory):
        if epoch != state.epoch:
            shutil.rmtree(directory / f"checkpoint-{epoch}")


def load_checkpoint(directory: Path, head: Head) -> State:
    """Brings `head` to the latest checkpoint. Raises FileNotFoundError when there is none."""
    epochs = _epochs(directory)
    if not epochs:
        raise FileNotFoundError(f"{directory} holds no checkpoint")
    folder = directory / f"checkpoint-{max(epochs)}"
    facts = read_json(folder / "state.json")
    for name, values in head.arrays.items():
        values[...] = _load(folder / f"{name}.npy")
    head.steps = facts["steps"]
    weights = head.weights()
    if facts["best_epoch"] != facts["epoch"]:
        weights = {name: _load(folder / f"best.{name}.npy") for name in weights}
    best = Best(facts["best_epoch"], weights, _load(folder / "best.probabilities.npy"))
    early_stopping, plateau = EarlyStopping(**facts["early_stopping"]), ReduceLROnPlateau(**facts["plateau"])
    return State(facts["epoch"], early_stopping, plateau, best)


def drop_checkpoints(directory: Path) -> None:
    """Removes every checkpoint: for a finished run, whose model is saved."""
    for epoch in _epochs(directory):
        shutil.rmtree(directory / f"checkpoint-{epoch}")


def _epochs(directory: Path) -> list[int]:
    return [int(folder.name.removeprefix("checkpoint-")) for folder in directory.glob("checkpoint-*")]


def _load(path: Path) -> Floats:
    values: Floats = np.load(path, allow_pickle=False)
    return values
