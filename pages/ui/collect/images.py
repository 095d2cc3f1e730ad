"""All images of a collection: look at them, remove them, move them to another class, undo."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.datasets.collect.bursts import burst_of
from core.datasets.collect.cards import ClassCard
from core.datasets.collect.collection import Collection
from core.errors import PawlabError
from core.images.isolated import decode_image
from pages.ui.collect.cards import undo_in_words
from pages.ui.components.gallery import GalleryItem, Look, Paging, gallery, gallery_event
from pages.ui.routes.collect import image_address
from pages.ui.shared.text import plain, show_error

A_PAGE = 48
LARGE = 1024  # pixels
_GALLERY = "collect_images"
_SHOWN, _PAGE, _SELECTED, _OPEN, _TO, _FAILED, _OF = (
    f"collect_images_{name}" for name in ("class", "page", "selected", "open", "to", "failed", "of")
)
_ALL = "All classes"


def images(collection: Collection, cards: Sequence[ClassCard]) -> None:
    """Draws it all; `cards` are the collection's."""
    state = st.session_state
    if state.get(_OF) != collection.name:
        for key in (_SHOWN, _PAGE, _SELECTED, _OPEN, _TO):
            state.pop(key, None)
        state[_OF] = collection.name
    labels = [card.label for card in cards]
    event = gallery_event(_GALLERY)
    st.subheader("Images")
    if not any(card.num_images for card in cards):
        st.info("No images yet. Hold a button above, or add files to a class.")
        _undo(collection)
        return
    if state.get(_SHOWN) not in (_ALL, *labels):
        state[_SHOWN] = _ALL
    paths = [path for card in cards if state[_SHOWN] in (_ALL, card.label) for path in card.images]
    there = {path for card in cards for path in card.images}
    state[_SELECTED] = event.apply(state.get(_SELECTED, frozenset())) & there
    if event.opened in there:
        state[_OPEN] = event.opened
    if state.get(_OPEN) in there:
        _large(collection, state[_OPEN])
        return
    _actions(collection, labels, paths)
    pages = -(-len(paths) // A_PAGE)
    page = state[_PAGE] = min(max(1, event.page or state.get(_PAGE, 1)), max(1, pages))
    shown = paths[(page - 1) * A_PAGE : page * A_PAGE]
    if not shown:
        st.info("This class has no images yet.")
        return
    items = [_item(collection, path) for path in shown]
    paging = Paging(page, pages, A_PAGE, len(paths))
    gallery(items, _GALLERY, state[_SELECTED], look=Look(label="Collected images"), paging=paging)


def _actions(collection: Collection, labels: list[str], paths: list[str]) -> None:
    """They keep their places while nothing is selected."""
    selected = sorted(st.session_state[_SELECTED])
    number, first = (f" {len(selected):,}", "") if selected else ("", "Select images first. ")
    with st.container(horizontal=True, vertical_alignment="center", key="collect_images_actions"):
        st.selectbox(
            "Class",
            [_ALL, *labels],
            key=_SHOWN,
            label_visibility="collapsed",
            help="Which images are shown, newest first.",
            width=180,
        )
        help = f"{first}Takes them out of the collection. Can be undone."
        st.button(f"Remove{number}", disabled=not selected, on_click=_do, args=(collection.remove, selected), help=help)
        target = st.selectbox(
            "Class for the selected images",
            labels,
            index=None,
            key=_TO,
            disabled=not selected,
            placeholder="Move to",
            label_visibility="collapsed",
            help="The class that all selected images belong to.",
            width=180,
        )
        help = f"{first}Moves all selected images to this class. They keep their bursts. Can be undone."
        st.button(
            "Move",
            disabled=not (selected and target),
            on_click=_do,
            args=(collection.move, selected, target),
            help=help,
        )
        help = "Across all pages."
        st.button(f"Select all {len(paths):,}", on_click=_select, args=(frozenset(paths),), help=help)
        if selected:
            st.button("Select none", on_click=_select, args=(frozenset(),), help="Clears the selection.")
        _undo(collection)
    if error := st.session_state.pop(_FAILED, None):
        show_error(error)


def _undo(collection: Collection) -> None:
    if words := undo_in_words(collection):
        help = "Undoes what was done last in this collection, in any window."
        st.button(plain(words), key="collect_undo", type="tertiary", on_click=_do, args=(collection.undo,), help=help)


def _large(collection: Collection, path: str) -> None:
    help = "Back to all images."
    st.button("Back", key="collect_images_back", on_click=st.session_state.pop, args=(_OPEN, None), help=help)
    label, _, name = path.partition("/")
    burst = burst_of(path)
    words = f"{label}, burst {burst}" if burst else f"{label}, {name}"
    try:
        st.image(decode_image(collection.file(path), LARGE), caption=plain(words))
    except PawlabError as error:
        show_error(error)


def _item(collection: Collection, path: str) -> GalleryItem:
    label, _, name = path.partition("/")
    return GalleryItem(path, f"{label}: {name}", label, address=image_address(collection.name, path))


def _do(action: Callable[..., object], *arguments: object) -> None:
    try:
        action(*arguments)
    except PawlabError as error:
        st.session_state[_FAILED] = error
    else:
        st.session_state[_SELECTED] = frozenset()


def _select(paths: frozenset[str]) -> None:
    st.session_state[_SELECTED] = paths
