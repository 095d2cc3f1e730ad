"""The pictures of a dataset: controls that choose and sort, the gallery, the large view. One fragment: turning a page
reruns nothing else of the page."""

from collections.abc import Callable, Mapping, Set

import numpy as np
import streamlit as st

from core.datasets import Dataset, ImageRecord
from core.datasets.selection import Catalog, Filter, Indices, num_pages
from pages.ui.gallery import gallery, gallery_event
from pages.ui.lightbox import Actions, act, gallery_items, lightbox
from pages.ui.picture_filters import ALL, clear_filters, picture_filters
from pages.ui.reveal import reveal, revealed_here
from pages.ui.words import plain

A_PAGE = 48
KEY = "pictures"
EVERYTHING = "Every file of the dataset, by name; takes the choice above back."
_OF, _PAGE, _SELECTED, _OPEN, _ELSEWHERE, _BACK, _GROUP, _ASKED, _NEW_LABEL, _WANTED = (
    f"pictures_{name}"
    for name in ("of", "page", "selected", "open", "elsewhere", "back", "group", "asked", "new_label", "wanted")
)


def show_group(words: str, group: Filter) -> None:
    """Makes the gallery of this session show a group only, such as the bar of a chart that was clicked: a callback, or
    call it before `pictures`. `words` say which group it is; a button there shows all again."""
    _show_all()
    st.session_state[_GROUP] = (words, group)
    reveal("away")


def open_picture(path: str) -> None:
    """Makes the gallery of this session show one picture large, such as one that was clicked elsewhere on the page."""
    st.session_state[_OPEN], st.session_state[_ELSEWHERE] = path, True
    reveal("away")


def open_picture_of(dataset: Dataset, path: str) -> None:
    """Makes the gallery show one picture large as soon as it shows `dataset`, which may still have to be opened: for
    other pages, which then switch to the Dataset page. Filters are reset, so that the picture is among the chosen."""
    st.session_state[_WANTED] = (str(dataset.root), path)


def selected_paths() -> frozenset[str]:
    """What this session has ticked."""
    found = st.session_state.get(_SELECTED, frozenset())
    return found if isinstance(found, frozenset) else frozenset()


@st.fragment
def pictures(
    dataset: Dataset,
    problems: Mapping[str, Set[str]] | None = None,
    titles: Mapping[str, str] | None = None,
    actions: Actions | None = None,
) -> None:
    """Draws it all.

    Args:
        problems: {key: paths of the pictures that have it}, in the order that they are offered.
        titles: The words for each key, else the key itself.
        actions: What can be done to pictures; without it nothing can be ticked.
    """
    problems, titles = problems or {}, titles or {}
    catalog = catalog_of(dataset)
    _forget_what_is_gone(catalog)
    _open_what_is_wanted(catalog)
    with st.container(gap=None):
        place = st.container()
        st.subheader("Pictures")
    _pictures(catalog, problems, titles, actions)
    with place:
        revealed_here()


def _pictures(
    catalog: Catalog, problems: Mapping[str, Set[str]], titles: Mapping[str, str], actions: Actions | None
) -> None:
    event = gallery_event(KEY)
    st.session_state[_SELECTED] = event.apply(selected_paths())
    if event.opened and catalog.find(event.opened):
        _open(event.opened)
    opened = st.session_state.get(_OPEN, "")
    asked = st.session_state.get(_ASKED)
    if not opened or asked is None:  # a large view needs the room, and goes through what was asked for before
        now = picture_filters(catalog, problems, titles)
        if now != asked:
            st.session_state[_PAGE] = 1
        st.session_state[_ASKED] = asked = now
    if event.page:
        st.session_state[_PAGE] = event.page
    wanted, sort, descending = asked
    chosen = _within_group(catalog, catalog.choose(wanted, sort, descending, problems), problems)
    if opened:
        lightbox(catalog, chosen, opened, _open, problems=problems, titles=titles, actions=actions)
        return
    if not len(chosen):
        st.info("No picture fits this choice.")
        st.button("Show all pictures", on_click=_show_all, help=EVERYTHING)
        return
    if actions:
        _bulk(catalog, chosen, actions)
    _grid(catalog, chosen, problems, selectable=actions is not None)


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs={Dataset: id})
def catalog_of(dataset: Dataset) -> Catalog:
    """The dataset's columns, for all sessions. The catalog holds its dataset, so no other one can have the same id."""
    return Catalog(dataset)


def _within_group(catalog: Catalog, chosen: Indices, problems: Mapping[str, Set[str]]) -> Indices:
    if _GROUP not in st.session_state:
        return chosen
    words, group = st.session_state[_GROUP]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Only {plain(words)}", width="content")
        st.button("Show all pictures", key="pictures_all", on_click=_show_all, help=EVERYTHING)
    return chosen[np.isin(chosen, catalog.choose(group, problems=problems))]


def _bulk(catalog: Catalog, chosen: Indices, actions: Actions) -> None:
    """What can be done to all ticked pictures. Its place is kept while none is ticked."""
    selected = selected_paths()

    def do(action: Callable[[list[ImageRecord]], object]) -> None:
        action([record for path in sorted(selected) if (record := catalog.find(path))])
        st.session_state[_SELECTED] = frozenset()

    with st.container(horizontal=True, vertical_alignment="center", key="pictures_bulk"):
        number, first = (f" {len(selected):,}", "") if selected else ("", "Tick pictures first. ")
        if st.button(
            f"Exclude{number}", disabled=not selected, width=140, help=f"{first}Not used any more; no file changes."
        ):
            act(lambda: do(actions.exclude))
        if st.button(f"Use{number} again", disabled=not selected, width=140, help=f"{first}Takes exclusions back."):
            act(lambda: do(actions.include))
        label = st.selectbox(
            "Class for the selected pictures",
            catalog.dataset.classes,
            index=None,
            key=_NEW_LABEL,
            disabled=not selected,
            placeholder="Change the class to",
            label_visibility="collapsed",
            help="The class that all selected pictures get.",
            width=200,
        )
        if st.button(
            "Change", disabled=not (selected and label), help=f"{first}Gives all selected pictures this class."
        ):
            act(lambda: do(lambda records: actions.relabel(records, str(label))))
        st.button(f"Select all {len(chosen):,}", on_click=_select, args=(catalog, chosen), help="On every page.")
        st.button(
            "Select none",
            on_click=_select,
            args=(catalog, chosen[:0]),
            disabled=not selected,
            help="Takes every tick away.",
        )


def _grid(catalog: Catalog, chosen: Indices, problems: Mapping[str, Set[str]], selectable: bool) -> None:
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
        page=page,
        pages=pages,
        size=A_PAGE,
        total=len(chosen),
        selectable=selectable,
        focus=back,
    )


def _open(path: str) -> None:
    """Shows a picture large; "" goes back to where the first one was opened: to the last one's place in the gallery,
    or to elsewhere on the page."""
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
    for key in (_GROUP, _OPEN, _PAGE, _ASKED, _NEW_LABEL):
        st.session_state.pop(key, None)


def _forget_what_is_gone(catalog: Catalog) -> None:
    """Another dataset begins anew; the same one with other files or edits keeps what it still has."""
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
            st.session_state[_OPEN], st.session_state[_ASKED] = path, ALL
            reveal("away")
