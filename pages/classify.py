"""Classify: give new pictures to a trained run and see what it says of each."""

import streamlit as st

from core.datasets.current import current_source
from core.errors import Cancelled, PawlabError
from core.evaluation.chosen import chosen_threshold
from core.inference.best import best_run
from core.inference.classifier import Classifier
from core.training.runs import Run
from pages.ui.classifier import classifier_of, usable_runs
from pages.ui.classify_inputs import chosen_input
from pages.ui.classify_results import results
from pages.ui.classify_state import classification, clear
from pages.ui.export_bundle import export_section
from pages.ui.progress import follow
from pages.ui.run_chooser import choose_run
from pages.ui.words import plain, show_error


def main() -> None:
    st.title("Classify")
    st.write("Give a trained model pictures that it has never seen, and look at how sure it is of each.")
    usable, broken = usable_runs()
    if usable:
        classify(usable)
    else:
        if broken:
            st.warning("There are runs here, but none of them can be asked: see below why. Train a new one.")
        else:
            st.info("No run has left a model yet, so there is none to ask. Train one first; this page then lists it.")
        st.page_link("train.py", label="Go to Training", help="Start a run there.")
        export_section(None)
    if broken:
        with st.expander(f"{len(broken)} run{'s' if len(broken) > 1 else ''} that cannot be used, and why"):
            st.dataframe(
                [{"folder": folder, "reason": reason} for folder, reason in broken.items()],
                width="stretch",
                hide_index=True,
            )


def classify(usable: dict[str, tuple[Run, str]]) -> None:
    best = best_run([run for run, _ in usable.values()], current_source())
    run = choose_run(
        usable,
        "classify_run",
        label="Model",
        first=best.id,
        help="Name, share of validation pictures it got right, date, classes; newest first. Chosen at first is the "
        "best one: the highest share right among the finished runs on the dataset that is open, or among all where "
        "none was trained on it. Small differences can be chance.",
    )
    try:
        classifier = classifier_of(run)
    except PawlabError as error:
        show_error(error)
        st.write("Choose another model above, or train again.")
        st.page_link("train.py", label="Go to Training", help="Start a run there.")
        return
    explain(classifier, chosen_threshold(run))
    if chosen_input(run):
        answers(run, classifier)
    export_section(run)


def explain(classifier: Classifier, threshold: float) -> None:
    words = f"It answers with one of its classes: {plain(', '.join(classifier.classes))}."
    if threshold:
        words += (
            f' Below a confidence of {threshold:.0%}, the threshold chosen on the Evaluate page, it says "unsure". '
            "That is no detector of unknown things: of a car it can be very sure too."
        )
    else:
        words += (
            " A picture of something else gets one of them too. A threshold below which it says "
            '"unsure" can be chosen on the Evaluate page.'
        )
    st.caption(words)


def answers(run: Run, classifier: Classifier) -> None:
    task = classification(run, classifier)
    if task is None:
        return
    if not task.done:
        follow(task, "Classifying what you gave. You may leave this page: it goes on.", "No answers are shown then.")
    elif task.result is not None:
        results(run, classifier, task.result, task.id, chosen_threshold(run))
    elif task.error is not None:
        if isinstance(task.error, Cancelled):
            st.info("Stopped: there are no answers.")
        else:
            show_error(task.error)
        with st.container(horizontal=True):
            st.button("Begin again", on_click=begin_again, args=(run, classifier), help="Tries the same once more.")
            st.button("Clear", on_click=clear, help="Forgets what you gave.")


def begin_again(run: Run, classifier: Classifier) -> None:
    classification(run, classifier, again=True)


main()
