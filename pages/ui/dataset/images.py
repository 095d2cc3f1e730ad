"""The images of a dataset: filters, the gallery, the large view. One fragment: turning a page reruns nothing else."""

from collections.abc import Callable, Mapping, Set

import numpy as np
import streamlit as st

from core.datasets import Dataset, ImageRecord
from core.datasets.selection import Catalog, Filter, Indices, num_pages
from pages.ui.components.gallery import Look, Paging, gallery, gallery_event
from pages.ui.components.lightbox import Actions, act, gallery_items, lightbox
from pages.ui.components.reveal import reveal, revealed_here
from pages.ui.dataset.image_filters import Query, clear_filters, image_filters
from pages.ui.shared.session import keep_session, kept
from pages.ui.shared.text import plain

A_PAGE = 48
KEY = "images"
EVERYTHING = "Clears all filters and shows every file, by name."
_OF, _PAGE, _SELECTED, _OPEN, _ELSEWHERE, _BACK, _GROUP, _QUERY, _NEW_LABEL, _WANTED = (
    f"images_{name}"
    for name in ("of", "page", "selected", "open", "elsewhere", "back", "group", "query", "new_label", "wanted")
)

kept(_PAGE)


def show_group(words: str, group: Filter) -> None:
    """Makes this session's gallery show only a group, such as the clicked bar of a chart; `words` name it. Use it as a
    callback, or call it before `images`."""
    _show_all()
    st.session_state[_GROUP] = (words, group)
    reveal("away")


def open_image(path: str) -> None:
    """Makes this session's gallery show one image large, such as one that was clicked elsewhere on the page."""
    st.session_state[_OPEN], st.session_state[_ELSEWHERE] = path, True
    reveal("away")


def open_image_of(dataset: Dataset, path: str) -> None:
    """Makes the gallery show one image large as soon as it shows `dataset`, which may not be open yet: for other pages,
    which then switch to the Dataset page. Clears the filters, so that the image matches."""
    st.session_state[_WANTED] = (str(dataset.root), path)


def selected_paths() -> frozenset[str]:
    """What this session has selected."""
    paths = st.session_state.get(_SELECTED, frozenset())
    return paths if isinstance(paths, frozenset) else frozenset()


@st.fragment
def images(
    dataset: Dataset,
    problems: Mapping[str, Set[str]] | None = None,
    titles: Mapping[str, str] | None = None,
    actions: Actions | None = None,
) -> None:
    """Draws it all.

    Args:
        problems: {key: paths of the images with this problem}, in the order of the filter's options.
        titles: {key: the problem in words}.
        actions: What can be done to images; without it none can be selected.
    """
    problems, titles = problems or {}, titles or {}
    catalog = catalog_of(dataset)
    _forget_what_is_gone(catalog)
    _open_what_is_wanted(catalog)
    with st.container(gap=None):
        place = st.container()
        st.subheader("Images")
    _images(catalog, problems, titles, actions)
    with place:
        revealed_here()
    keep_session()


def _images(
    catalog: Catalog, problems: Mapping[str, Set[str]], titles: Mapping[str, str], actions: Actions | None
) -> None:
    event = gallery_event(KEY)
    st.session_state[_SELECTED] = event.apply(selected_paths())
    if event.opened and catalog.find(event.opened):
        _open(event.opened)
    opened = st.session_state.get(_OPEN, "")
    query = st.session_state.get(_QUERY)
    if not opened or query is None:  # a large view needs the room, and steps through the last query
        before, query = query, image_filters(catalog, problems, titles)
        if before not in (None, query):
            st.session_state[_PAGE] = 1
        st.session_state[_QUERY] = query
    if event.page:
        st.session_state[_PAGE] = event.page
    chosen = catalog.choose(query.wanted, query.sort, descending=query.descending, problems=problems)
    chosen = _within_group(catalog, chosen, problems)
    if opened:
        lightbox(catalog, chosen, opened, _open, problems=problems, titles=titles, actions=actions)
        return
    if not len(chosen):
        st.info("No image matches these filters.")
        st.button("Show all images", on_click=_show_all, help=EVERYTHING)
        return
    if actions:
        _bulk(catalog, chosen, actions)
    _grid(catalog, chosen, problems, selectable=actions is not None)


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs={Dataset: id})
def catalog_of(dataset: Dataset) -> Catalog:
    """The dataset's columns, for all sessions. A catalog holds its dataset, so no other one can have the same id."""
    return Catalog(dataset)


def _within_group(catalog: Catalog, chosen: Indices, problems: Mapping[str, Set[str]]) -> Indices:
    if _GROUP not in st.session_state:
        return chosen
    words, group = st.session_state[_GROUP]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Showing only: {plain(words)}", width="content")
        st.button("Show all images", key="images_all", on_click=_show_all, help=EVERYTHING)
    return chosen[np.isin(chosen, catalog.choose(group, problems=problems))]


def _bulk(catalog: Catalog, chosen: Indices, actions: Actions) -> None:
    """What can be done to all selected images. It keeps its place while none is selected."""
    selected = selected_paths()

    def do(action: Callable[[list[ImageRecord]], object]) -> None:
        action([record for path in sorted(selected) if (record := catalog.find(path))])
        st.session_state[_SELECTED] = frozenset()

    with st.container(horizontal=True, vertical_alignment="center", key="images_bulk"):
        number, first = (f" {len(selected):,}", "") if selected else ("", "Select images first. ")
        help = f"{first}Leaves them out of counts and training. No file changes."
        if st.button(f"Exclude{number}", disabled=not selected, width=140, help=help):
            act(lambda: do(actions.exclude))
        if st.button(f"Include{number}", disabled=not selected, width=140, help=f"{first}Uses excluded images again."):
            act(lambda: do(actions.include))
        label = st.selectbox(
            "Class for the selected images",
            catalog.dataset.classes,
            index=None,
            key=_NEW_LABEL,
            disabled=not selected,
            placeholder="Change class to",
            label_visibility="collapsed",
            help="The new class for all selected images.",
            width=200,
        )
        help = f"{first}Gives all selected images this class."
        if st.button("Change class", disabled=not (selected and label), help=help):
            act(lambda: do(lambda records: actions.relabel(records, str(label))))
        st.button(f"Select all {len(chosen):,}", on_click=_select, args=(catalog, chosen), help="Across all pages.")
        if selected:
            empty = chosen[:0]
            st.button("Select none", on_click=_select, args=(catalog, empty), help="Clears the selection.")
        else:  # in this row, so that the images stay where they are
            actions.draw_undo("images")


def _grid(catalog: Catalog, chosen: Indices, problems: Mapping[str, Set[str]], *, selectable: bool) -> None:
    pages = num_pages(len(chosen), A_PAGE)
    back = st.session_state.pop(_BACK, "")
    if back and (place := catalog.position(chosen, back)) >= 0:
        st.session_state[_PAGE] = place // A_PAGE + 1
    page = min(max(1, st.session_state.get(_PAGE, 1)), pages)
    st.session_state[_PAGE] = page
    gallery(
        gallery_items(catalog.dataset, catalog.page(chosen, page, A_PAGE), problems),
        KEY,
        selected_paths(),
        look=Look(selectable=selectable),
        paging=Paging(page, pages, A_PAGE, len(chosen)),
        focus=back,
    )


def _open(path: str) -> None:
    """Shows an image large; "" goes back to where the first one was opened: to the last one's place in the gallery, or
    elsewhere on the page."""
    before = st.session_state.get(_OPEN, "")
    if path:
        st.session_state[_ELSEWHERE] = bool(before) and st.session_state.get(_ELSEWHERE, False)
        reveal()
    elif st.session_state.get(_ELSEWHERE):
        reveal("back")
    else:
        st.session_state[_BACK] = before
    st.session_state[_OPEN] = path


def _select(catalog: Catalog, chosen: Indices) -> None:
    st.session_state[_SELECTED] = frozenset(record.path for record in catalog.records(chosen))


def _show_all() -> None:
    clear_filters()
    for key in (_GROUP, _OPEN, _PAGE, _QUERY, _NEW_LABEL):
        st.session_state.pop(key, None)


def _forget_what_is_gone(catalog: Catalog) -> None:
    """Starts afresh with another dataset; with other files or edits of the same one, keeps what is still there."""
    dataset = catalog.dataset
    now = (str(dataset.root), dataset.fingerprint, len(dataset.records))
    before = st.session_state.get(_OF, now)
    st.session_state[_OF] = now
    if before[0] != now[0]:
        _show_all()
        st.session_state.pop(_SELECTED, None)
    elif before != now:
        st.session_state[_SELECTED] = frozenset(path for path in selected_paths() if catalog.find(path))


def _open_what_is_wanted(catalog: Catalog) -> None:
    root, path = st.session_state.get(_WANTED, ("", ""))
    if root == str(catalog.dataset.root):
        del st.session_state[_WANTED]
        _show_all()
        if catalog.find(path):
            st.session_state[_OPEN], st.session_state[_QUERY] = path, Query()
            reveal("away")
