"""A run scored on a split of its own data, or on any labelled images.

The validation split chose the best epoch and the drops of the learning rate, so a score on it is slightly optimistic.
A test split, or other labelled images, chose nothing. `Scored.leaked` are those of them that the run was trained on all
the same.
"""

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.datasets import Dataset, ImageRecord
from core.datasets.edits.edits import Edits
from core.datasets.loading import open_labelled
from core.datasets.names import match_classes
from core.datasets.quality.report import make_report
from core.datasets.source import Source, resolve_source
from core.errors import Cancelled, DatasetError, PawlabError
from core.evaluation.model_input import copy_of
from core.evaluation.predictions import Predictions, images_of, load_predictions
from core.evaluation.robustness import training_dataset
from core.evaluation.scoring import probabilities_of
from core.evaluation.summary import (
    CleanAccuracy,
    Summary,
    clean_accuracy,
    leaked_images,
    seen_in_training,
    summarise,
)
from core.jobs.progress import Progress, silent
from core.runs.run import Run

VALIDATION, TEST = "validation", "test"
WHY_TEST = (
    "The validation split chose the best epoch, so its scores are slightly optimistic; the test split chose nothing."
)


@dataclass(frozen=True)
class Scored:
    """A run's predictions on labelled images.

    Attributes:
        on: "validation", "test", or the text of another source.
        predictions: On every image whose class the run knows.
        dataset: Where the images are from.
        records: The image of each row of `predictions`.
        leaked: Paths of images that the run was trained on too, or nearly so; None where that is not known.
        notes: What was left out or is missing, in sentences.
    """

    on: str
    predictions: Predictions
    dataset: Dataset
    records: tuple[ImageRecord, ...]
    leaked: Set[str] | None
    notes: tuple[str, ...] = ()

    def copy_of(self, run: Run, row: int) -> int:
        """0 for a row of an image itself, else the number of its augmented copy: only validation has these."""
        return copy_of(run, row) if self.on == VALIDATION else 0

    def clean(self, edited: Dataset | None = None) -> CleanAccuracy | None:
        """The accuracy without leaks; None where they are not known.

        Args:
            edited: The dataset with the current edits; read from the disk by default.
        """
        if self.leaked is None:
            return None
        edited = edited or Edits.load(self.dataset).apply(self.dataset)
        return clean_accuracy(self.predictions, self.records, edited, self.leaked)


@dataclass(frozen=True)
class SplitSummary(Summary):
    """A `Summary` of the predictions on `split`, with their clean accuracy (None where leaks are not known) and
    `notes`, what was left out or is missing, in sentences. `scored` has the images; None where they cannot be opened,
    and `no_images` says why."""

    split: str = VALIDATION
    predictions: Predictions = field(kw_only=True)
    clean: CleanAccuracy | None = None
    notes: tuple[str, ...] = ()
    scored: Scored | None = None
    no_images: str = ""


def has_test_split(run: Run) -> bool:
    """Whether the run's dataset had test images when it was trained. Raises `RunError` where it has no summary."""
    return any(run.summary()["counts"].get(TEST, {}).values())


def evaluate_on(run: Run, on: str | Path = VALIDATION, progress: Progress = silent) -> SplitSummary:
    """All scores of a run on one split or source.

    Args, raises: As `score`, but the validation split is scored even where its images cannot be opened.
    """
    try:
        scored = score(run, on, progress)
        clean = scored.clean()
    except Cancelled:
        raise
    except PawlabError as error:
        if on != VALIDATION:
            raise
        predictions = load_predictions(run)
        notes = (_unknown_leaks(error), *_missing(predictions, "the validation split"))
        summary = vars(summarise(predictions))
        return SplitSummary(**summary, predictions=predictions, notes=notes, no_images=error.received)
    return SplitSummary(
        **vars(summarise(scored.predictions)),
        split=scored.on,
        predictions=scored.predictions,
        clean=clean,
        notes=scored.notes,
        scored=scored,
    )


def score(run: Run, on: str | Path = VALIDATION, progress: Progress = silent) -> Scored:
    """The run's predictions on a split of its own data, or on other labelled images, with the leaks among them.

    Args:
        run: A run with a model.
        on: "validation", "test", or a source as `open_dataset` takes it, whose images count whatever split their
            folders name. A folder that is called test is "./test" or a `Path`.
        progress: Told of the phases of `open_dataset` and `make_report`, and "classify", in images.

    Raises:
        RunError: The run has no model, or its files are broken.
        DatasetError: There is no such split or source, none of its classes is the run's, or the run's own images are
            gone or changed.
        Cancelled: From `progress`.
    """
    if on == VALIDATION:
        return _validation(run, progress)
    if on == TEST:
        return _test(run, progress)
    return _source(run, resolve_source(on), progress)


def _validation(run: Run, progress: Progress) -> Scored:
    predictions, dataset = load_predictions(run), training_dataset(run, progress)
    records = images_of(predictions, dataset, run)
    leaked = leaked_images(make_report(dataset, progress))
    return Scored(VALIDATION, predictions, dataset, records, leaked, _missing(predictions, "the validation split"))


def _test(run: Run, progress: Progress) -> Scored:
    dataset = training_dataset(run, progress)
    if not dataset.usable(TEST):
        raise DatasetError(
            f"The data of the run {run.id} have no test split",
            "images in test/ beside train/",
            "Give other labelled images by their folder or zip, or use cross-validation on the Evaluate page",
        )
    predictions, records, notes = _predict(run, dataset, dataset.usable(TEST), progress)
    leaked = leaked_images(make_report(dataset, progress), TEST)
    return Scored(TEST, predictions, dataset, records, leaked, (*notes, *_missing(predictions, "the test split")))


def predict_test(run: Run, dataset: Dataset, progress: Progress = silent) -> Predictions | None:
    """The predictions alone on the test split of the run's own `dataset`, computed once and kept; None without one."""
    if not has_test_split(run):
        return None
    return _predict(run, dataset, dataset.usable(TEST), progress)[0]


def _source(run: Run, source: Source, progress: Progress) -> Scored:
    run.summary()  # a run without a model is said before anything is downloaded
    dataset = open_labelled(source, progress)
    predictions, records, notes = _predict(run, dataset, dataset.usable(), progress)
    try:
        leaked: Set[str] | None = seen_in_training(training_dataset(run, progress), dataset, progress)
    except Cancelled:
        raise
    except PawlabError as error:
        leaked, notes = None, (*notes, _unknown_leaks(error))
    notes = (*_left_out(dataset), *notes, *_missing(predictions, source.shown))
    return Scored(source.text, predictions, dataset, records, leaked, notes)


def _predict(
    run: Run, dataset: Dataset, records: Sequence[ImageRecord], progress: Progress
) -> tuple[Predictions, tuple[ImageRecord, ...], tuple[str, ...]]:
    classes = tuple(str(name) for name in run.summary()["classes"])
    places = match_classes(dataset.classes, classes)
    known = [record for record in records if record.label in places]
    if not known:
        raise DatasetError(
            f"No image of {dataset.source.shown} is of a class that the run knows: it has {_listed(dataset.classes)}",
            f"a folder for each class, of the run's names: {_listed(classes)}",
            "Rename the folders",
        )
    table = probabilities_of(run, {record.digest: dataset.file(record) for record in known}, progress)
    scored = tuple(record for record in known if record.digest in table)
    if not scored:
        raise DatasetError(
            f"The images of {dataset.source.shown} can no longer be read", "files that stay", "Try again"
        )
    labels = np.array([places[record.label] for record in scored], np.int64)
    predictions = Predictions(classes, labels, np.stack([table[record.digest] for record in scored]))
    unknown = Counter(record.label for record in records if record.label not in places)
    notes = [f"{name} counts as {classes[place]}." for name, place in places.items() if name != classes[place]]
    if unknown:
        number = unknown.total()
        which = _listed(f"{name} ({count:,})" for name, count in sorted(unknown.items()))
        are = (
            "image is not scored, because its class is"
            if number == 1
            else "images are not scored, because their classes are"
        )
        notes.append(f"{number:,} {are} unknown to the run: {which}.")
    if gone := [record.path for record in known if record.digest not in table]:
        notes.append(f"{len(gone):,} images could no longer be read and are not scored: {_listed(gone)}.")
    return predictions, scored, tuple(notes)


def _left_out(dataset: Dataset) -> list[str]:
    """What the source holds beside usable images."""
    notes = []
    if unreadable := dataset.unreadable():
        which = _listed(f"{record.path} ({record.reason})" for record in unreadable)
        notes.append(f"{_files(len(unreadable))} cannot be read and {_is(len(unreadable))} not scored: {which}.")
    if excluded := len(dataset.readable()) - len(dataset.usable()):
        notes.append(f"{_files(excluded)} {_is(excluded)} excluded by your edits.")
    if dataset.loose:
        number = len(dataset.loose)
        notes.append(f"{_files(number)} beside the class folders {_is(number)} not scored: {_listed(dataset.loose)}.")
    return notes


def _missing(predictions: Predictions, place: str) -> tuple[str, ...]:
    """Classes of the run without images to score."""
    there = set(predictions.labels.tolist())
    names = [name for place, name in enumerate(predictions.classes) if place not in there]
    if not names:
        return ()
    recall = "its recall is" if len(names) == 1 else "their recalls are"
    return (f"There are no images of {_listed(names)} in {place}, so {recall} not known.",)


def _unknown_leaks(error: PawlabError) -> str:
    return f"Leaks are not known: {error.received}."


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number:,} files"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _listed(names: Iterable[str], most: int = 5) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")
