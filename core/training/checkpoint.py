"""The whole state of a run after an epoch, so that a killed run goes on as if nothing had happened.

Two are kept: the latest, to resume from, and the best, whose weights become the model. Nothing random needs saving:
shuffling and dropout draw from generators seeded by run and epoch.
"""

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from core.files import atomic_folder, read_json, write_json
from core.training.head import MOVING, TRAINED, Floats, Head
from core.training.schedule import EarlyStopping, ReduceLROnPlateau


@dataclass
class Progress:
    """How far a run is, apart from the head's arrays: the last finished epoch and what the callbacks remember."""

    epoch: int
    early_stopping: EarlyStopping
    plateau: ReduceLROnPlateau


def save_checkpoint(directory: Path, head: Head, progress: Progress) -> None:
    """Writes `checkpoint-<epoch>` whole, then drops those that are neither the latest nor the best."""
    with atomic_folder(_folder(directory, progress.epoch)) as target:
        for name, values in head.arrays.items():
            np.save(target / f"{name}.npy", values)
        state = {
            "steps": head.steps,
            "epoch": progress.epoch,
            "early_stopping": asdict(progress.early_stopping),
            "plateau": asdict(progress.plateau),
        }
        write_json(target / "state.json", state)
    keep = {progress.epoch, progress.early_stopping.best_epoch}
    for epoch in _epochs(directory):
        if epoch not in keep:
            shutil.rmtree(_folder(directory, epoch))


def load_checkpoint(directory: Path, head: Head) -> Progress:
    """Brings `head` to the latest checkpoint. Raises FileNotFoundError when there is none."""
    epochs = _epochs(directory)
    if not epochs:
        raise FileNotFoundError(f"{directory} holds no checkpoint")
    folder = _folder(directory, max(epochs))
    state = read_json(folder / "state.json")
    for name, values in head.arrays.items():
        values[...] = np.load(folder / f"{name}.npy", allow_pickle=False)
    head.steps = state["steps"]
    return Progress(state["epoch"], EarlyStopping(**state["early_stopping"]), ReduceLROnPlateau(**state["plateau"]))


def load_weights(directory: Path, epoch: int) -> dict[str, Floats]:
    """The head's weights after `epoch`, without Adam's moments."""
    return {
        name: np.load(_folder(directory, epoch) / f"{name}.npy", allow_pickle=False) for name in (*TRAINED, *MOVING)
    }


def drop_checkpoints(directory: Path) -> None:
    """Removes every checkpoint: for a finished run, whose model is saved."""
    for epoch in _epochs(directory):
        shutil.rmtree(_folder(directory, epoch))


def _folder(directory: Path, epoch: int) -> Path:
    return directory / f"checkpoint-{epoch}"


def _epochs(directory: Path) -> list[int]:
    return [
        int(folder.name.removeprefix("checkpoint-")) for folder in directory.glob("checkpoint-*") if folder.is_dir()
    ]
