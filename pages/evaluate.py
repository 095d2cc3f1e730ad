"""Evaluate: how good a trained run is, how sure one may be of that, and the pictures behind every number."""

import numpy as np
import streamlit as st

from core.errors import Cancelled, PawlabError
from core.evaluation.answers import Answers
from core.evaluation.seen import copy_of
from core.evaluation.summary import Summary
from core.evaluation.words import interval, percent, points
from core.jobs import Task
from core.training.runs import Run
from pages.ui.classifier import usable_runs
from pages.ui.evaluation import Pictures, answers_of, honest_of, pictures_task, summary_of
from pages.ui.evaluation_compare import compare_view
from pages.ui.evaluation_pictures import rows_gallery
from pages.ui.evaluation_report import report_view
from pages.ui.evaluation_retrain import RUN, VIEW, retrain_bar
from pages.ui.evaluation_views import classes_table, confidence_view, curves_view, matrix_view
from pages.ui.progress import follow
from pages.ui.run_chooser import choose_run
from pages.ui.threshold import threshold_now, threshold_panel
from pages.ui.words import plain, show_error

VIEWS = {
    "matrix": "Matrix",
    "mistakes": "All mistakes",
    "curves": "Curves",
    "confidence": "Confidence",
    "compare": "Compare",
    "report": "Report",
}
NO_PICTURES = "The pictures appear here once they have been opened."


def main() -> None:
    st.title("Evaluate")
    st.write("How good a trained model is on pictures it was not trained on, and what it gets wrong.")
    usable, _ = usable_runs()
    if not usable:
        st.info("No run has left a model yet, so there is nothing to evaluate. Train one first.")
        st.page_link("train.py", label="Go to Training", help="Start a run there.")
        return
    run = choose_run(
        usable,
        RUN,
        help="Runs that left a model, newest first: name, share of validation pictures it got right, date, classes.",
    )
    try:
        answers = answers_of(run)
    except PawlabError as error:
        show_error(error)
        return
    task = pictures_task(run)
    headline(run, answers, summary_of(run), task)
    task_status(run, task)
    if task.result is not None:
        retrain_bar(run, task.result)
    view = st.segmented_control(
        "What to look at",
        list(VIEWS),
        format_func=lambda view: VIEWS[view],
        default="matrix",
        required=True,
        key=VIEW,
        label_visibility="collapsed",
        persist_state="session",
        help="Matrix: what was taken for what, with the pictures. All mistakes: every wrong answer, surest first. "
        "Curves: ROC, precision and recall. Confidence: does it keep what it promises. Compare: two runs on the same "
        "pictures. Report: a file to keep.",
    )
    if view == "compare" and task.result is not None:
        compare_view(run, answers, task.result, usable)
    elif view == "report":
        report_view(run, task.result)
    else:
        views(str(view), run, answers, task)


def headline(run: Run, answers: Answers, summary: Summary, task: Task[Pictures]) -> None:
    with st.container(horizontal=True):
        score(
            "Accuracy",
            percent(summary.accuracy),
            interval(summary.accuracy),
            f"The share of the {len(answers):,} validation pictures that were answered right.",
        )
        honest, words = "…", "Being worked out: opens the pictures and looks for leaks."
        below = "being worked out"
        if found := task.result:
            told = honest_of(run, found)
            honest, below = percent(told.accuracy), interval(told.accuracy)
            words = (
                f"Without {told.leaks:,} pictures that training has seen too and {told.excluded:,} that you excluded; "
                f"{told.relabelled:,} judged by the class that you gave them."
            )
        elif task.error:
            honest, below, words = "–", "not known", "The run's pictures cannot be opened any more: see below."
        score("Without leaks and excluded", honest, below, words)
        score(
            "F1, mean of classes",
            percent(summary.macro_f1),
            interval(summary.macro_f1),
            "The harmonic mean of precision and recall, averaged over the classes: a rare class counts as much as a "
            "frequent one.",
        )
        if len(summary.classes) == 2:
            area = summary.classes[1].roc_area
            score(
                "ROC area",
                f"{area.value:.3f}" if area.known else "–",
                interval(area, ".3f"),
                "The chance that a picture of the second class is given a higher probability for it than one of the "
                "first. 0.5 is guessing.",
            )
        error = summary.calibration_error
        score(
            "Calibration error",
            f"{error.value * 100:.1f} points" if error.known else "–",
            points(error),
            "How far its confidence and its accuracy lie apart on average: 0 keeps every promise. See Confidence.",
        )
    st.caption(
        "Beneath each score: where it likely (95 %) lies on endless pictures of this kind. Smaller "
        "differences between runs can be chance." + about_this_run(run, answers)
    )


def about_this_run(run: Run, answers: Answers) -> str:
    """What must be known of a run that is not like the others."""
    words = ""
    if run.summary().get("status") == "cancelled":
        words += " This run was stopped before its end; the model is the best one up to then."
    if run.config.augment_validation and run.config.copies:
        originals = np.array([copy_of(run, row) == 0 for row in range(len(answers))])
        alone = answers.accuracy(originals)
        words += (
            f" This run was scored on {int(originals.sum()):,} pictures and {run.config.copies:,} augmented "
            f"{'copy' if run.config.copies == 1 else 'copies'} of each, as if all were pictures of their own: its "
            f"intervals are too narrow. On the originals alone: {percent(alone)} ({interval(alone)})."
        )
    return words


def score(label: str, value: str, below: str, words: str) -> None:
    with st.container(width=205):
        st.metric(label, value, help=words)
        st.caption(below)


def task_status(run: Run, task: Task[Pictures]) -> None:
    if not task.done:
        follow(task, "Opening this run's pictures.", "The scores stay; the pictures are not shown.")
    elif isinstance(task.error, Cancelled):
        st.info("Stopped: the pictures are not shown.")
        st.button("Open the pictures", on_click=open_again, args=(run,), help="Begins again.")
    elif task.error is not None:
        show_error(task.error)
        st.caption("The scores above are those of the training run and stay true.")


def open_again(run: Run) -> None:
    pictures_task(run, again=True)


@st.fragment
def views(view: str, run: Run, answers: Answers, task: Task[Pictures]) -> None:
    if view == "matrix":
        threshold = threshold_now(run)
        threshold_panel(run, answers, threshold)
        left, right = st.columns([2, 3], gap="large")
        with left:
            cell = matrix_view(answers, threshold)
        with right:
            cell_pictures(run, answers, task, cell, threshold)
        classes_table(summary_of(run))
    elif view == "mistakes":
        all_mistakes(run, answers, task)
    elif view == "curves":
        curves_view(answers)
        classes_table(summary_of(run))
    elif view == "confidence":
        threshold = threshold_now(run)
        threshold_panel(run, answers, threshold)
        confidence_view(answers, summary_of(run), threshold)
    else:
        no_pictures(task)


def cell_pictures(run: Run, answers: Answers, task: Task[Pictures], cell: tuple[int, int], threshold: float) -> None:
    name, answer = answers.classes[cell[0]], answers.classes[cell[1]] if cell[1] >= 0 else "unsure"
    st.subheader(f"{plain(name)}, answered as {plain(answer)}")
    if task.result is None:
        no_pictures(task)
        return
    sure = "Surest first: mistakes that the model was sure of are often wrong labels, or worth a look."
    rows_gallery(
        run,
        answers,
        task.result,
        answers.rows_of(*cell, threshold),
        "cell",
        (cell, threshold),
        caption=sure if cell[0] != cell[1] else "Surest first.",
        empty="No picture lies in this cell.",
    )


def all_mistakes(run: Run, answers: Answers, task: Task[Pictures]) -> None:
    if task.result is None:
        no_pictures(task)
        return
    wrong = np.flatnonzero(~answers.correct)
    rows = wrong[np.argsort(-answers.confidence[wrong], kind="stable")]
    rows_gallery(
        run,
        answers,
        task.result,
        rows,
        "mistakes",
        "all",
        caption="Every wrong answer, surest first: what it is, and what the model took it for. Press one to see it "
        "large, and to exclude or relabel it: those that it was sure of are often wrong labels.",
        with_evidence=True,
        with_class=True,
        empty="No validation picture was answered wrong.",
    )


def no_pictures(task: Task[Pictures]) -> None:
    if task.done:
        st.info("The pictures cannot be shown: the reason stands above. The scores do not need them.")
    else:
        st.info(NO_PICTURES)


main()
