"""Improve: what to do next with the open dataset, and what each action would change, measured."""

import streamlit as st

from core.advice.advice import Advice
from core.advice.review import open_errors
from core.datasets import Dataset
from core.evaluation.words import as_percent
from core.runs.run import Run
from pages.ui.dataset.edits import edits_bar
from pages.ui.improve.actions import ranked_list
from pages.ui.improve.advice import Made, ask, latest_run, task_of
from pages.ui.improve.findings import curve_view, groups_view, shortcuts_view
from pages.ui.improve.labels import kept_labels, labels_view
from pages.ui.improve.train_again import train_again_row
from pages.ui.improve.view import choose_view
from pages.ui.shared.data import dataset, opening_status
from pages.ui.shared.job_widgets import asked_for
from pages.ui.shared.text import plain


def main() -> None:
    st.title("Improve")
    st.write("What to do next: each proposal with the change that was measured for it on your own images.")
    with st.container():
        opening_status()
        opened = dataset()
    run = latest_run(opened)
    made = asked_for(
        task_of(opened),
        "Look for what would help",
        lambda: ask(opened, run),
        note="You can use other pages meanwhile.",
        help="Extracts the features of all images, unless they are cached, then fits several hundred heads on them. "
        "Changes nothing.",
        key="improve_ask",
    )
    if made is None:
        if task_of(opened) is None:
            before(opened)
        return
    what_it_is(opened, run, made)
    edits_bar(opened)
    ranked_list(opened, run, made.advice.actions)
    findings(opened, made.advice)
    with st.container(key="next_step"):
        train_again_row(opened, run)


def before(opened: Dataset) -> None:
    """What will be looked for, while nothing is known."""
    st.markdown(
        f"It looks at all {len(opened.usable()):,} images for labels that are probably wrong, asks what twice as many "
        "images would change, which kinds of images the model is weak on, and whether something that should not matter "
        "gives away the class. Some 20 s for 3,000 images after a training, a minute before one."
    )


def what_it_is(opened: Dataset, run: Run | None, made: Made) -> None:
    """What the numbers below are about, and whether they are out of date."""
    advice = made.advice
    seen = f"as **{plain(made.seen_by)}** sees them, " if made.seen_by else ""
    st.caption(
        f"{advice.images:,} images, {seen}{advice.image_size} pixels. A head on the frozen base is right on "
        f"{as_percent(advice.accuracy)} ({as_percent(advice.low)} to {as_percent(advice.high)}) of images that it has "
        f"not seen; guessing gives {as_percent(advice.guessing)}."
    )
    if made.fingerprint != opened.fingerprint:
        with st.container(horizontal=True, vertical_alignment="center", key="improve_stale"):
            st.info("The images or labels have changed since. The numbers are those from before.", width="stretch")
            st.button("Look again", on_click=ask, args=(opened, run), help="Measures everything with your edits.")


def findings(opened: Dataset, advice: Advice) -> None:
    """One of the four findings, closer."""
    counts = {
        "labels": len(open_errors(advice.label_errors, opened, kept_labels(opened))),
        "groups": len(advice.groups),
        "shortcuts": sum(shortcut.warning for shortcut in advice.shortcuts),
    }
    view = choose_view(counts)
    with st.container():
        if view == "labels":
            labels_view(opened, advice.label_errors)
        elif view == "curve":
            curve_view(advice)
        elif view == "groups":
            groups_view(opened, advice)
        else:
            shortcuts_view(opened, advice)


main()
