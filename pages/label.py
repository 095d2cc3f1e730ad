"""Label: images that nobody has labelled yet, one at a time or in batches, with a model that learns meanwhile."""

from typing import TYPE_CHECKING

import streamlit as st

from core.datasets.source import Source
from core.errors import Cancelled, PawlabError
from pages.ui.label.batches import in_batches
from pages.ui.label.chosen import labelled_source, names_of
from pages.ui.label.classes import first_names, manage
from pages.ui.label.giving import failure
from pages.ui.label.preparing import labellers
from pages.ui.label.question import one_by_one
from pages.ui.label.way_on import export, next_step, progress
from pages.ui.shared.progress import AT_ONCE, follow
from pages.ui.shared.session import keep_session, kept_choice
from pages.ui.shared.text import plain, show_error

if TYPE_CHECKING:
    from core.instant.labeller import Labeller

VIEWS = {"one": "One at a time", "batches": "In batches"}


def main() -> None:
    source = labelled_source()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title("Label", width="content")
        if source is not None:
            words = "Its files stay as they are: labels are kept apart, by the content of each image."
            st.caption(f"**{plain(source.title)}**", width="content", help=words)
            words = "Picks up images that were added, changed or removed. Your labels stay."
            st.button("Rescan", type="tertiary", on_click=_again, args=(source,), help=words)
            words = "Goes to the Dataset page, to open another folder or zip."
            if st.button("Other images", type="tertiary", help=words):
                st.switch_page("dataset.py")
    if source is None:
        st.info("Nothing to label is open. Open a folder or a zip of images that have no class folders.")
        if st.button("Open images", type="primary", help="Goes to the Dataset page: choose Open another dataset."):
            st.switch_page("dataset.py")
        return
    job = labellers().prepare(source)
    if not job.wait(AT_ONCE):
        note = f"Opening {plain(source.name)}: each image is read, then passed through the base model. You can "
        follow(job, f"{note}leave or reload this page meanwhile.", "What was computed is kept for the next time.")
    elif job.result is not None:
        st.fragment(labelling)(source, job.result)
    else:
        _refused(source, job.error)


def labelling(source: Source, labeller: "Labeller") -> None:
    """A fragment: an answer draws nothing else anew."""
    failure()
    try:
        state = labeller.state()
    except PawlabError as error:  # broken edits, which were moved aside: the next call finds none
        show_error(error)
        state = labeller.state()
    names = names_of(source, state.dataset.classes)
    if len(names) < 2:
        first_names(source, state.dataset, names)
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        view = st.segmented_control(
            "View",
            list(VIEWS),
            format_func=lambda view: VIEWS[view],
            required=True,
            key=kept_choice("label_view", "one"),
            label_visibility="collapsed",
            width="content",
            persist_state="session",
            help="One at a time: the image that teaches the model most. In batches: confirm what it suggests.",
        )
        manage(source, state.dataset, names)
    if view == "batches":
        in_batches(source, state, names)
        progress(source, state)
    else:
        one_by_one(source, state, names, lambda: progress(source, state))
    next_step(source, state, is_next=view == "one" or not state.suggested)
    export(state)
    keep_session()


def _refused(source: Source, error: PawlabError | None) -> None:
    if isinstance(error, Cancelled):
        st.info("Stopped. What was computed is kept for the next time.")
    elif error is not None:
        show_error(error)
    st.button(
        "Try again",
        type="primary",
        on_click=_again,
        args=(source,),
        help="Reads the images again. Features that were computed before are kept.",
    )


def _again(source: Source) -> None:
    labellers().prepare(source, again=True)


main()
