"""The control that chooses one of the runs that can answer."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.training.runs import Run


def choose_run(
    usable: Mapping[str, tuple[Run, str]],
    key: str,
    *,
    help: str,
    label: str = "Run",
    among: Sequence[str] | None = None,
    first: str = "",
) -> Run:
    """Draws it. The choice of a run that is gone is forgotten.

    Args:
        usable: As `pages.ui.classifier.usable_runs` gives them; at least one.
        key: Of the control.
        among: Ids of those that can be chosen, in this order; else all.
        first: Id of the one that is chosen at first, else the first.
    """
    ids = list(usable if among is None else among)
    before = st.session_state.get(key)
    if before not in ids:
        st.session_state[key] = first if first in ids else ids[0]
        if before is not None and before not in usable:
            st.warning("The run that was chosen here is gone. Another one answers now: see below.")
    chosen = st.selectbox(label, ids, format_func=lambda id: usable[id][1], key=key, persist_state="session", help=help)
    return usable[chosen][0]
