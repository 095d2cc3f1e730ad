"""What a trained model says of the copies, and from which strength on it fails."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.augmentation import AugmentationConfig, Drawn, augment, describe
from core.datasets import Dataset
from core.errors import ImageError, PawlabError
from core.inference.classifier import Classifier
from core.training.runs import Run
from pages.ui import augment_choice as choice
from pages.ui.augment_choice import Image, Original
from pages.ui.augment_robustness import curve
from pages.ui.augmented import Copy, Row, augmented
from pages.ui.classifier import classifier_of, usable_runs
from pages.ui.run_chooser import choose_run
from pages.ui.words import plain, show_error

_RUN = "augment_run"
Answer = tuple[str, float]  # the most probable class and its probability


def with_a_run(
    config: AugmentationConfig,
    originals: Sequence[Original],
    copies: Sequence[Sequence[tuple[Image, Drawn]]],
    found: Dataset,
) -> None:
    """The answers of a chosen run, and its curve of accuracy against strength."""
    runs, _ = usable_runs()
    if not runs:
        st.info("No finished run yet. Train one, and see here from which strength on it fails.")
        st.page_link("train.py", label="Go to Training", help="A run with the preset Fast takes a minute or two.")
        return
    run = choose_run(runs, _RUN, help="All finished runs, newest first.")
    try:
        answers(run, classifier_of(run), config, originals, copies, found)
    except PawlabError as error:
        show_error(error)
        return
    curve(run, config)


def answers(
    run: Run,
    classifier: Classifier,
    config: AugmentationConfig,
    originals: Sequence[Original],
    copies: Sequence[Sequence[tuple[Image, Drawn]]],
    found: Dataset,
) -> None:
    """The preview's copies with the run's label and confidence beneath each."""
    side = classifier.image_size
    if side != choice.size():  # the run's network takes pictures of its own size: the same draws, at that size
        originals, copies = _at_size(side, config, originals, found)
    flat = [image for original, row in zip(originals, copies, strict=True) for image in (original.image, *_first(row))]
    told = iter(_labels(classifier, np.stack(flat)))
    rows, wrong, num = [], 0, 0
    for original, row in zip(originals, copies, strict=True):
        known = original.label in classifier.classes
        label, confidence = next(told)
        first = (f"{label} {confidence:.0%}", known and label != original.label)
        shown = []
        for picture, drawn in row:
            label, confidence = next(told)
            mistaken = known and label != original.label
            shown.append(Copy(picture, describe(drawn), f"{label} {confidence:.0%}", mistaken))
            wrong, num = wrong + mistaken, num + known
        rows.append(Row(original.name, original.image, tuple(shown), *first))
    augmented(
        rows,
        "augment_answers",
        heads=["Original", *(f"Copy {copy}" for copy in range(1, 1 + len(rows[0].copies)))],
        label="What the run says of each copy",
        hint="Beneath each picture: the most probable class and its probability. What is wrong has a frame.",
        note=f"{side} x {side} pixels, as the run takes them",
    )
    if num:
        st.caption(f"{num - wrong} of {num} copies are named correctly by {plain(run.name)}.")
    else:
        st.caption(
            f"{plain(run.name)} knows {plain(', '.join(classifier.classes))}, and these pictures are of no such class: "
            "nobody can say which answers are right."
        )


def _first(row: Sequence[tuple[Image, Drawn]]) -> list[Image]:
    return [picture for picture, _ in row]


def _labels(classifier: Classifier, images: Image) -> list[Answer]:
    rows = classifier.predict(images)
    return [(classifier.classes[int(row.argmax())], float(row.max())) for row in rows]


def _at_size(
    side: int, config: AugmentationConfig, originals: Sequence[Original], found: Dataset
) -> tuple[list[Original], list[list[tuple[Image, Drawn]]]]:
    """The same pictures and copies at another size."""
    again, _ = choice.originals(found, side)
    if len(again) != len(originals):
        raise ImageError("A picture can no longer be read")
    drawn = [
        [augment(one.image, config, choice.seed(), one.digest, copy) for copy in range(1, 1 + choice.copies())]
        for one in again
    ]
    return again, drawn
