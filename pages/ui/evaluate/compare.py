"""Two runs on the same pictures: the difference with its interval, and the pictures that changed sides."""

import numpy as np
import streamlit as st

from core.evaluation.answers import Answers
from core.evaluation.pairing import Comparison, verdict
from core.evaluation.retrain import origin_of
from core.evaluation.words import interval, percent
from core.training.comparison import differences
from core.training.runs import Run
from pages.ui.evaluation import Pictures, comparison_task
from pages.ui.evaluation_pictures import rows_gallery
from pages.ui.evaluation_retrain import WITH
from pages.ui.progress import follow
from pages.ui.run_chooser import choose_run
from pages.ui.training_words import name_of, value_in_words
from pages.ui.words import plain, show_error

CHANGED = {"second": "Only the second is right", "first": "Only the first is right"}
MOST_SETTINGS = 6  # that are named where they differ
# What edits change: said in words of its own.
OF_THE_EDITS = {
    "training pictures",
    "validation pictures",
    "excluded by edits",
    "relabelled by edits",
    "pictures' fingerprint",
}


def compare_view(run: Run, answers: Answers, found: Pictures, usable: dict[str, tuple[Run, str]]) -> None:
    others = _candidates(run, [one for one, _ in usable.values()])
    if not others:
        st.info(
            "No other run was trained on these pictures yet. Exclude or relabel some of the mistakes and train again, "
            "or start a run with other settings on the Training page: it can be compared here."
        )
        st.page_link("train.py", label="Go to Training", help="Start a run there.")
        return
    other = choose_run(
        usable,
        WITH,
        label="Compare with",
        among=others,
        help="Runs on the same source, those first that were trained again from this one, or fine-tuned.",
    )
    task = comparison_task(run, found, other)
    if not task.done:
        follow(task, "Opening the other run's pictures.", "Nothing is compared then.")
    elif task.error is not None:
        show_error(task.error)
    elif task.result is not None:
        _result(run, answers, found, other, task.result)


def _candidates(run: Run, usable: list[Run]) -> list[str]:
    same = [one for one in usable if one.source == run.source and one.id != run.id]
    related = [one for one in same if _came_from(one, run) or _came_from(run, one)]
    return list(dict.fromkeys(one.id for one in [*related, *same]))


def _came_from(one: Run, other: Run) -> bool:
    return origin_of(one) == other.id or (one.fine_tuning is not None and one.fine_tuning.run == other.id)


def _result(run: Run, answers: Answers, found: Pictures, other: Run, outcome: Comparison) -> None:
    if not outcome.paired:
        st.info("The two runs were validated on no picture in common, so there is nothing to compare.")
        return
    first, second = sorted((run, other), key=lambda one: one.created)
    with st.container(horizontal=True):
        for place, one, score in (("First", first, outcome.first), ("Second", second, outcome.second)):
            with st.container(width=290):
                st.metric(f"{place}: {plain(one.name)}", percent(score), help="On the same pictures: see below.")
                st.caption(interval(score))
        with st.container(width=290):
            st.metric(
                "Difference",
                f"{outcome.difference * 100:+.1f} points",
                help="Second minus first, in percentage points.",
            )
            st.caption(f"{outcome.low * 100:+.1f} to {outcome.high * 100:+.1f}")
    st.markdown(f"**{verdict(outcome)}**")
    left_out = f" Left out: {outcome.left_out:,}, excluded or of another split." if outcome.left_out else ""
    st.caption(
        f"{outcome.num_images:,} pictures that both were validated on, judged by today's classes.{left_out} Both "
        f"are right on {outcome.both:,} of them and wrong on {outcome.neither:,}. The interval (95 %, Newcombe's for "
        "pairs) looks at the pictures that changed sides, so it is narrower than the two scores' own intervals."
    )
    if words := _settings_in_words(first, second):
        st.caption(words)
    elif first.edits() != second.edits():
        st.caption(
            "Same settings and seed: the edits are the only difference. Edits to validation pictures that were made "
            "because the first run failed on them flatter the second."
        )
    _changed(run, answers, found, other, outcome)


@st.fragment
def _changed(run: Run, answers: Answers, found: Pictures, other: Run, outcome: Comparison) -> None:
    counts = {"second": len(outcome.only_second), "first": len(outcome.only_first)}
    which = st.segmented_control(
        "Pictures that changed sides",
        list(CHANGED),
        format_func=lambda one: f"{CHANGED[one]}: {counts[one]:,}",
        default="second",
        required=True,
        key="evaluate_changed",
        help="Pictures that one run answers right and the other wrong.",
    )
    pairs = outcome.only_second if which == "second" else outcome.only_first
    rows = np.array([pair[run.created > other.created] for pair in pairs], np.int64)
    rows_gallery(
        run,
        answers,
        found,
        rows,
        "changed",
        (other.id, which),
        with_class=True,
        caption=f"Beneath each: its class in that run, and the answer of {plain(run.name)}.",
        empty="No picture changed sides this way.",
    )


def _settings_in_words(first: Run, second: Run) -> str:
    found = [one for one in differences((first, second)) if one.name not in OF_THE_EDITS]
    if not found:
        return ""
    shown = [
        f"{name_of(one.name)}: {' against '.join(value_in_words(one.name, value) for value in one.values)}"
        for one in found[:MOST_SETTINGS]
    ]
    more = f"; and {len(found) - MOST_SETTINGS} more" if len(found) > MOST_SETTINGS else ""
    return f"Their settings differ. {plain('; '.join(shown))}{more}."
