"""What the Evaluate page shows of a run on some images, and what it reads for that, each once for all sessions."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.datasets import Dataset
from core.datasets.edits.actions import Action
from core.datasets.edits.sidecar import read_actions
from core.datasets.selection import Catalog
from core.errors import ImageError
from core.evaluation.compare_runs import Comparison, compare, image_key, validated_on
from core.evaluation.model_input import copy_of, explained_jpeg, model_input, to_jpeg
from core.evaluation.predictions import Predictions, images_of, load_predictions
from core.evaluation.report.html import write_report
from core.evaluation.robustness import training_dataset
from core.evaluation.splits import TEST, VALIDATION, Scored, score
from core.evaluation.summary import CleanAccuracy, Summary, summarise
from core.jobs.background import SingleFlight, Task
from core.jobs.progress import Progress
from core.runs.choices import LEVEL, THRESHOLD
from core.runs.run import Run
from core.storage.home import subfolder
from pages.ui.shared.classifier import explainer_of, model_key
from pages.ui.shared.edited import images_state, with_current_edits
from pages.ui.shared.progress import AT_ONCE


@dataclass(frozen=True)
class Evaluation:
    """One run on one split or source, as the Evaluate page shows it.

    Attributes:
        run: A run with a model.
        on: As `core.evaluation.splits.score` takes it.
        predictions: Its predictions on these images.
        summary: Their scores.
        task: Opens the images: those of the validation split come later than the scores, or not at all.
    """

    run: Run
    on: str
    predictions: Predictions
    summary: Summary
    task: Task[Scored]

    @property
    def has_images(self) -> bool:
        return self.task.result is not None

    @property
    def images(self) -> Scored:
        """The images, for what is drawn only once they are open."""
        assert self.task.result is not None
        return self.task.result

    @property
    def key(self) -> str:
        """Changes with the model and with the images."""
        return _key(self.run, self.on, self.task)

    @property
    def on_own_data(self) -> bool:
        """Whether the images are of the dataset that the run was trained on."""
        return self.on in (VALIDATION, TEST)

    @property
    def words(self) -> str:
        """What the images are called: "validation images"."""
        return f"{self.on} images" if self.on_own_data else "images"

    def prediction(self, row: int) -> tuple[str, float]:
        """The predicted class of a row, and its confidence, 0..1."""
        return self.predictions.classes[self.predictions.best[row]], float(self.predictions.confidence[row])

    def copy(self, row: int) -> int:
        """0 for an original image, else the number of its augmented copy."""
        return copy_of(self.run, row) if self.on == VALIDATION else 0


def evaluate(run: Run, on: str = VALIDATION) -> Evaluation | Task[Scored]:
    """The evaluation; of images other than the validation split the task while there are no predictions.

    Raises:
        RunError: The predictions on the validation split are missing or broken.
    """
    if on == VALIDATION:
        predictions = predictions_of(run)
        task = images_task(run)
    else:
        task = images_task(run, on)
        if task.result is None:
            return task
        predictions = task.result.predictions
    return Evaluation(run, on, predictions, _summary(_key(run, on, task), predictions), task)


def predictions_of(run: Run) -> Predictions:
    """Those on the validation split. Raises `RunError`."""
    return _predictions(model_key(run), run)


def images_task(run: Run, on: str = VALIDATION, *, again: bool = False) -> Task[Scored]:
    """Opens the images, lets the model predict them where it has not, and compares them for leaks."""
    task = image_tasks().submit(f"{model_key(run)} {on}", lambda progress: score(run, on, progress), again=again)
    task.wait(AT_ONCE)
    return task


def _key(run: Run, on: str, task: Task[Scored]) -> str:
    return model_key(run) if on == VALIDATION else f"{model_key(run)} {task.id}"


def edited_catalog(images: Scored) -> Catalog:
    """The run's data with the current edits. It need not be the open dataset."""
    return with_current_edits(images.dataset)


def current_edits(images: Scored) -> tuple[Action, ...]:
    """The current edits of the run's data. Call it after `edited_catalog`, which deals with broken ones."""
    return read_actions(images.dataset.root)[0]


def clean_accuracy_of(evaluation: Evaluation) -> CleanAccuracy | None:
    """The accuracy without leaks and without images that are excluded now; None where leaks are not known."""
    images = evaluation.images
    edited = edited_catalog(images).dataset
    return _clean_accuracy(f"{evaluation.key} {images_state(images.dataset)}", images, edited)


def comparison_task(evaluation: Evaluation, other: Run) -> Task[Comparison]:
    """Compares the run with another one, the older first, on the images that both were validated on. The evaluation is
    one of the validation split."""
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

    task = comparisons().submit(f"{model_key(run)} {model_key(other)} {images_state(images.dataset)}", work)
    task.wait(AT_ONCE)
    return task


def report_key(evaluation: Evaluation) -> str:
    """Changes with everything that a report shows."""
    state = images_state(evaluation.images.dataset) if evaluation.has_images else ""
    chosen = f"{THRESHOLD.of(evaluation.run)} {LEVEL.of(evaluation.run)}"
    return f"{evaluation.key} {chosen} {state}"


def prepare_report(evaluation: Evaluation, key: str) -> None:
    run, on = evaluation.run, evaluation.on
    target = subfolder("exports") / f"report-{run.id}.html"

    def work(progress: Progress) -> Path:
        write_report(run, target, progress, on)
        return target

    html_reports().submit(key, work, again=True).wait(AT_ONCE)


@st.cache_resource(show_spinner=False)
def image_tasks() -> SingleFlight[Scored]:
    """The run and the images that are open, for all sessions."""
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
    """An image with the Grad-CAM of class `label` over it, for `Evaluation.key`: a JPEG, or b"" and the reason."""
    run, images = _evaluation.run, _evaluation.images
    copy = _evaluation.copy(row)
    return explained_jpeg(run, images.dataset, images.records[row], copy, explainer_of(run), label)


@st.cache_data(max_entries=500, show_spinner=False)
def input_jpeg(key: str, row: int, _evaluation: Evaluation) -> tuple[bytes, str]:
    """An image as the model gets it, for `Evaluation.key`: a JPEG, or b"" and the reason."""
    images, copy = _evaluation.images, _evaluation.copy(row)
    try:
        return to_jpeg(model_input(_evaluation.run, images.dataset, images.records[row], copy)), ""
    except ImageError as error:
        return b"", error.received


@st.cache_resource(max_entries=20, show_spinner=False)
def _clean_accuracy(state: str, _images: Scored, _edited: Dataset) -> CleanAccuracy | None:
    return _images.clean(_edited)


@st.cache_resource(max_entries=8, show_spinner=False)
def _predictions(key: str, _run: Run) -> Predictions:
    return load_predictions(_run)


@st.cache_resource(max_entries=20, show_spinner="Calculating confidence intervals")
def _summary(key: str, _predictions: Predictions) -> Summary:
    return summarise(_predictions)
