"""Two runs on the same images: the difference with its interval, and the images on which only one of them is right."""

import numpy as np
import streamlit as st

from core.evaluation.compare_runs import Comparison, verdict
from core.evaluation.retrain import origin_of
from core.evaluation.setting_differences import differences
from core.evaluation.words import confidence_interval, percent, points_interval, signed_points
from core.runs.run import Run
from pages.ui.evaluate.images import no_images, rows_gallery
from pages.ui.evaluate.large import RowGallery
from pages.ui.evaluate.retrain import OTHER_RUN
from pages.ui.evaluate.state import Evaluation, comparison_task
from pages.ui.shared.progress import follow
from pages.ui.shared.run_chooser import choose_run, go_to_training
from pages.ui.shared.text import plain, show_error
from pages.ui.train.real_difference import real_difference
from pages.ui.train.words import name_of, value_in_words

ONLY_ONE_RIGHT = {"second": "Only the second is right", "first": "Only the first is right"}
MAX_SETTINGS = 6  # that are named where they differ
# What edits change: it has a sentence of its own.
CHANGED_BY_EDITS = {
    "training images",
    "validation images",
    "excluded by edits",
    "relabelled by edits",
    "images' fingerprint",
}


def compare_view(evaluation: Evaluation, usable: dict[str, tuple[Run, str]]) -> None:
    if not evaluation.has_images:
        no_images(evaluation)
        return
    others = _candidates(evaluation.run, [run for run, _ in usable.values()])
    if not others:
        st.info(
            "No other run was trained on these images yet. Exclude or relabel some of the misclassified images and "
            "train again, or start a run with other settings on the Training page. Then compare the two here."
        )
        go_to_training(is_primary=False)
        return
    other = choose_run(
        usable,
        OTHER_RUN,
        label="Compare with",
        among=others,
        help="Runs on the same source. Runs that were trained again or fine-tuned from this one come first.",
    )
    task = comparison_task(evaluation, other)
    if not task.done:
        follow(task, "Opening the other run's images.", "Cancels the comparison.")
    elif task.error is not None:
        show_error(task.error)
    elif task.result is not None:
        _result(evaluation, other, task.result)


def _candidates(run: Run, usable: list[Run]) -> list[str]:
    same_source = [other for other in usable if other.source == run.source and other.id != run.id]
    related = [other for other in same_source if _derives(other, run) or _derives(run, other)]
    return list(dict.fromkeys(other.id for other in [*related, *same_source]))


def _derives(run: Run, origin: Run) -> bool:
    return origin_of(run) == origin.id or (run.fine_tuning is not None and run.fine_tuning.run == origin.id)


def _result(evaluation: Evaluation, other: Run, comparison: Comparison) -> None:
    if not comparison.paired:
        st.info("The two runs share no validation image, so they cannot be compared.")
        return
    first, second = sorted((evaluation.run, other), key=lambda run: run.created)
    with st.container(horizontal=True):
        for place, run, score in (("First", first, comparison.first), ("Second", second, comparison.second)):
            with st.container(width=290):
                st.metric(
                    f"{place}: {plain(run.name)}",
                    percent(score),
                    help="Accuracy on the images that both were validated on.",
                )
                st.caption(confidence_interval(score))
        with st.container(width=290):
            st.metric(
                "Difference",
                f"{signed_points(comparison.difference)} points",
                help="Accuracy of the second run minus that of the first, in percentage points.",
            )
            st.caption(f"95% CI {points_interval(comparison.low, comparison.high)}")
    st.markdown(f"**{verdict(comparison)}**")
    left_out = (
        f" {comparison.left_out:,} are left out: excluded, or in only one validation set."
        if comparison.left_out
        else ""
    )
    st.caption(
        f"Both runs were validated on {comparison.num_images:,} images, judged here by their current labels.{left_out} "
        f"Both are right on {comparison.both:,} and wrong on {comparison.neither:,}. The interval of the difference "
        "(Newcombe, paired) uses only the images on which they disagree, so it is narrower than the intervals of the "
        "two accuracies suggest."
    )
    if words := _settings_in_words(first, second):
        st.caption(words)
    elif first.edits() != second.edits():
        st.caption(
            "Same settings and seed: only the edits differ. If you edited validation images because the first run "
            "got them wrong, the second run's accuracy is too high."
        )
    real_difference(first, second)
    _disagreements(evaluation, other, comparison)


@st.fragment
def _disagreements(evaluation: Evaluation, other: Run, comparison: Comparison) -> None:
    counts = {"second": len(comparison.only_second), "first": len(comparison.only_first)}
    which = st.segmented_control(
        "Images on which only one run is right",
        list(ONLY_ONE_RIGHT),
        format_func=lambda place: f"{ONLY_ONE_RIGHT[place]}: {counts[place]:,}",
        default="second",
        required=True,
        key="evaluate_changed",
        help="Images that one run classifies correctly and the other does not.",
    )
    pairs = comparison.only_second if which == "second" else comparison.only_first
    column = int(evaluation.run.created > other.created)
    rows_gallery(
        evaluation,
        RowGallery(
            "changed",
            (other.id, which),
            np.array([pair[column] for pair in pairs], np.int64),
            caption=f"Below each image: its label → the class predicted by {plain(evaluation.run.name)}, confidence.",
            empty="There is no such image.",
            names_true_class=True,
        ),
    )


def _settings_in_words(first: Run, second: Run) -> str:
    different = [setting for setting in differences((first, second)) if setting.name not in CHANGED_BY_EDITS]
    if not different:
        return ""
    shown = [
        f"{name_of(setting.name)}: {' vs. '.join(value_in_words(setting.name, value) for value in setting.values)}"
        for setting in different[:MAX_SETTINGS]
    ]
    more = f"; and {len(different) - MAX_SETTINGS} more" if len(different) > MAX_SETTINGS else ""
    return f"Their settings differ. {plain('; '.join(shown))}{more}."
