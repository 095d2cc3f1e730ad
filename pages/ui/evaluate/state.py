"""What the Evaluate page shows of a run, and what it reads for that, each once for all sessions."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.datasets import Dataset, Edits, ImageRecord
from core.datasets.edits.actions import Action
from core.datasets.edits.sidecar import edits_stamp, read_actions
from core.datasets.quality.report import Report, make_report
from core.datasets.selection import Catalog
from core.errors import DatasetError, ImageError
from core.evaluation.compare_runs import Comparison, compare, image_key, validated_on
from core.evaluation.model_input import copy_of, explained_jpeg, model_input, to_jpeg
from core.evaluation.predictions import Predictions, images_of, load_predictions
from core.evaluation.report.html import write_report
from core.evaluation.robustness import training_dataset
from core.evaluation.summary import CleanAccuracy, Summary, clean_accuracy, leaked_images, summarise
from core.jobs.background import SingleFlight, Task
from core.jobs.progress import Progress
from core.runs.run import Run
from core.runs.threshold import chosen_threshold
from core.storage.home import subfolder
from pages.ui.dataset.images import catalog_of
from pages.ui.shared.classifier import explainer_of, model_key
from pages.ui.shared.progress import AT_ONCE
from pages.ui.shared.text import show_error


@dataclass(frozen=True)
class ValidationImages:
    """The images of a run: its dataset, the record behind each row of its predictions, and the data quality report."""

    dataset: Dataset
    records: tuple[ImageRecord, ...]
    report: Report

    @property
    def state(self) -> str:
        """Changes with the images and with every edit."""
        return f"{self.dataset.root} {self.dataset.fingerprint} {edits_stamp(self.dataset.root)}"


@dataclass(frozen=True)
class Evaluation:
    """One run as the Evaluate page shows it.

    Attributes:
        run: A run with a model.
        predictions: Its predictions on the validation images.
        summary: Their scores.
        task: Opens the images: they come later than the scores, or not at all.
    """

    run: Run
    predictions: Predictions
    summary: Summary
    task: Task[ValidationImages]

    @property
    def has_images(self) -> bool:
        return self.task.result is not None

    @property
    def images(self) -> ValidationImages:
        """The images, for what is drawn only once they are open."""
        assert self.task.result is not None
        return self.task.result

    def prediction(self, row: int) -> tuple[str, float]:
        """The predicted class of a row, and its confidence, 0..1."""
        return self.predictions.classes[self.predictions.best[row]], float(self.predictions.confidence[row])

    def copy(self, row: int) -> int:
        """0 for an original image, else the number of its augmented copy."""
        return copy_of(self.run, row)


def evaluate(run: Run) -> Evaluation:
    """Raises `RunError` where the predictions of the run are missing or broken."""
    predictions = predictions_of(run)
    return Evaluation(run, predictions, _summary(model_key(run), predictions), images_task(run))


def predictions_of(run: Run) -> Predictions:
    """Raises `RunError`."""
    return _predictions(model_key(run), run)


def images_task(run: Run, *, again: bool = False) -> Task[ValidationImages]:
    """Opens the run's images, and compares them for leaks."""

    def work(progress: Progress) -> ValidationImages:
        dataset = training_dataset(run, progress)
        return ValidationImages(dataset, images_of(predictions_of(run), dataset, run), make_report(dataset, progress))

    task = image_tasks().submit(model_key(run), work, again=again)
    task.wait(AT_ONCE)
    return task


def edited_catalog(images: ValidationImages) -> Catalog:
    """The run's data with the current edits. It need not be the open dataset."""
    try:
        return catalog_of(_edited(images.state, images.dataset))
    except DatasetError as error:  # broken edits, which were moved aside: the next call finds none
        show_error(error)
        return catalog_of(_edited(images.state, images.dataset))


def current_edits(images: ValidationImages) -> tuple[Action, ...]:
    """The current edits of the run's data. Call it after `edited_catalog`, which deals with broken ones."""
    return read_actions(images.dataset.root)[0]


def clean_accuracy_of(evaluation: Evaluation) -> CleanAccuracy:
    """The accuracy without leaks and without images that are excluded now."""
    images = evaluation.images
    edited = edited_catalog(images).dataset
    return _clean_accuracy(f"{model_key(evaluation.run)} {images.state}", evaluation, edited)


def comparison_task(evaluation: Evaluation, other: Run) -> Task[Comparison]:
    """Compares the run with another one, the older first, on the images that both were validated on."""
    run, images, edited = evaluation.run, evaluation.images, edited_catalog(evaluation.images).dataset

    def work(progress: Progress) -> Comparison:
        predictions = predictions_of(other)
        other_records = images_of(predictions, training_dataset(other, progress), other)
        pair = [
            validated_on(run, evaluation.predictions, images.records),
            validated_on(other, predictions, other_records),
        ]
        first, second = reversed(pair) if other.created < run.created else pair
        return compare(first, second, truth={image_key(record): record.label for record in edited.usable()})

    task = comparisons().submit(f"{model_key(run)} {model_key(other)} {images.state}", work)
    task.wait(AT_ONCE)
    return task


def report_key(evaluation: Evaluation) -> str:
    """Changes with everything that a report shows."""
    run, state = evaluation.run, evaluation.images.state if evaluation.has_images else ""
    return f"{model_key(run)} {chosen_threshold(run)} {state}"


def prepare_report(run: Run, key: str) -> None:
    target = subfolder("exports") / f"report-{run.id}.html"

    def work(progress: Progress) -> Path:
        write_report(run, target, progress)
        return target

    html_reports().submit(key, work, again=True).wait(AT_ONCE)


@st.cache_resource(show_spinner=False)
def image_tasks() -> SingleFlight[ValidationImages]:
    """The run whose images are open, for all sessions."""
    return SingleFlight()


@st.cache_resource(show_spinner=False)
def comparisons() -> SingleFlight[Comparison]:
    """The two runs that are compared."""
    return SingleFlight()


@st.cache_resource(show_spinner=False)
def html_reports() -> SingleFlight[Path]:
    """The report that this server writes."""
    return SingleFlight()


@st.cache_data(max_entries=500, show_spinner=False)
def grad_cam_jpeg(key: str, row: int, label: int, _evaluation: Evaluation) -> tuple[bytes, str]:
    """An image with the Grad-CAM of class `label` over it, for `model_key`: a JPEG, or b"" and the reason."""
    run, images = _evaluation.run, _evaluation.images
    return explained_jpeg(run, images.dataset, images.records[row], row, explainer_of(run), label)


@st.cache_data(max_entries=500, show_spinner=False)
def input_jpeg(key: str, row: int, _evaluation: Evaluation) -> tuple[bytes, str]:
    """An image as the model gets it, for `model_key`: a JPEG, or b"" and the reason."""
    images = _evaluation.images
    try:
        return to_jpeg(model_input(_evaluation.run, images.dataset, images.records[row], row)), ""
    except ImageError as error:
        return b"", error.received


@st.cache_resource(max_entries=2, show_spinner=False)
def _edited(state: str, _dataset: Dataset) -> Dataset:
    return Edits.load(_dataset).apply(_dataset)


@st.cache_resource(max_entries=20, show_spinner=False)
def _clean_accuracy(state: str, _evaluation: Evaluation, _edited: Dataset) -> CleanAccuracy:
    images = _evaluation.images
    return clean_accuracy(_evaluation.predictions, images.records, _edited, leaked_images(images.report))


@st.cache_resource(max_entries=8, show_spinner=False)
def _predictions(key: str, _run: Run) -> Predictions:
    return load_predictions(_run)


@st.cache_resource(max_entries=20, show_spinner="Calculating confidence intervals")
def _summary(key: str, _predictions: Predictions) -> Summary:
    return summarise(_predictions)
