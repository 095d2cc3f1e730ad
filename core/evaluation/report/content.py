"""The content of a report on a run, gathered; `core.evaluation.report.html` writes it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.datasets.quality.report import balance_words
from core.datasets.source import DRAWN, resolve_source
from core.errors import ImageError
from core.evaluation.model_input import copy_of, model_input, to_jpeg
from core.evaluation.predictions import Predictions
from core.evaluation.splits import TEST, VALIDATION, SplitSummary, evaluate_on, has_test_split
from core.inference.grad_cam import Explainer, overlay
from core.jobs.progress import Progress, silent
from core.runs.choices import THRESHOLD
from core.runs.history import History
from core.runs.run import Run

MAX_ERRORS = 12
SIDE = 200  # pixels of an image in the report, at most


@dataclass(frozen=True)
class Misclassified:
    """A wrong prediction: its image, and the same with Grad-CAM over it, as JPEGs; b"" with `reason` where it cannot
    be shown."""

    path: str
    label: str
    prediction: str
    confidence: float
    copy: int
    image: bytes = b""
    evidence: bytes = b""
    reason: str = ""


@dataclass(frozen=True)
class Material:
    """Everything in a report.

    `about` is the run's run.json; `errors` are the most confident ones; `on` is what the scores are measured on, as in
    `core.evaluation.splits.score`. `test` has the scores on the test split, where there is one and `on` is the
    validation split.
    """

    run: Run
    about: dict[str, Any]
    history: History
    scores: SplitSummary
    threshold: float
    errors: tuple[Misclassified, ...]
    on: str = VALIDATION
    test: SplitSummary | None = None

    @property
    def images(self) -> str:
        """What the images are called: "validation images"."""
        return f"{self.on} images" if self.on in (VALIDATION, TEST) else "images"


def gather(run: Run, progress: Progress = silent, on: str | Path = VALIDATION) -> Material:
    """Reads and computes what the report shows.

    Args:
        progress: Reports the phases of `open_dataset` and `make_report`, "classify", and "report", in steps.
        on: "validation", "test", or other labelled images, as `core.evaluation.splits.score` takes them.

    Raises:
        RunError: The run has no model, or its files are broken.
        DatasetError: There are no such images; validation images that are gone leave the scores.
        Cancelled: From `progress`.
    """
    scores, test = evaluate_on(run, on, progress), None
    errors = _errors(run, scores, progress)
    if scores.scored and on == VALIDATION and has_test_split(run):
        test = evaluate_on(run, TEST, progress)
    progress("report", MAX_ERRORS + 1, MAX_ERRORS + 2)
    shown = str(on) if on in (VALIDATION, TEST) else resolve_source(on).shown
    return Material(run, run.summary(), run.history(), scores, THRESHOLD.of(run), tuple(errors), shown, test)


def caveats(material: Material) -> list[str]:
    """The limits of the scores, in sentences."""
    run, about, number = material.run, material.about, len(material.scores.predictions)
    sentences = [
        "A confidence interval covers chance only: how much the score would vary with other images of the same kind. "
        "Images from another camera, country or breed can score quite differently.",
    ]
    if material.on == VALIDATION:
        sentences.append(
            "The validation images also chose the best epoch and the drops of the learning rate, so the scores are "
            "slightly optimistic. "
            + (
                "The scores on the test split, which chose nothing, are the fairer ones."
                if material.test
                else "A test set that was used for nothing else would be a fairer judge."
            )
        )
    if about.get("status") == "cancelled":
        sentences.append("The run was stopped early: the model is the best one up to then.")
    if material.on == VALIDATION and run.config.augment_validation and run.config.copies:
        sentences.append(
            f"Augmented copies were scored too: the {number:,} predictions are of "
            f"{number // (1 + run.config.copies):,} images with {run.config.copies:,} copies each. Copies of one "
            "image are not independent, so every interval here is too narrow, and new photos arrive without "
            "augmentation."
        )
    elif number < 300:
        sentences.append(f"{number:,} {material.images} are few: look at the intervals, not just at the scores.")
    if run.source in DRAWN:
        sentences.append("The images are drawings made by Pawlab: the scores say nothing about photos.")
    if material.scores.clean is None:
        sentences.append("The images were not checked for leaks, so the scores may be too high.")
    elif material.scores.clean.leaks:
        sentences.append(
            f"{material.scores.clean.leaks:,} {material.images} have an exact or near duplicate among the training "
            "images."
        )
    if words := balance_words(about.get("counts", {}).get("train", {})):
        sentences.append(f"In training, {words}.")
    if any(about.get("edits", {}).values()):
        sentences.append(
            "Images were excluded or relabelled before training. Editing the images that a model gets wrong, and then "
            "scoring it on the same images, makes the scores too high."
        )
    sentences.append(
        "A confidence threshold makes the model decide less, not know more. It cannot spot unknown objects: a car may "
        f'get a confident "{material.scores.predictions.classes[0]}".'
    )
    sentences.append("The coloured images (Grad-CAM) show where the model looked, not why, and only coarsely.")
    return sentences


def _misclassified(predictions: Predictions, row: int, copy: int, path: str = "", **images: Any) -> Misclassified:
    label, prediction = predictions.classes[predictions.labels[row]], predictions.classes[predictions.best[row]]
    return Misclassified(path, label, prediction, float(predictions.confidence[row]), copy, **images)


def _errors(run: Run, scores: SplitSummary, progress: Progress) -> list[Misclassified]:
    errors: list[Misclassified] = []
    predictions, scored = scores.predictions, scores.scored
    rows = predictions.misclassified[:MAX_ERRORS].tolist()
    if scored is None:
        return [_misclassified(predictions, row, copy_of(run, row)) for row in rows]
    explainer = Explainer.open(run) if rows else None
    for row in rows:
        progress("report", len(errors), MAX_ERRORS + 2)
        record, copy = scored.records[row], scored.copy_of(run, row)
        images: dict[str, Any] = {}
        try:
            square = model_input(run, scored.dataset, record, copy)
        except ImageError as error:
            images["reason"] = error.received
        else:
            assert explainer is not None
            shown = overlay(square, explainer.explain(square, int(predictions.best[row])), 0.45)
            images = {"image": _small(square), "evidence": _small(shown)}
        errors.append(_misclassified(predictions, row, copy, record.path, **images))
    return errors


def _small(image: NDArray[np.uint8]) -> bytes:
    shrunk = Image.fromarray(image)
    shrunk.thumbnail((SIDE, SIDE))
    return to_jpeg(np.asarray(shrunk))
