"""The page's address holds the view: a link opens it, and the browser's Back button returns to the one before."""

import streamlit as st

from pages.ui.shared.path import came_from_elsewhere
from pages.ui.shared.session import kept_choice, page_query, show_page_query

_WRITTEN = "dataset_link"  # session key: the query that this session has shown last


def view_from_link(key: str, views: list[str]) -> str:
    """Puts the view of the address into the session, unless this session wrote it there, and returns the control's key.
    The first of `views` is that of an address without one."""
    view, written = page_query().get("view", ""), st.session_state.get(_WRITTEN)
    if view in views and view != written:
        st.session_state[key] = view
    elif not view and written not in (None, views[0]) and not came_from_elsewhere():
        st.session_state[key] = views[0]
    return kept_choice(key, views[0])


def write_view(view: str, views: list[str]) -> None:
    """Puts the view that the page shows into the address, without a rerun; in place when one arrives here."""
    st.session_state[_WRITTEN] = view
    query = {"view": view} if view != views[0] else {}
    show_page_query(query, in_place=came_from_elsewhere())
