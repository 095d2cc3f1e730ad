"""Labels that are probably wrong, one after the other: accept the suggestion, keep the label, or leave it out."""

from typing import Literal

import streamlit as st

from core.advice.advice import LabelError
from core.advice.review import open_errors
from core.datasets import Dataset
from pages.ui.components.gallery import Look, gallery, gallery_event
from pages.ui.components.lightbox import act, gallery_items, large_image
from pages.ui.dataset.edits import draw_undo, make_edit
from pages.ui.dataset.images import catalog_of
from pages.ui.shared.session import keep_session, kept
from pages.ui.shared.text import plain

UPCOMING = 12
_KEPT = kept("improve_kept")  # the dataset's folder, then the paths whose label was found right
_FIRST = "improve_first"  # the path that was clicked, to be looked at before the others
_PLACE = "improve_labels"


@st.fragment
def labels_view(dataset: Dataset, errors: tuple[LabelError, ...]) -> None:
    """Draws what is left of them. An edit runs the whole page again, for its counts."""
    catalog = catalog_of(dataset)
    waiting = open_errors(errors, dataset, kept_labels(dataset))
    opened = gallery_event("improve_gallery").opened
    if opened:
        st.session_state[_FIRST] = opened
    waiting = sorted(waiting, key=lambda error: error.path != st.session_state.get(_FIRST))
    draw_undo(dataset, _PLACE)
    if not waiting:
        words = "You have looked at every label in doubt." if errors else "No label is in doubt."
        st.success(f"{words} Nothing more is to be done here.")
        return
    _review(dataset, waiting[0], len(errors) - len(waiting), len(errors))
    if rest := waiting[1 : UPCOMING + 1]:
        st.caption("Next, the surest first. Click one to look at it now.")
        records = [record for error in rest if (record := catalog.find(error.path))]
        look = Look(label="Labels in doubt", selectable=False, cell=104)
        gallery(gallery_items(dataset, records, {}), "improve_gallery", look=look)
    keep_session()


def _review(dataset: Dataset, error: LabelError, done: int, total: int) -> None:
    record = catalog_of(dataset).find(error.path)
    assert record is not None, "an open error is that of an image in use"
    left, right = st.columns([3, 2], gap="medium")
    with left:
        large_image(dataset, record, f"labelled {error.label}, {error.path}", "44vh")
    with right:
        st.markdown(f"Labelled **{plain(error.label)}**. Looks like **{plain(error.suggested)}**.")
        sure = "Other images like it say so" if error.sure else "Less sure: worth a look"
        st.caption(f"{sure}; score {error.score:.2f}. {plain(error.path)}, {error.split}")

        def relabel() -> None:
            make_edit(dataset, lambda edits: edits.relabel([record], error.suggested), "Relabelled", _PLACE)

        def keep() -> None:
            st.session_state[_KEPT] = (str(dataset.root), *sorted(kept_labels(dataset) | {error.path}))

        def leave_out() -> None:
            make_edit(dataset, lambda edits: edits.exclude([record]), "Excluded", _PLACE)

        for key, label, do, help in (
            ("a", f"Relabel as {plain(error.suggested)}", relabel, "Accepts the suggestion."),
            ("k", f"Keep {plain(error.label)}", keep, "The label is right. You are not asked again."),
            ("x", "Leave it out", leave_out, "It is neither, or both: excludes the image."),
        ):
            kind: Literal["primary", "secondary"] = "primary" if key == "a" else "secondary"
            if st.button(label, key=f"improve_{key}", shortcut=key, type=kind, help=help, width="stretch"):
                act(do)
        st.caption(f"{done:,} of {total:,} looked at. Keys: A relabels, K keeps, X leaves out. No file changes.")


def kept_labels(dataset: Dataset) -> frozenset[str]:
    """Paths of the images of this dataset whose label this session found right."""
    root, *paths = st.session_state.get(_KEPT, ("",))
    return frozenset(paths) if root == str(dataset.root) else frozenset()
