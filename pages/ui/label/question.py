"""One image at a time: the next most useful one, large, with a button and a key for each class."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.datasets import ImageRecord
from core.datasets.edits.actions import Action
from core.datasets.source import Source
from pages.ui.components.lightbox import large_image
from pages.ui.label.chosen import skip, skipped
from pages.ui.label.giving import give, leave_out, undo_button
from pages.ui.shared.text import plain

if TYPE_CHECKING:
    from core.instant.labeller import LabelState

KEYS = 9
AT_ONCE = 5  # questions that are chosen together: the time that this takes is spent once in so many labels
_QUEUE = "label_queue"  # session key: the source's text, then the SHA-256s of the questions to come
# On a phone the answers stand below it.
_STYLE = """<style>
@media (max-width: 640px) {.st-key-label_question img {max-height: 38vh !important}}
</style>"""


def one_by_one(source: Source, state: "LabelState", names: Sequence[str], below: Callable[[], None]) -> None:
    """`below` is drawn below the answers."""
    record = _next(source, state)
    st.html(_STYLE)
    left, right = st.columns([3, 2], gap="medium")
    with right, st.container(key="label_answers"):  # before the image: what is seen is what a press is about
        _answers(source, state, names, record)
        below()
    with left, st.container(key="label_question"):
        if record is None:
            st.success("Every image has a label, or you left it out.")
        else:
            large_image(state.dataset, record, f"Image to label: {record.path}", "62vh")
            st.caption(plain(record.path), text_alignment="center")


def _answers(source: Source, state: "LabelState", names: Sequence[str], record: ImageRecord | None) -> None:
    if record is None:
        undo_button(state.dataset, lambda action: _ask_again(source, action))
        return
    if record.digest in skipped(source):
        st.markdown("You skipped this one before.")
    with st.container(horizontal=True, gap="small"):
        for number, name in enumerate(names, 1):
            st.button(
                plain(name),
                on_click=give,
                args=(state.dataset, [record], name),
                key=f"label_as_{number}",
                shortcut=str(number) if number <= KEYS else None,
                width="stretch" if len(names) < 4 else "content",
                help=f"{state.counts.get(name, 0):,} images have this label.",
            )
    with st.container(horizontal=True, gap="small"):
        words = "Asks for it again at the very end."
        st.button("Skip", on_click=_skip, args=(source, record), key="label_skip", shortcut="S", help=words)
        words = "Leaves it out: it is not asked for again, and no model learns from it. You can undo that."
        st.button(
            "Unsure", on_click=leave_out, args=(state.dataset, [record]), key="label_unsure", shortcut="U", help=words
        )
        undo_button(state.dataset, lambda action: _ask_again(source, action))


def _next(source: Source, state: "LabelState") -> ImageRecord | None:
    """The image to ask for, None where there is none left."""
    if not state.open:
        return None
    stored = st.session_state.get(_QUEUE, ())
    queue = [digest for digest in stored[1:] if digest in state.open] if stored[:1] == (source.text,) else []
    if not queue:
        queue = state.ask(skipped(source), AT_ONCE)
    st.session_state[_QUEUE] = (source.text, *queue)
    return state.open[queue[0]]


def _skip(source: Source, record: ImageRecord) -> None:
    skip(source, record.digest)
    stored = st.session_state.get(_QUEUE, (source.text,))
    st.session_state[_QUEUE] = (stored[0], *(digest for digest in stored[1:] if digest != record.digest))


def _ask_again(source: Source, action: Action) -> None:
    """What was taken back comes next: it was a slip."""
    digests = dict.fromkeys(change.digest for change in action.changes)
    if len(digests) <= AT_ONCE:
        st.session_state[_QUEUE] = (source.text, *digests, *st.session_state.get(_QUEUE, ())[1:])
