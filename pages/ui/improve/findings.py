"""What more images would change, the weak groups, and the shortcuts."""

import streamlit as st

from core.advice.advice import Advice
from core.advice.charts import learning_curve_chart
from core.advice.forecast import in_words
from core.datasets import Dataset
from core.evaluation.words import as_percent, points_interval, signed_points
from pages.ui.components.gallery import Look, gallery, gallery_event
from pages.ui.components.lightbox import gallery_items, table
from pages.ui.dataset.images import open_image_of
from pages.ui.shared.text import plain

SHOWN = 12
WEIGHTS = (
    "A class then counts images / (classes × images of the class), as Keras' `class_weight` does with these numbers. "
    "Measured in cross-validation; Pawlab trains without."
)


def curve_view(advice: Advice) -> None:
    """The learning curve, and who would gain from more."""
    st.markdown(plain(in_words(advice.at_twice)))
    st.plotly_chart(
        learning_curve_chart(advice.learning_curve, advice.at_twice),
        key="improve_curve",
        config={"displaylogo": False},
    )
    st.caption(
        "Heads on the frozen base's features, each trained on images drawn anew and scored on the others. The band "
        "holds 95% of such trainings. The star is what the curve, continued, gives for twice as many."
    )
    if len(advice.class_gains) > 1 and advice.at_twice.known:
        gains = {
            gain.label: f"{as_percent(gain.recall)} now, {signed_points(gain.gain)} points "
            f"({points_interval(gain.gain_low, gain.gain_high)})"
            for gain in advice.class_gains
        }
        table({"Class": "Recall, and its change with twice as many", **gains})
    if weights := advice.class_weights:
        st.markdown(f"**Imbalanced classes.** {plain(weights.in_words())}")
        table(
            {
                "Class": "Recall, and its change with class weights",
                **{each.name: each.in_words() for each in weights.recalls},
                "Macro F1": weights.macro_f1.in_words(),
            }
        )
        st.caption(WEIGHTS)


def groups_view(dataset: Dataset, advice: Advice) -> None:
    """Each weak group with its images, those that were wrong first."""
    if not advice.groups:
        st.success("No group of images is weaker than chance explains: not by how they look, nor by what they show.")
        return
    st.caption("Corrected for all groups that were tried. Images that were predicted wrong come first.")
    for number, group in enumerate(advice.groups):
        st.markdown(f"**{plain(group.in_words())}**")
        _images(dataset, group.images, f"improve_group_{number}", group.name)


def shortcuts_view(dataset: Dataset, advice: Advice) -> None:
    """The warnings with their images, then what else was tried."""
    warnings = [shortcut for shortcut in advice.shortcuts if shortcut.warning]
    if not warnings:
        st.success("Nothing that should not matter gives away the class.")
    for shortcut in warnings:
        st.warning(plain(shortcut.in_words()))
        _images(dataset, shortcut.images, f"improve_cue_{shortcut.cue}", shortcut.title)
    tried = {
        shortcut.title: f"{as_percent(shortcut.accuracy)} ({as_percent(shortcut.low)} to {as_percent(shortcut.high)})"
        for shortcut in advice.shortcuts
        if not shortcut.warning
    }
    if tried:
        guessing = advice.shortcuts[0].guessing
        st.caption(f"Also tried. Guessing gives {as_percent(guessing)}, the model {as_percent(advice.accuracy)}.")
        table({"Cue": "Classes told from it alone", **tried})


def _images(dataset: Dataset, paths: tuple[str, ...], key: str, label: str) -> None:
    if opened := gallery_event(key).opened:
        open_image_of(dataset, opened)
        st.switch_page("dataset.py")
    by_path = {record.path: record for record in dataset.readable()}
    records = [by_path[path] for path in paths[:SHOWN] if path in by_path]
    gallery(gallery_items(dataset, records, {}), key, look=Look(label=label, selectable=False, cell=104))
    if len(paths) > SHOWN:
        st.caption(f"{SHOWN} of {len(paths):,} images.")
