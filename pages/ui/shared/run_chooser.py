"""The control that chooses one of the runs that can predict."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.runs.run import Run
from pages.ui.shared.session import kept

CLASSIFIED = kept("classify_run")  # the Classify page's control


def choose_run(
    usable: Mapping[str, tuple[Run, str]],
    key: str,
    *,
    help: str,
    label: str = "Run",
    among: Sequence[str] | None = None,
    first: str = "",
) -> Run:
    """Draws the control and returns the chosen run. A choice that no longer exists is dropped.

    Args:
        usable: As `pages.ui.shared.classifier.usable_runs` gives them; at least one.
        key: Of the control.
        among: Ids of the runs on offer, in this order; all of them by default.
        first: Id of the run that is selected at first; the first on offer by default.
    """
    ids = list(usable if among is None else among)
    before = st.session_state.get(key)
    if before not in ids:
        st.session_state[key] = first if first in ids else ids[0]
        if before is not None and before not in usable:
            st.warning("The selected run no longer exists. Another run is selected below.")
    chosen = st.selectbox(label, ids, format_func=lambda id: usable[id][1], key=key, persist_state="session", help=help)
    return usable[chosen][0]


def go_to_training(*, is_primary: bool = True) -> None:
    """The next step where there is no run to choose yet.

    Args:
        is_primary: Unless the page has another one.
    """
    words = "Start a run there. One with the preset Fast takes a minute or two."
    if st.button("Go to Training", type="primary" if is_primary else "secondary", help=words):
        st.switch_page("train.py")
