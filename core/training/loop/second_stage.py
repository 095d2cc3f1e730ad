"""A run that fine-tunes another one, and does not depend on it afterwards.

Its folder gets copies of the first run's settings, edits, model, validation predictions, sample images and curves. So
the first run can be renamed or deleted, and a killed second stage is resumed like any other run.
"""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from core.backbone.arrays import Arrays, digest_of
from core.backbone.provenance import Provenance, Weights
from core.config import Settings
from core.datasets import Dataset
from core.errors import ConfigError, PawlabError, RunError
from core.runs.fine_tuning import FineTuning, FineTuningConfig
from core.runs.history import Event, History
from core.runs.names import extended
from core.runs.run import ACTIVE, Run, load_run, new_folder
from core.runs.sample_images import FOLDER as SAMPLES
from core.runs.temperature import HIGHEST, LOWEST, with_temperature
from core.storage.files import read_json, write_json
from core.storage.npz import load_npz

if TYPE_CHECKING:
    from core.training.loop.checkpoint import Best

FOLDER = "start"
MODEL, PREDICTIONS, SUMMARY = "model.keras", "validation.npz", "run.json"


def fine_tune_run(first: Run, settings: FineTuningConfig, name: str = "") -> Run:
    """A new folder under `runs/` to fine-tune the best epoch of `first`; nothing runs yet.

    Raises:
        RunError: `first` has no model, is training, or is fine-tuned itself.
        PawlabError: The disk refuses.
    """
    summary, history = first.summary(), first.history()
    if first.fine_tuning:
        raise RunError(
            f"“{first.name}” is fine-tuned already",
            "a run whose base was frozen",
            f"Fine-tune “{first.fine_tuning.name}” again, with more layers or epochs",
        )
    if first.status(history) in ACTIVE:
        raise RunError(f"“{first.name}” is {first.status(history)}", "a run that has ended", "Wait, or stop it")
    if not history.epochs:
        raise RunError(f"The curves of “{first.name}” are lost", "its events.jsonl with at least one epoch")
    created = time.time()
    epochs = int(history.epochs[-1]["epoch"])
    stage = FineTuning(run=first.id, name=first.name, epochs=epochs, settings=settings)
    title = name or extended(first.name, ", fine-tuned")
    directory = new_folder(title, created)
    try:
        (directory / FOLDER).mkdir()
        for file in (MODEL, PREDICTIONS, SUMMARY):
            shutil.copyfile(first.directory / file, directory / FOLDER / file)
        if (first.directory / SAMPLES).is_dir():
            shutil.copytree(first.directory / SAMPLES, directory / SAMPLES)
        if (first.directory / "edits.json").is_file():
            shutil.copyfile(first.directory / "edits.json", directory / "edits.json")
        log = Run(directory, title, first.source, first.config, created).log
        log.extend([*_curves(history), begins(stage, created)])
        config = {"name": title, "source": first.source, "created": created}
        config |= {"settings": summary["settings"], "fine_tuning": stage.model_dump(mode="json")}
        write_json(directory / "config.json", config)  # last: a folder without it is no run
    except (OSError, KeyError) as error:
        shutil.rmtree(directory, ignore_errors=True)
        raise PawlabError(f"“{first.name}” cannot be copied: {error}", "a complete run and room on the disk") from error
    return load_run(directory)


class FirstStage(Settings):
    """What the second stage needs of the first one's `run.json`."""

    model_config = ConfigDict(extra="ignore")

    run: str
    name: str
    best_epoch: int
    val_accuracy: float
    val_loss: float
    temperature: float = Field(1.0, ge=LOWEST, le=HIGHEST)
    weights: Provenance
    fingerprint: str


@dataclass(frozen=True)
class Start:
    """What a second stage starts from: the `model` file, its summary, and the validation predictions before temperature
    scaling."""

    model: Path
    summary: FirstStage
    predictions: NDArray[np.float64]

    @property
    def loss(self) -> float:
        """The validation loss to beat."""
        return self.summary.val_loss

    def best(self, weights: dict[str, NDArray[np.float32]]) -> "Best":
        """The first stage's best epoch; `weights` are those of the model, as `Learner.weights` gives them."""
        from core.training.loop.checkpoint import Best  # with Numba, which a page that makes such a run does not need

        return Best(self.summary.best_epoch, weights, self.predictions)

    def weights(self, arrays: Arrays) -> Weights:
        """The base's weights in the model, with their provenance.

        Raises:
            RunError: They are not the ones that the first stage used.
        """
        provenance = self.summary.weights
        if digest_of(arrays) != provenance.digest:
            raise RunError("The base of the model does not match its run.json", "a model that Pawlab wrote")
        return Weights(arrays, provenance)

    def check(self, dataset: Dataset) -> None:
        """Raises RunError: the first stage was trained on other images."""
        if dataset.fingerprint != self.summary.fingerprint:
            raise RunError(
                f"The images of {dataset.name} have changed since {self.summary.name} was trained",
                "the same images, so that the scores of both stages compare",
                "Train a new run and fine-tune that",
            )

    def facts(self, stage: FineTuning) -> dict[str, Any]:
        """What `run.json` of the fine-tuned run says of its first stage and its settings."""
        origin = self.summary.model_dump(include={"run", "best_epoch", "val_accuracy", "val_loss"})
        return {
            "fine_tuned_from": origin | {"name": stage.name, "epochs": stage.epochs},
            "fine_tuning": stage.settings.model_dump(mode="json"),
        }


def load_start(run: Run) -> Start:
    """What `fine_tune_run` copied.

    Raises:
        RunError: It is gone or broken.
    """
    folder = run.directory / FOLDER
    try:
        summary = FirstStage.create(read_json(folder / SUMMARY))
        (predictions,) = load_npz(folder / PREDICTIONS, "probabilities")
        return Start(folder / MODEL, summary, with_temperature(predictions, 1 / summary.temperature))
    except (OSError, ValueError, IndexError, ConfigError) as error:
        raise RunError(
            f"The first stage of “{run.name}” is broken: {error}",
            "its folder start/ as Pawlab wrote it",
            "Fine-tune the first run again",
        ) from error


def drop_start(run: Run) -> None:
    """Removes `start/` of a finished run, whose own model is saved."""
    shutil.rmtree(run.directory / FOLDER, ignore_errors=True)


def _curves(history: History) -> list[Event]:
    """The events of the first stage in order, without those that a resume made void."""
    order = {"batch": 0, "epoch": 1, "reduce_lr": 2}
    points = [*history.batches, *history.epochs, *history.drops]
    points.sort(key=lambda point: (point["epoch"], order[point["event"]]))  # stable: batches keep their order
    return [*([history.samples] if history.samples else []), *points]


def begins(stage: FineTuning, created: float) -> Event:
    """The event between the epochs of the two stages."""
    settings = stage.settings
    facts = {"epoch": stage.first_epoch, "layers": settings.layers, "learning_rate": settings.learning_rate}
    return {"event": "fine_tune", "time": created, **facts}
