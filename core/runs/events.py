"""The events of `events.jsonl`: what each holds, and the check that one does.

A log may be damaged, or come with a folder from elsewhere. `damage` says what is wrong with an event before anything
counts on its fields; fields that are not named here are ignored.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic refuses that of typing before Python 3.12

from core.storage.models import problem_with

Event = dict[str, Any]
MOST_EPOCHS = 100_000
MOST_CLASSES = 10_000

Moment = Annotated[float, Field(ge=0, le=253_402_300_799, allow_inf_nan=False)]
"""Seconds since 1970, up to the year 9999."""
Seconds = Annotated[float, Field(ge=0, le=1e10, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Number = Annotated[int, Field(ge=1, le=MOST_EPOCHS)]
"""Of an epoch, from 1."""
Batch = Annotated[int, Field(ge=1, le=10**9)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=100_000)]


class _Said(TypedDict):
    time: Moment


class Status(_Said):
    """`status` is waiting, running, finished, cancelled or failed; `bad_input`: whether the user's input is the
    reason."""

    status: Annotated[str, Field(pattern="^(waiting|running|finished|cancelled|failed)$")]
    reason: NotRequired[Text]
    bad_input: NotRequired[bool]


class DataChanged(_Said):
    """The images are not those that the page showed when the run was started."""


class Phase(_Said):
    """data; weights or unfreeze; features; head or fine_tune; save."""

    phase: Text


class PhaseEnd(Phase):
    seconds: Seconds


class Expected(_Said):
    """How long the head and saving take after the features, roughly."""

    seconds: Seconds


class PassingImage(TypedDict):
    """An image that has just passed the base; `copy` is 0 for the original."""

    number: Count
    path: Text
    label: Text
    copy: Count


class Progress(Phase):
    done: Count
    total: Count
    image: NotRequired[PassingImage]


class BatchEnd(_Said):
    """Running means over the epoch, as Keras shows them."""

    epoch: Number
    batch: Batch
    batches: Batch
    loss: float
    accuracy: Share


class EpochEnd(_Said):
    """`samples`: for each image of the `samples` event the probability of each class."""

    epoch: Number
    loss: float
    accuracy: Share
    val_loss: float
    val_accuracy: Share
    penalty: NotRequired[float]
    learning_rate: Rate
    seconds: Seconds
    best: bool
    samples: NotRequired[list[list[float]]]


class SampleImage(TypedDict):
    path: Text
    label: Text


class Samples(_Said):
    """The validation images in `samples/`, 0.jpg the first."""

    classes: Annotated[list[Text], Field(max_length=MOST_CLASSES)]
    pictures: Annotated[list[SampleImage], Field(max_length=100)]


class FineTune(_Said):
    """`epoch`: the first of the second stage. Earlier events come from the first run."""

    epoch: Number
    layers: Batch
    learning_rate: Rate


class ReduceLR(_Said):
    """`learning_rate`: the new one, from the next epoch on."""

    epoch: Number
    learning_rate: Rate


class EarlyStop(_Said):
    epoch: Number
    best_epoch: Number


class Start(_Said):
    """`epoch`: the first that is trained from here; earlier events of it and of later epochs are void. `chooses`:
    whether the validation loss chooses the epoch that is kept; else it is the last."""

    epoch: Number
    chooses: NotRequired[bool]


KINDS = {
    "status": Status,
    "data_changed": DataChanged,
    "phase": Phase,
    "phase_end": PhaseEnd,
    "expected": Expected,
    "progress": Progress,
    "batch": BatchEnd,
    "epoch": EpochEnd,
    "samples": Samples,
    "fine_tune": FineTune,
    "reduce_lr": ReduceLR,
    "early_stop": EarlyStop,
    "start": Start,
}


def damage(event: Mapping[str, Any]) -> str:
    """What keeps this event from being read, as the end of a sentence that begins with its place: "has no epoch". ""
    where nothing does. A kind that a later version may write is no damage."""
    kind = event.get("event")
    if not isinstance(kind, str):
        return "does not say what happened"
    return problem_with(event, KINDS[kind]) if kind in KINDS else ""
