"""Classify: new images, classified by a trained model; and the model itself, to export or import."""

from typing import Literal

import streamlit as st

from core.backbone.neighbours import NEVER
from core.datasets.source import SAMPLE
from core.errors import Cancelled, PawlabError
from core.evaluation.unlike import LIMITS as ABOUT_UNLIKE
from core.evaluation.words import as_percent
from core.inference.classifier import Classifier
from core.runs.limits import Limits, has_neighbours, limits_of
from core.runs.run import Run
from core.runs.store import best_run
from pages.ui.classify.export_bundle import export_section
from pages.ui.classify.import_bundle import import_section, select_imported
from pages.ui.classify.inputs import chosen_input
from pages.ui.classify.results import results
from pages.ui.classify.state import classification, clear
from pages.ui.evaluate.link import address_of
from pages.ui.shared.classifier import classifier_of, usable_runs
from pages.ui.shared.progress import follow
from pages.ui.shared.run_chooser import CLASSIFIED, choose_run, go_to_training
from pages.ui.shared.session import source
from pages.ui.shared.text import plain, show_error
from pages.ui.shared.unlike import added


def main() -> None:
    st.title("Classify")
    st.write("Let a trained model classify images that it has never seen, and see how confident it is.")
    usable, broken = usable_runs()
    if usable:
        classify(usable)
    else:
        if broken:
            st.warning("None of the runs here can be used; the reasons are given below. Train a new one.")
        else:
            st.info("No trained model yet. Train one first, or import one below.")
        go_to_training()
        st.divider()
        import_section(None)
    if broken:
        with st.expander(f"{len(broken)} run{'s' if len(broken) > 1 else ''} that cannot be used"):
            st.dataframe(
                [{"folder": folder, "reason": reason} for folder, reason in broken.items()],
                width="stretch",
                hide_index=True,
            )


def classify(usable: dict[str, tuple[Run, str]]) -> None:
    select_imported(CLASSIFIED)
    best = best_run([run for run, _ in usable.values()], source().text)
    run = choose_run(
        usable,
        CLASSIFIED,
        label="Model",
        first=best.id,
        help="Name, validation accuracy, date, classes; newest first. Preselected is the finished run with the highest "
        "validation accuracy on the open dataset, or of all runs if none was trained on it. Small differences can be "
        "chance.",
    )
    try:
        classifier = classifier_of(run)
    except PawlabError as error:
        show_error(error)
        st.write("Choose another model above, or train again.")
        go_to_training()
        return
    offers_sorting = chosen_input(run) and predictions(run, classifier)
    explain(classifier, limits_of(run, classifier.neighbours))
    distance_missing(run, classifier)
    with st.container(key="next_step"):
        next_step(run, is_primary=not offers_sorting)
    st.divider()
    export_section(run)
    import_section(run)


def next_step(run: Run, *, is_primary: bool) -> None:
    kind: Literal["primary", "secondary"] = "primary" if is_primary else "secondary"
    if run.source == SAMPLE:
        if st.button("Train on photos", type=kind, help="Opens the Dataset page: photos of your own, or public ones."):
            st.switch_page("dataset.py")
    elif st.button("See its mistakes", type=kind, help="Its misclassified images, most confident errors first."):
        st.switch_page("evaluate.py", query_params=address_of(run, "misclassified"))


def explain(classifier: Classifier, limits: Limits) -> None:
    names = [plain(name) for name in classifier.classes]
    words = f"It predicts one of its classes: {', '.join(names)}. "
    if limits.threshold:
        words += (
            f"Below a confidence of {as_percent(limits.threshold)}, the threshold set on the Evaluate page, it is "
            "unsure. "
        )
    words += f"It cannot spot unknown objects: a car may get a confident “{names[0]}”."
    if classifier.neighbours and limits.cut < NEVER:
        words += " It says where an image is unlike its training images: then its probabilities mean little."
    if limits.sets:
        words += (
            f" Where one class is not enough to be right {limits.sets.level:.0%} of the time, it names the set of "
            "classes that the image may show."
        )
    if not limits.threshold:
        words += " On the Evaluate page you can set a threshold below which it says “unsure”."
    st.caption(words, help=ABOUT_UNLIKE)


def distance_missing(run: Run, classifier: Classifier) -> None:
    """Where the run cannot tell how unlike an image is: why, and the way to change that."""
    if classifier.neighbours:
        return
    if has_neighbours(run):
        st.warning(plain(classifier.without_distance))
    added(run)


def predictions(run: Run, classifier: Classifier) -> bool:
    """Draws them, and says whether it offered to sort the images."""
    task = classification(run, classifier)
    if task is None:
        return False
    if not task.done:
        follow(task, "Classifying your images. It continues if you leave this page.", "No predictions are shown.")
    elif task.result is not None:
        results(run, classifier, task.result, task.id, limits_of(run, classifier.neighbours))
    elif task.error is not None:
        if isinstance(task.error, Cancelled):
            st.info("Stopped: there are no predictions.")
        else:
            show_error(task.error)
        with st.container(horizontal=True):
            st.button("Try again", on_click=try_again, args=(run, classifier), help="Classifies the same images again.")
            st.button("Clear", on_click=clear, help="Removes these images.")
    return task.result is not None and len(task.result.rows) > 1


def try_again(run: Run, classifier: Classifier) -> None:
    classification(run, classifier, again=True)


main()
