"""What a trained model predicts for the copies, and at which strength it fails."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.augmentation import AugmentationConfig, Drawn, augment, describe
from core.datasets import Dataset
from core.errors import ImageError, PawlabError
from core.evaluation.words import as_percent
from core.inference.classifier import Classifier
from core.runs.run import Run
from pages.ui.augment import choice
from pages.ui.augment.choice import Image, Original
from pages.ui.augment.robustness import curve
from pages.ui.components.augmented import Copy, Row, augmented
from pages.ui.shared.classifier import classifier_of, usable_runs
from pages.ui.shared.run_chooser import choose_run, go_to_training
from pages.ui.shared.text import plain, show_error

_RUN = "augment_run"
Prediction = tuple[str, float]  # the most probable class and its probability


def with_a_run(
    config: AugmentationConfig,
    originals: Sequence[Original],
    copies: Sequence[Sequence[tuple[Image, Drawn]]],
    data: Dataset,
) -> None:
    """The predictions of a chosen run, and its curve of accuracy against strength."""
    runs, _ = usable_runs()
    if not runs:
        st.info("No trained model yet. Train one to see its predictions for these copies.")
        go_to_training(is_primary=False)
        return
    run = choose_run(runs, _RUN, help="All finished runs, newest first.")
    try:
        predictions(run, classifier_of(run), config, originals, copies, data)
    except PawlabError as error:
        show_error(error)
        return
    curve(run, config)


def predictions(
    run: Run,
    classifier: Classifier,
    config: AugmentationConfig,
    originals: Sequence[Original],
    copies: Sequence[Sequence[tuple[Image, Drawn]]],
    data: Dataset,
) -> None:
    """The preview's copies with the predicted class and its confidence under each."""
    side = classifier.image_size
    if (side, classifier.crop) != (choice.size(), choice.crop()):  # the same draws, of the model's own squares
        originals, copies = _as_model_input(classifier, config, originals, data)
    flat = [image for original, row in zip(originals, copies, strict=True) for image in (original.image, *_first(row))]
    labels = iter(_labels(classifier, np.stack(flat)))
    rows, num_wrong, num_labelled = [], 0, 0
    for original, row in zip(originals, copies, strict=True):
        known = original.label in classifier.classes
        label, confidence = next(labels)
        first = (f"{label} {as_percent(confidence)}", known and label != original.label)
        shown = []
        for image, drawn in row:
            label, confidence = next(labels)
            mistaken = known and label != original.label
            shown.append(Copy(image, describe(drawn), f"{label} {as_percent(confidence)}", mistaken))
            num_wrong, num_labelled = num_wrong + mistaken, num_labelled + known
        rows.append(Row(original.name, original.image, tuple(shown), *first))
    augmented(
        rows,
        "augment_predictions",
        heads=["Original", *(f"Copy {copy}" for copy in range(1, 1 + len(rows[0].copies)))],
        label="Predictions for each copy",
        hint="Under each image: the predicted class and its confidence. Misclassified images have a frame.",
        note=f"{side} px, the model's input size",
    )
    if num_labelled:
        correct = num_labelled - num_wrong
        st.caption(f"{plain(run.name)} classifies {correct} of {num_labelled} copies correctly.")
    else:
        st.caption(
            f"{plain(run.name)} was trained on {plain(', '.join(classifier.classes))}. These images have no such "
            "label, so the predictions cannot be checked."
        )


def _first(row: Sequence[tuple[Image, Drawn]]) -> list[Image]:
    return [image for image, _ in row]


def _labels(classifier: Classifier, images: Image) -> list[Prediction]:
    rows = classifier.predict(images)
    return [(classifier.classes[int(row.argmax())], float(row.max())) for row in rows]


def _as_model_input(
    classifier: Classifier, config: AugmentationConfig, originals: Sequence[Original], data: Dataset
) -> tuple[list[Original], list[list[tuple[Image, Drawn]]]]:
    """The same images and copies at the model's size and with its crop."""
    again, _ = choice.originals(data, (classifier.image_size, classifier.crop))
    if len(again) != len(originals):
        raise ImageError("An image can no longer be read")
    drawn = [
        [
            augment(original.image, config, choice.seed(), original.digest, copy)
            for copy in range(1, 1 + choice.copies())
        ]
        for original in again
    ]
    return again, drawn
