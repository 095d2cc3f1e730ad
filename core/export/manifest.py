"""`run.json` of a bundle: what is said of the run, validated, and without what is nobody else's business.

Left out on purpose: paths on this machine (of data, weights and the run), names of pictures, processes.
"""

import math
from pathlib import PurePath
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from core.config import Settings
from core.datasets.public import published
from core.datasets.remote import is_remote, name_of
from core.datasets.sources import SAMPLE
from core.errors import PawlabError, RunError
from core.evaluation.chosen import chosen_threshold
from core.training.fine_tuning import FineTuning, FineTuningConfig
from core.training.history import Event
from core.training.recipe import TrainingConfig
from core.training.runs import Run

MAX_BYTES = 8 * 2**20  # of the file
MAX_NAME = 200
Share = Field(ge=0, le=1)
Digest = Field(pattern=r"^[0-9a-f]{64}$")


class Epoch(Settings):
    """One epoch of training, as `core.training.history` has it."""

    epoch: int = Field(ge=1, le=100_000)
    loss: float
    accuracy: float = Share
    val_loss: float
    val_accuracy: float = Share
    penalty: float = 0.0
    learning_rate: float = Field(ge=0)
    seconds: float = Field(0.0, ge=0)
    best: bool = False


class BaseWeights(Settings):
    """Where the base's numbers come from."""

    source: str = Field(max_length=MAX_NAME)
    location: str = Field(max_length=2000)
    digest: str = Digest
    file_sha256: str = Digest
    description: str = Field(max_length=2000)


class FirstStage(Settings):
    """The run that a fine-tuned one went on from: nothing is read from it any more."""

    run: str = Field(min_length=1, max_length=MAX_NAME)
    name: str = Field(min_length=1, max_length=MAX_NAME)
    epochs: int = Field(ge=1, le=100_000)
    best_epoch: int = Field(ge=1)
    val_accuracy: float = Share
    val_loss: float


class Manifest(Settings):
    """Everything about a run that a reader of the bundle may know, and that an import needs."""

    format: Literal["pawlab bundle"] = "pawlab bundle"
    version: Literal[1] = 1
    name: str = Field(min_length=1, max_length=MAX_NAME)
    data: str = Field(max_length=MAX_NAME)
    """What the data were called: "sample", "cats_and_dogs", or the last part of a path or address."""
    created: float = Field(ge=0, le=1e11)
    status: Literal["finished", "cancelled"]
    classes: tuple[str, ...] = Field(min_length=2, max_length=10_000)
    counts: dict[str, dict[str, int]]
    edits: dict[str, int]
    fingerprint: str = Digest
    best_epoch: int = Field(ge=1)
    epochs: int = Field(ge=1)
    val_accuracy: float = Share
    val_loss: float
    keras_onnx_difference: float = Field(ge=0)
    threshold: float = Share
    settings: TrainingConfig
    fine_tuning: FineTuningConfig | None = None
    fine_tuned_from: FirstStage | None = None
    weights: BaseWeights
    versions: dict[str, str]
    seconds: dict[str, float]
    history: tuple[Epoch, ...] = Field(max_length=10_000)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(set(self.classes)) != len(self.classes) or any(len(name) > 255 for name in self.classes):
            raise ValueError("classes with different names of at most 255 characters")
        if (self.fine_tuning is None) != (self.fine_tuned_from is None):
            raise ValueError("the settings of fine-tuning and the run that it went on from, or neither")
        if not {"train", "validation"} <= set(self.counts) <= {"train", "validation", "test"}:
            raise ValueError("counts of train and validation")
        if any(set(of_class) != set(self.classes) for of_class in self.counts.values()):
            raise ValueError("counts of each class")
        numbers = [*self.edits.values(), *(number for of_class in self.counts.values() for number in of_class.values())]
        if any(number < 0 for number in numbers) or not self.pictures("validation"):
            raise ValueError("counts of 0 or more, and pictures to validate on")
        return self

    @property
    def second_stage(self) -> FineTuning | None:
        """`Run.fine_tuning` of the run."""
        if self.fine_tuning is None or self.fine_tuned_from is None:
            return None
        first = self.fine_tuned_from
        return FineTuning(first.run, first.name, first.epochs, self.fine_tuning)

    def pictures(self, split: str) -> int:
        return sum(self.counts[split].values())


def manifest_of(run: Run) -> Manifest:
    """What a bundle says of a run with a model.

    Raises:
        RunError: The run has no model, or what it left is broken.
    """
    summary = run.summary()
    try:
        weights = {key: summary["weights"][key] for key in BaseWeights.model_fields}
        if weights["source"] != "package index":  # a path on this machine, or an address of a mirror
            weights["location"] = PurePath(str(weights["location"]).replace("\\", "/")).name
        same = ("classes", "counts", "edits", "fingerprint", "best_epoch", "epochs", "val_accuracy", "val_loss")
        values: dict[str, Any] = {key: summary[key] for key in same}
        return Manifest.create(
            {
                **values,
                "name": run.name[:MAX_NAME],
                "data": data_name(run.source),
                "created": run.created,
                "status": summary["status"],
                "keras_onnx_difference": summary["keras_onnx_difference"],
                "threshold": chosen_threshold(run),
                "settings": run.config.model_dump(mode="json"),
                "fine_tuning": summary.get("fine_tuning"),
                "fine_tuned_from": summary.get("fine_tuned_from"),
                "weights": weights,
                "versions": summary["versions"],
                "seconds": {name: value for name, value in summary["seconds"].items() if math.isfinite(value)},
                "history": [_epoch(event) for event in run.history().epochs],
            }
        )
    except (KeyError, TypeError, AttributeError, PawlabError) as error:
        raise RunError(f"The summary of the run {run.id} is broken: {error}", "run.json as Pawlab wrote it") from error


def data_name(source: str) -> str:
    """What a bundle calls a run's data: no folder of this machine and no address."""
    if source == SAMPLE or published(source) is not None:
        return source
    name = name_of(source) if is_remote(source) else PurePath(source.replace("\\", "/")).name
    return (name or "data")[:MAX_NAME]


def _epoch(event: Event) -> dict[str, Any]:
    return {key: event[key] for key in Epoch.model_fields if key in event}
