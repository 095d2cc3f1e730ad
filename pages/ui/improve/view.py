"""Which finding the page shows below the list."""

import streamlit as st

from pages.ui.shared.session import kept_choice

VIEWS = {"labels": "Labels", "curve": "More images", "groups": "Weak groups", "shortcuts": "Shortcuts"}
_VIEW = "improve_view"


def show_view(view: str) -> None:
    """Chooses it. For `on_click`."""
    st.session_state[_VIEW] = view


def choose_view(counts: dict[str, int]) -> str:
    """Draws the choice, with how many there are of each finding."""
    view = st.segmented_control(
        "Finding",
        list(VIEWS),
        format_func=lambda view: f"{VIEWS[view]} ({counts[view]:,})" if view in counts else VIEWS[view],
        required=True,
        key=kept_choice(_VIEW, "labels"),
        label_visibility="collapsed",
        persist_state="session",
        help="Labels: images whose label is probably wrong. More images: what twice as many would change. Weak groups: "
        "kinds of images with a lower accuracy. Shortcuts: what gives away the class and should not.",
    )
    return str(view)
