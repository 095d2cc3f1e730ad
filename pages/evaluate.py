"""Evaluate: how good a trained run is, how sure one may be of that, and the pictures behind every number."""

import streamlit as st

from core.datasets import Dataset
from core.errors import Cancelled, PawlabError
from core.evaluation.answers import Answers
from core.evaluation.summary import Summary, honest_accuracy
from core.jobs import Task
from core.training.runs import Run
from pages.ui.classifier import usable_runs
from pages.ui.data import dataset
from pages.ui.evaluation import Pictures, answers_of, pictures_task, summary_of
from pages.ui.evaluation_pictures import cell_pictures
from pages.ui.evaluation_views import (
    classes_table,
    confidence_view,
    curves_view,
    interval,
    matrix_view,
    percent,
    threshold_in_words,
)
from pages.ui.progress import follow
from pages.ui.words import show_error

VIEWS = {"matrix": "Mistakes", "curves": "Curves", "confidence": "Confidence"}


def main() -> None:
    st.title("Evaluate")
    st.write("How good a trained model is on pictures it was not trained on, and what it gets wrong.")
    usable, _ = usable_runs()
    if not usable:
        st.info("No run has left a model yet, so there is nothing to evaluate. Train one first.")
        st.page_link("train.py", label="Go to Training", help="Start a run there.")
        return
    chosen = st.selectbox(
        "Run",
        list(usable),
        format_func=lambda run_id: usable[run_id][1],
        key="evaluate_run",
        persist_state="session",
        help="Runs that left a model, newest first: name, share of validation pictures it got right, date, classes.",
    )
    run = usable[chosen][0]
    try:
        answers = answers_of(run)
    except PawlabError as error:
        show_error(error)
        return
    task = pictures_task(run)
    headline(answers, summary_of(run), task)
    task_status(run, task)
    views(run, answers, task.result)


def headline(answers: Answers, summary: Summary, task: Task[Pictures]) -> None:
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
            told = honest_accuracy(answers, found.records, today(found), found.report)
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
        area = summary.classes[1 if len(summary.classes) == 2 else 0].roc_area
        if len(summary.classes) == 2:
            score(
                "ROC area",
                f"{area.value:.3f}",
                f"{area.low:.3f} to {area.high:.3f}",
                "The chance that a picture of the second class is given a higher probability for it than one of the "
                "first. 0.5 is guessing.",
            )
    st.caption(
        "Beneath each score: where it likely (95 %) lies on endless pictures of this kind. Smaller "
        "differences between runs can be chance."
    )


def score(label: str, value: str, below: str, words: str) -> None:
    with st.container(width=230):
        st.metric(label, value, help=words)
        st.caption(below)


def today(found: Pictures) -> Dataset:
    """The run's data with today's edits where it is the open dataset, else as the run saw it."""
    opened = dataset()
    return opened if opened.root == found.dataset.root else found.dataset


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
def views(run: Run, answers: Answers, pictures: Pictures | None) -> None:
    view = st.segmented_control(
        "What to look at",
        list(VIEWS),
        format_func=lambda view: VIEWS[view],
        default="matrix",
        required=True,
        key="evaluate_view",
        label_visibility="collapsed",
        persist_state="session",
        help="Mistakes: what was taken for what, with the pictures. Curves: ROC, precision and recall. Confidence: "
        "does it keep what it promises.",
    )
    lowest = 1 / len(answers.classes)
    threshold = st.slider(
        "Confidence threshold",
        float(round(lowest, 2)),
        1.0,
        float(round(lowest, 2)),
        0.01,
        key="evaluate_threshold",
        help='Below it the answer is "unsure". It trades how many pictures get an answer against how many answers are '
        "right. It does not detect things that belong to no class: the model can be very sure of a car.",
    )
    if view == "matrix":
        left, right = st.columns([2, 3], gap="large")
        with left:
            cell = matrix_view(answers, threshold)
            st.caption(threshold_in_words(answers, threshold))
        with right:
            if pictures is not None:
                cell_pictures(run, answers, pictures, cell, threshold)
            else:
                st.info("The pictures of the cells appear here once they have been opened.")
        classes_table(summary_of(run))
    elif view == "curves":
        curves_view(answers)
        classes_table(summary_of(run))
    else:
        confidence_view(answers, summary_of(run), threshold)


main()
