"""What a report on a run holds, gathered; `core.evaluation.report_html` writes it down."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from core.datasets import Dataset, Edits, ImageRecord
from core.datasets.report import balance_words, make_report
from core.errors import Cancelled, ImageError, PawlabError
from core.evaluation.answers import Answers, load_answers, pictures_of
from core.evaluation.chosen import chosen_threshold
from core.evaluation.seen import copy_of, seen, to_jpeg
from core.evaluation.summary import Honest, Summary, honest_accuracy, summarise
from core.inference.explanation import Explainer, overlay
from core.inference.robustness import data_of
from core.progress import Progress, silent
from core.training.history import History
from core.training.runs import Run

MOST_MISTAKES = 12
SIDE = 200  # pixels of a picture in the report, at most


@dataclass(frozen=True)
class Mistake:
    """A wrong answer: its picture and the same with the evidence over it, as JPEGs; b"" with `reason` where it cannot
    be shown."""

    path: str
    label: str
    answer: str
    confidence: float
    copy: int
    picture: bytes = b""
    evidence: bytes = b""
    reason: str = ""


@dataclass(frozen=True)
class Material:
    """All of it. `honest` is None, and `no_pictures` says why, where the run's pictures cannot be opened."""

    run: Run
    about: dict[str, Any]
    history: History
    answers: Answers
    scores: Summary
    threshold: float
    honest: Honest | None
    mistakes: tuple[Mistake, ...]
    no_pictures: str = ""


def gather(run: Run, progress: Progress = silent) -> Material:
    """Reads and works out what the report shows.

    Args:
        progress: Told of the phases of `open_dataset` and `make_report`, and of "report", in steps.

    Raises:
        RunError: The run has no model, or what it left is broken.
        Cancelled: From `progress`.
    """
    about, answers = run.summary(), load_answers(run)
    honest, mistakes, why = None, _mistakes_without_pictures(run, answers), ""
    try:
        dataset = data_of(run, progress)
        records = pictures_of(answers, dataset, run)
        honest = honest_accuracy(answers, records, Edits.load(dataset).apply(dataset), make_report(dataset, progress))
        mistakes = _mistakes(run, answers, dataset, records, progress)
    except Cancelled:
        raise
    except PawlabError as error:
        why = error.received
    progress("report", MOST_MISTAKES, MOST_MISTAKES + 2)
    scores = summarise(answers)
    progress("report", MOST_MISTAKES + 1, MOST_MISTAKES + 2)
    return Material(run, about, run.history(), answers, scores, chosen_threshold(run), honest, tuple(mistakes), why)


def caveats(material: Material) -> list[str]:
    """What the scores do not say, in sentences."""
    run, about, number = material.run, material.about, len(material.answers)
    found = [
        "An interval holds chance only: what the score would be on endless pictures of this kind. Pictures of another "
        "kind, such as from another camera, another country or another breed, can score quite differently.",
        "The validation pictures have also chosen the best epoch and the learning rate's drops, so the score is a "
        "little too good. Pictures that were never used for anything would judge more fairly.",
    ]
    if about.get("status") == "cancelled":
        found.append("The run was stopped before its end: the model is the best one up to then.")
    if run.config.augment_validation and run.config.copies:
        found.append(
            f"Augmented copies were scored too: {number:,} answers are {number // (1 + run.config.copies):,} pictures "
            f"with {run.config.copies:,} copies each. Copies of one picture are no independent evidence, so every "
            "interval here is too narrow, and new photos arrive without augmentation."
        )
    elif number < 300:
        found.append(f"{number:,} validation pictures are few: look at the intervals, not at the scores.")
    if run.source == "sample":
        found.append("The pictures are drawings made by Pawlab: the scores say nothing about photos.")
    if material.honest is None:
        found.append("Leaks could not be looked for, since the pictures cannot be opened: the score may be too good.")
    elif material.honest.leaks:
        found.append(
            f"{material.honest.leaks:,} validation pictures have a copy or a near copy among the training pictures."
        )
    if words := balance_words(about.get("counts", {}).get("train", {})):
        found.append(f"In training, {words}.")
    if any(about.get("edits", {}).values()):
        found.append(
            "Pictures were excluded or relabelled before training. Whoever edits what a model got wrong, and then "
            "scores it on the same pictures, flatters it."
        )
    found.append(
        "A confidence threshold makes the model say less, not know more: it is no detector of things that belong to "
        "none of its classes, and it can be very sure of a car."
    )
    found.append("The coloured pictures (Grad-CAM) show where the evidence lies, not why, and only coarsely.")
    return found


def _surest_mistakes(answers: Answers) -> list[int]:
    wrong = np.flatnonzero(~answers.correct)
    return [int(row) for row in wrong[np.argsort(-answers.confidence[wrong], kind="stable")][:MOST_MISTAKES]]


def _mistakes_without_pictures(run: Run, answers: Answers) -> list[Mistake]:
    return [_mistake(run, answers, row, "") for row in _surest_mistakes(answers)]


def _mistake(run: Run, answers: Answers, row: int, path: str, **pictures: Any) -> Mistake:
    label, answer = answers.classes[answers.labels[row]], answers.classes[answers.best[row]]
    return Mistake(path, label, answer, float(answers.confidence[row]), copy_of(run, row), **pictures)


def _mistakes(
    run: Run, answers: Answers, dataset: Dataset, records: Sequence[ImageRecord], progress: Progress
) -> list[Mistake]:
    found: list[Mistake] = []
    rows = _surest_mistakes(answers)
    explainer = Explainer.open(run) if rows else None
    for row in rows:
        progress("report", len(found), MOST_MISTAKES + 2)
        record = records[row]
        pictures: dict[str, Any] = {}
        try:
            square = seen(run, dataset, record, row)
        except ImageError as error:
            pictures["reason"] = error.received
        else:
            assert explainer is not None
            shown = overlay(square, explainer.explain(square, int(answers.best[row])), 0.45)
            pictures = {"picture": _small(square), "evidence": _small(shown)}
        found.append(_mistake(run, answers, row, record.path, **pictures))
    return found


def _small(image: Any) -> bytes:
    picture = Image.fromarray(image)
    picture.thumbnail((SIDE, SIDE))
    return to_jpeg(np.asarray(picture))
