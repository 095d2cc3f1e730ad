"""Many images at a time: those that the instant model takes for one class, surest first, to confirm or correct."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.datasets import Dataset, ImageRecord
from core.datasets.source import Source
from core.datasets.thumbnails import thumbnails
from pages.ui.components.gallery import GalleryItem, Look, gallery, gallery_event
from pages.ui.label.giving import give, leave_out, undo_button
from pages.ui.label.question import KEYS
from pages.ui.shared.text import plain

if TYPE_CHECKING:
    from core.instant.labeller import LabelState

BATCH = 24
KEY = "label_batch"
_CLASS, _SELECTED = "label_batch_class", "label_batch_selected"  # the source's text, then the paths that are selected
_LOOK = Look(label="Suggestions", cell=120, keys="Click or Space selects", opens=False)


def in_batches(source: Source, state: "LabelState", names: Sequence[str]) -> None:
    suggested = {name: state.suggested[name] for name in names if name in state.suggested}
    if not suggested:
        if state.open:
            st.info("Label some images of two classes first, one at a time. Then the model suggests the others here.")
        else:
            st.success("Every image has a label, or you left it out.")
        undo_button(state.dataset)
        return
    name = _class(suggested)
    selected = _selected(source)
    records = sorted(suggested[name], key=lambda record: record.path not in selected)[:BATCH]  # a stable sort
    chosen = [record for record in records if record.path in selected]
    others = [record for record in records if record.path not in selected]
    _confirm(state.dataset, name, others, all_of=not chosen)
    _correct(state.dataset, names, chosen)
    gallery(_items(state.dataset, records, name), KEY, frozenset(record.path for record in chosen), look=_LOOK)


def _class(suggested: dict[str, list[ImageRecord]]) -> str:
    if st.session_state.get(_CLASS) not in suggested:
        st.session_state[_CLASS] = next(iter(suggested))
    chosen = st.segmented_control(
        "The model takes these for",
        list(suggested),
        format_func=lambda name: f"{plain(name)} ({len(suggested[name]):,})",
        required=True,
        key=_CLASS,
        help="Images without a label, by the class that the instant model predicts. Each batch teaches it more.",
    )
    return str(chosen)


def _selected(source: Source) -> frozenset[str]:
    stored = st.session_state.get(_SELECTED, ("", frozenset()))
    before = stored[1] if stored[0] == source.text else frozenset()
    selected: frozenset[str] = gallery_event(KEY).apply(before)
    st.session_state[_SELECTED] = (source.text, selected)
    return selected


def _confirm(dataset: Dataset, name: str, others: list[ImageRecord], *, all_of: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="label_confirm"):
        counted = f"all {len(others)}" if all_of else f"the other {len(others)}"
        st.button(
            f"Confirm {counted} as {plain(name)}",
            type="primary",
            on_click=give,
            args=(dataset, others, name),
            disabled=not others,
            key="label_batch_confirm",
            shortcut="Y",
            help="Labels every image below that is not selected.",
        )
        undo_button(dataset)
        st.markdown("Surest first. Select the wrong ones, then say what they are.", width="content")


def _correct(dataset: Dataset, names: Sequence[str], chosen: list[ImageRecord]) -> None:
    """It keeps its place while none is selected."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="label_correct"):
        st.markdown(f"**{len(chosen)} selected** are" if chosen else "**None selected**", width="content")
        first = "" if chosen else "Select images first. "
        for number, name in enumerate(names, 1):
            st.button(
                plain(name),
                on_click=give,
                args=(dataset, chosen, name),
                disabled=not chosen,
                key=f"label_batch_as_{number}",
                shortcut=str(number) if number <= KEYS else None,
                help=f"{first}Labels the selected images.",
            )
        st.button(
            "Unsure",
            on_click=partial(leave_out, dataset, chosen),
            disabled=not chosen,
            key="label_batch_unsure",
            shortcut="U",
            help=f"{first}Leaves them out: no model learns from them. You can undo that.",
        )


def _items(dataset: Dataset, records: Sequence[ImageRecord], name: str) -> list[GalleryItem]:
    return [
        GalleryItem(
            record.path,
            f"Perhaps {name}, {record.path}",
            record.path.rsplit("/", 1)[-1],
            rendered.content,
            rendered.reason,
        )
        for record, rendered in zip(records, thumbnails(dataset, records), strict=True)
    ]
