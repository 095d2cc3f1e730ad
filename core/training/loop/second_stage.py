"""A run that fine-tunes another: made from it, with all that it needs, and then independent of it.

The new run's folder gets copies of the other's settings, edits, model, validation answers, sample pictures and curves.
So the first one can be compared, renamed or deleted as any run can, and one that was killed is resumed like any other.
"""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.backbone.arrays import Arrays, digest_of
from core.backbone.provenance import Provenance, Weights
from core.datasets import Dataset
from core.errors import PawlabError, RunError
from core.files import read_json, write_json
from core.npz import load_npz
from core.training.fine_tuning import FineTuning, FineTuningConfig
from core.training.history import Event, History
from core.training.labels import extended
from core.training.runs import ACTIVE, Run, load_run, new_folder
from core.training.samples import FOLDER as SAMPLES

if TYPE_CHECKING:
    from core.training.checkpoint import Best

FOLDER = "start"
MODEL, ANSWERS, SUMMARY = "model.keras", "validation.npz", "run.json"


def fine_tune_run(first: Run, settings: FineTuningConfig, name: str = "") -> Run:
    """A new folder under `runs/` that goes on from the best epoch of `first`; nothing runs yet.

    Raises:
        RunError: `first` has no model, is at work, or is fine-tuned itself.
        PawlabError: The disk refuses.
    """
    summary, history = first.summary(), first.history()
    if first.fine_tuning:
        raise RunError(
            f"The run {first.id} is fine-tuned already",
            "a run whose base was frozen",
            f"Fine-tune {first.fine_tuning.run} again, with more layers or epochs",
        )
    if first.status(history) in ACTIVE:
        raise RunError(f"The run {first.id} is {first.status(history)}", "a run that has ended", "Wait, or stop it")
    if not history.epochs:
        raise RunError(f"The curves of the run {first.id} are lost", "its events.jsonl with an epoch or more")
    created = time.time()
    stage = FineTuning(first.id, first.name, int(history.epochs[-1]["epoch"]), settings)
    title = name or extended(first.name, ", fine-tuned")
    directory = new_folder(title, created)
    try:
        (directory / FOLDER).mkdir()
        for file in (MODEL, ANSWERS, SUMMARY):
            shutil.copyfile(first.directory / file, directory / FOLDER / file)
        if (first.directory / SAMPLES).is_dir():
            shutil.copytree(first.directory / SAMPLES, directory / SAMPLES)
        if (first.directory / "edits.json").is_file():
            shutil.copyfile(first.directory / "edits.json", directory / "edits.json")
        log = Run(directory, title, first.source, first.config, created).log
        log.extend([*_curves(history), begins(stage, created)])
        asked = {"name": title, "source": first.source, "created": created}
        asked |= {"settings": summary["settings"], "fine_tuning": stage.to_json()}
        write_json(directory / "config.json", asked)  # last: a folder without it is no run
    except (OSError, KeyError) as error:
        shutil.rmtree(directory, ignore_errors=True)
        raise PawlabError(
            f"The run {first.id} cannot be copied: {error}", "a whole run and room on the disk"
        ) from error
    return load_run(directory)


@dataclass(frozen=True)
class Start:
    """What a second stage starts from: the `model` file, and what is known of it."""

    model: Path
    summary: dict[str, Any]
    answers: NDArray[np.float32]

    @property
    def loss(self) -> float:
        """The validation loss that is to be beaten."""
        return float(self.summary["val_loss"])

    def best(self, weights: dict[str, NDArray[np.float32]]) -> "Best":
        """The first stage's best epoch; `weights` are those of the model, as `Learner.weights` gives them."""
        from core.training.checkpoint import Best  # with Numba, which a page that makes such a run does not need

        return Best(int(self.summary["best_epoch"]), weights, self.answers)

    def weights(self, arrays: Arrays) -> Weights:
        """The base's weights in the model, with their provenance.

        Raises:
            RunError: They are not the ones that the first stage used.
        """
        provenance = Provenance(**self.summary["weights"])
        if digest_of(arrays) != provenance.digest:
            raise RunError("The model to fine-tune has another base than its summary says", "a model that Pawlab wrote")
        return Weights(arrays, provenance)

    def check(self, dataset: Dataset) -> None:
        """Raises RunError: the first stage saw other pictures."""
        if dataset.fingerprint != self.summary["fingerprint"]:
            raise RunError(
                f"The pictures of {dataset.name} have changed since {self.summary['name']} was trained",
                "the same pictures, since the two stages' scores are compared",
                "Train a new run and fine-tune that",
            )

    def facts(self, stage: FineTuning) -> dict[str, Any]:
        """What the summary of the fine-tuned run says of its origin and its settings."""
        origin = {key: self.summary[key] for key in ("run", "best_epoch", "val_accuracy", "val_loss")}
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
        summary = read_json(folder / SUMMARY)
        (answers,) = load_npz(folder / ANSWERS, "probabilities")
        for key in ("run", "name", "best_epoch", "val_accuracy", "val_loss", "weights", "fingerprint"):
            summary[key]
        return Start(folder / MODEL, summary, answers)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"What the run {run.id} starts from is broken: {error}",
            "its folder start/ as Pawlab wrote it",
            "Fine-tune the first run again",
        ) from error


def drop_start(run: Run) -> None:
    """Removes it: for a finished run, whose own model is saved."""
    shutil.rmtree(run.directory / FOLDER, ignore_errors=True)


def _curves(history: History) -> list[Event]:
    """The points of the first stage, in the order in which they happened, without what its resumes made void."""
    order = {"batch": 0, "epoch": 1, "reduce_lr": 2}
    points = [*history.batches, *history.epochs, *history.drops]
    points.sort(key=lambda point: (point["epoch"], order[point["event"]]))  # stable: batches keep their order
    return [*([history.samples] if history.samples else []), *points]


def begins(stage: FineTuning, created: float) -> Event:
    """The event that stands between the epochs of the two stages."""
    settings = stage.settings
    facts = {"epoch": stage.first_epoch, "layers": settings.layers, "learning_rate": settings.learning_rate}
    return {"event": "fine_tune", "time": created, **facts}
