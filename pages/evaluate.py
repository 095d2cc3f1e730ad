"""Evaluate: how good a trained run is, how certain that is, and the images behind every number."""

import streamlit as st

from core.errors import Cancelled, PawlabError
from core.evaluation.splits import TEST, VALIDATION, Scored
from core.jobs.background import Task
from core.runs.run import Run
from pages.ui.components.matrix import FEW
from pages.ui.components.threshold import threshold_now, threshold_panel
from pages.ui.evaluate.compare import compare_view
from pages.ui.evaluate.headline import headline
from pages.ui.evaluate.images import rows_gallery
from pages.ui.evaluate.large import RowGallery
from pages.ui.evaluate.link import read_link, write_link
from pages.ui.evaluate.report import report_view
from pages.ui.evaluate.retrain import RUN, VIEW, retrained_bar, train_again_bar
from pages.ui.evaluate.sets import sets_view
from pages.ui.evaluate.split_chooser import choose_images
from pages.ui.evaluate.state import Evaluation, evaluate, images_task
from pages.ui.evaluate.unlike import unlike_view
from pages.ui.evaluate.views import calibration_view, classes_table, curves_view, matrix_view, pairs_table
from pages.ui.shared.classifier import usable_runs
from pages.ui.shared.progress import follow
from pages.ui.shared.run_chooser import choose_run, go_to_training
from pages.ui.shared.session import kept_choice
from pages.ui.shared.text import plain, show_error

VIEWS = {
    "misclassified": "Misclassified",
    "matrix": "Confusion matrix",
    "curves": "Curves",
    "calibration": "Calibration",
    "sets": "Sets",
    "unlike": "Unlike images",
    "compare": "Compare",
    "report": "Report",
}


def main() -> None:
    st.title("Evaluate")
    st.write("What a trained model gets right and wrong.")
    usable, _ = usable_runs()
    if not usable:
        st.info("No trained model yet, so there is nothing to evaluate. Train one first.")
        go_to_training()
        return
    read_link(list(usable), list(VIEWS))
    run = choose_run(
        usable,
        RUN,
        help="Runs with a trained model, newest first: name, validation accuracy, date, classes.",
    )
    try:
        on = choose_images(run)
        evaluation = evaluate(run, on) if on else None
    except PawlabError as error:
        show_error(error)
        return
    if not isinstance(evaluation, Evaluation):
        if evaluation is not None:
            scoring_status(run, on, evaluation)
        write_link(run, str(st.session_state.get(VIEW, "misclassified")), on)
        return
    with st.container(border=on == TEST):
        headline(evaluation)
    task_status(evaluation)
    if evaluation.has_images and evaluation.on_own_data:
        retrained_bar(evaluation)
    view = st.segmented_control(
        "View",
        list(VIEWS),
        format_func=lambda view: VIEWS[view],
        required=True,
        key=kept_choice(VIEW, "misclassified"),
        label_visibility="collapsed",
        persist_state="session",
        help="Misclassified: every error, most confident first. Confusion matrix: true against predicted classes, with "
        "the images. Curves: ROC and precision–recall. Calibration: does its confidence match its accuracy? "
        "Sets: the classes that an image may show, with a guarantee. Unlike images: the cut beyond which an image is "
        "called unlike the training images. Compare: two runs on the same images. Report: a file to keep.",
    )
    if view == "compare" and on != VALIDATION:
        st.info("Runs are compared on the images that both were validated on: choose Validation above.")
    elif view == "compare":
        compare_view(evaluation, usable)
    elif view == "report":
        report_view(evaluation)
    else:
        views(str(view), evaluation)
    write_link(run, str(view), on)
    if not (evaluation.has_images and evaluation.on_own_data and train_again_bar(evaluation)):
        with st.container(horizontal=True, key="next_step"):
            if st.button("Try your own photo", type="primary", help="Classifies images that are new to a model."):
                st.switch_page("classify.py")
            words = "Says what would raise the score: labels to check, more photos, another setting; each measured."
            if evaluation.on_own_data and st.button("What would improve it?", help=words):
                st.switch_page("improve.py")


def task_status(evaluation: Evaluation) -> None:
    task = evaluation.task
    if not task.done:
        follow(task, "Opening this run's images.", "The scores stay; the images are not shown.")
    elif isinstance(task.error, Cancelled):
        st.info("Stopped: the images are not shown.")
        st.button("Open the images", on_click=open_again, args=(evaluation.run, evaluation.on), help="Starts over.")
    elif task.error is not None and evaluation.run.is_imported:
        st.info("This run was imported, and a bundle has no images: its scores are here, its images are not.")
    elif task.error is not None:
        show_error(task.error)
        st.caption("The scores above were measured during training and stay valid.")


def scoring_status(run: Run, on: str, task: Task[Scored]) -> None:
    """The progress of images that have no predictions yet, or why they have none."""
    if not task.done:
        follow(task, "Scoring these images. It continues if you leave this page.", "Stops; nothing is kept.")
        return
    if isinstance(task.error, Cancelled):
        st.info("Stopped: these images are not scored.")
    elif task.error is not None:
        show_error(task.error)
    st.button("Score again", on_click=open_again, args=(run, on), help="Starts over.")


def open_again(run: Run, on: str) -> None:
    images_task(run, on, again=True)


@st.fragment
def views(view: str, evaluation: Evaluation) -> None:
    predictions = evaluation.predictions
    if view in ("matrix", "calibration"):
        threshold = threshold_now(evaluation.run)
        threshold_panel(evaluation.run, predictions, threshold)
    if view == "matrix":
        matrix_and_images(evaluation, threshold)
        classes_table(evaluation.summary)
    elif view == "calibration":
        calibration_view(evaluation, threshold)
    elif view == "sets":
        sets_view(evaluation)
    elif view == "unlike":
        unlike_view(evaluation.run)
    elif view == "curves":
        curves_view(evaluation)
        classes_table(evaluation.summary)
    else:
        misclassified(evaluation)


def matrix_and_images(evaluation: Evaluation, threshold: float) -> None:
    """The matrix beside the images of its chosen cell; of many classes it takes the whole width, and the most confused
    pairs stand beside the images."""
    predictions = evaluation.predictions
    many = len(predictions.classes) > FEW
    cell = matrix_view(predictions, threshold) if many else None
    left, right = st.columns([2, 3], gap="large")
    with left:
        if many:
            pairs_table(predictions, threshold)
        cell = cell or matrix_view(predictions, threshold)
    with right:
        cell_images(evaluation, cell, threshold)


def cell_images(evaluation: Evaluation, cell: tuple[int, int], threshold: float) -> None:
    predictions, (label, predicted) = evaluation.predictions, cell
    name = plain(predictions.classes[label])
    st.subheader(f"{name}, unsure" if predicted < 0 else f"{name} predicted as {plain(predictions.classes[predicted])}")
    rows_gallery(
        evaluation,
        RowGallery(
            "cell",
            (cell, threshold),
            predictions.rows_of(label, predicted, threshold),
            caption="Most confident first."
            if label == predicted
            else "Most confident first: confident errors are often wrong labels.",
            empty="No image is in this cell.",
        ),
    )


def misclassified(evaluation: Evaluation) -> None:
    rows_gallery(
        evaluation,
        RowGallery(
            "misclassified",
            "all",
            evaluation.predictions.misclassified,
            caption="Most confident errors first, with true class → predicted class. Confident errors are often wrong "
            "labels: click one to relabel or exclude it" + (", then train again." if evaluation.on_own_data else "."),
            empty="No image is misclassified.",
            names_true_class=True,
            offers_grad_cam=True,
        ),
    )


main()
