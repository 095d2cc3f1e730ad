"""`run.json`, what a run that left a model says about itself: the fields that everybody may count on."""

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from core.runs.events import Count, Number, Seconds, Share, Text
from core.storage.models import problem_with

Counts = dict[str, dict[str, Count]]


class FirstStage(TypedDict):
    """The run that a fine-tuned one continued."""

    epochs: Number
    best_epoch: Number
    val_accuracy: Share
    val_loss: float


class SecondStage(TypedDict):
    layers: Count
    epochs: Number
    learning_rate: float


class RunSummary(TypedDict):
    """`counts` are images by split and class; `val_loss` has the L2 penalty, and is from before the logits were divided
    by `temperature` (`core.runs.temperature`). Other fields may stand beside these."""

    classes: Annotated[list[Text], Field(min_length=2, max_length=10_000)]
    counts: Counts
    best_epoch: Number
    val_accuracy: Share
    val_loss: float
    temperature: NotRequired[Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]]
    status: NotRequired[Text]
    seconds: NotRequired[dict[str, Seconds]]
    settings: dict[str, Any]
    edits: NotRequired[dict[str, Count]]
    fingerprint: NotRequired[Text]
    versions: NotRequired[dict[str, Text]]
    fine_tuning: NotRequired[SecondStage | None]
    fine_tuned_from: NotRequired[FirstStage | None]


def check_summary(value: Any) -> dict[str, Any]:
    """`value`, if it is a `RunSummary`.

    Raises:
        ValueError: It is not; the message names the first field that is wrong.
    """
    if wrong := problem_with(value, RunSummary):
        raise ValueError(f"it {wrong}")
    return dict(value)
