"""`run.json` of a bundle: the run, validated, without private details.

Left out on purpose: paths on this machine (of data, weights and the run), names of images, processes.
"""

import math
from dataclasses import asdict
from pathlib import PurePath
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from core.backbone.neighbours import NEVER
from core.config import Settings
from core.datasets.source import WORDS, address_name
from core.errors import PawlabError, RunError
from core.net.addresses import is_address
from core.runs.choices import LEVEL, LEVELS, MAX_REJECTION, REJECTION, THRESHOLD
from core.runs.fine_tuning import FineTuning, FineTuningConfig
from core.runs.limits import frozen_base, neighbours_of
from core.runs.run import Run
from core.runs.sets import sets_at
from core.runs.settings import TrainingConfig
from core.runs.temperature import HIGHEST, LOWEST, temperature_of

MAX_BYTES = 8 * 2**20  # of the file
MAX_NAME = 200
Share = Field(ge=0, le=1)
Digest = Field(pattern=r"^[0-9a-f]{64}$")


class Epoch(Settings):
    """One epoch of training, as `core.runs.history` has it."""

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
    """Where the weights of the base model come from."""

    source: str = Field(max_length=MAX_NAME)
    location: str = Field(max_length=2000)
    digest: str = Digest
    file_sha256: str = Digest
    description: str = Field(max_length=2000)


class FirstStage(Settings):
    """The run that a fine-tuned one continued, which need not exist any more."""

    run: str = Field(min_length=1, max_length=MAX_NAME)
    name: str = Field(min_length=1, max_length=MAX_NAME)
    epochs: int = Field(ge=1, le=100_000)
    best_epoch: int = Field(ge=1)
    val_accuracy: float = Share
    val_loss: float


class Unlike(Settings):
    """When an image is unlike the training images (`core.backbone.neighbours`): the share of images like them that may
    be, and the distance that follows from it."""

    rejection: float = Field(ge=0, le=MAX_REJECTION)
    cut: float = Field(ge=0, le=NEVER)


class Sets(Settings):
    """Which classes an image may show (`core.runs.sets`): those with a probability of `cutoff` or more."""

    level: float
    cutoff: float = Share

    @field_validator("level")
    @classmethod
    def _known(cls, level: float) -> float:
        if level not in LEVELS:
            raise ValueError(f"one of {LEVELS}")
        return level


class Manifest(Settings):
    """Everything about a run that a reader of the bundle may know and an import needs."""

    format: Literal["pawlab bundle"] = "pawlab bundle"
    version: Literal[1] = 1
    name: str = Field(min_length=1, max_length=MAX_NAME)
    data: str = Field(max_length=MAX_NAME)
    """Name of the dataset: "sample", "cats_and_dogs", or the last part of a path or address."""
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
    temperature: float = Field(1.0, ge=LOWEST, le=HIGHEST)
    """By which all logits of the models are divided (`core.runs.temperature`); 1 in bundles from before version 0.2."""
    keras_onnx_difference: float = Field(ge=0)
    threshold: float = Share
    unlike: Unlike | None = None
    """None for a run that cannot tell, such as one from before version 0.2."""
    sets: Sets | None = None
    """None where too few validation images promise none, and in bundles from before version 0.2."""
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
            raise ValueError("the settings of fine-tuning and the run that it continued, or neither")
        if not {"train", "validation"} <= set(self.counts) <= {"train", "validation", "test"}:
            raise ValueError("counts of train and validation")
        if any(set(of_class) != set(self.classes) for of_class in self.counts.values()):
            raise ValueError("counts of each class")
        numbers = [*self.edits.values(), *(number for of_class in self.counts.values() for number in of_class.values())]
        if any(number < 0 for number in numbers) or not self.images("validation"):
            raise ValueError("counts of 0 or more, and images to validate on")
        return self

    @property
    def second_stage(self) -> FineTuning | None:
        """`Run.fine_tuning` of the run."""
        if self.fine_tuning is None or self.fine_tuned_from is None:
            return None
        first = self.fine_tuned_from
        return FineTuning(run=first.run, name=first.name, epochs=first.epochs, settings=self.fine_tuning)

    def images(self, split: str) -> int:
        return sum(self.counts[split].values())


def manifest_of(run: Run) -> Manifest:
    """The manifest of a run with a model.

    Raises:
        RunError: The run has no model, or its files are broken.
    """
    summary = run.summary()
    try:
        weights = {key: summary["weights"][key] for key in BaseWeights.model_fields}
        if weights["source"] != "package index":  # a path on this machine, or an address of a mirror
            weights["location"] = PurePath(str(weights["location"]).replace("\\", "/")).name
        same = ("classes", "counts", "edits", "fingerprint", "best_epoch", "epochs", "val_accuracy", "val_loss")
        epochs, sets = run.history().epochs, sets_at(run, LEVEL.of(run))
        values: dict[str, Any] = {key: summary[key] for key in same}
        return Manifest.create(
            {
                **values,
                "name": run.name[:MAX_NAME],
                "data": data_name(run.source),
                "created": run.created,
                "status": summary["status"],
                "temperature": temperature_of(summary),
                "keras_onnx_difference": summary["keras_onnx_difference"],
                "threshold": THRESHOLD.of(run),
                "unlike": _unlike(run),
                "sets": sets and asdict(sets),
                "settings": run.config.model_dump(mode="json"),
                "fine_tuning": summary.get("fine_tuning"),
                "fine_tuned_from": summary.get("fine_tuned_from"),
                "weights": weights,
                "versions": summary["versions"],
                "seconds": {name: value for name, value in summary["seconds"].items() if math.isfinite(value)},
                "history": [{key: event[key] for key in Epoch.model_fields if key in event} for event in epochs],
            }
        )
    except (KeyError, TypeError, AttributeError, PawlabError) as error:
        raise RunError(f"The summary of the run {run.id} is broken: {error}", "run.json as Pawlab wrote it") from error


def _unlike(run: Run) -> dict[str, float] | None:
    try:
        frozen_base(run)
        cut = neighbours_of(run).cut(rejection := REJECTION.of(run))
    except RunError:  # the model is none the worse for it
        return None
    return {"rejection": rejection, "cut": cut}


def data_name(source: str) -> str:
    """Name of a run's dataset in a bundle, without folders of this machine or addresses."""
    if source in WORDS:
        return source
    name = address_name(source) if is_address(source) else PurePath(source.replace("\\", "/")).name
    return (name or "data")[:MAX_NAME]
