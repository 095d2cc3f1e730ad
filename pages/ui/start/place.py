"""Where this session stands: the open dataset, its latest run, and one thing to do next."""

import streamlit as st

from core.datasets import Dataset
from core.evaluation.run_summary import facts_of
from core.evaluation.words import confidence_interval, percent
from core.runs.next_action import NextAction, next_action, run_to_show
from core.runs.queue import at_work
from core.runs.run import ACTIVE, Run
from core.runs.store import list_runs
from core.sessions.path import START
from pages.ui.evaluate.link import address_of
from pages.ui.shared.path import steps_done
from pages.ui.shared.run_chooser import CLASSIFIED
from pages.ui.shared.runs import look_at, status_in_words, watch
from pages.ui.shared.text import plain

TICK = 2.0  # seconds between two looks at a run at work


def place(dataset: Dataset | None) -> bool:
    """Draws it where a dataset is open or a run is there, and returns whether there is something to do next."""
    run = run_to_show(list_runs().runs, at_work(), dataset.source.text if dataset else None)
    status = look_at(run).status if run else ""
    action = next_action(
        steps_done(START),
        is_open=dataset is not None,
        trains=status in ACTIVE,
        has_model=run is not None and run.has_model(),
    )
    if action is not None:
        follows = st.fragment(_draw, run_every=TICK) if status in ACTIVE else _draw
        follows(dataset, run, status, action)
    return action is not None


def _draw(dataset: Dataset | None, run: Run | None, status: str, action: NextAction) -> None:
    if run is not None and status in ACTIVE and look_at(run).status != status:
        st.rerun()  # of the whole page: there is something else to do next
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="next_step"):
        st.markdown(_in_words(dataset, run, status), width="stretch")
        if st.button(action.label, type="primary", help=action.help):
            _go(run, action)


def _in_words(dataset: Dataset | None, run: Run | None, status: str) -> str:
    opened = f"**{plain(dataset.source.title)}** is open" if dataset else ""
    if run is None:
        return f"{opened}. No model is trained on it yet."
    name = f"“{plain(run.name)}”"
    if status in ACTIVE:
        words = f"{name} waits for its turn." if status == "waiting" else f"{name} is training now."
    elif run.has_model() and (accuracy := facts_of(run).accuracy):
        words = f"Latest run {name}: validation accuracy **{percent(accuracy)}** ({confidence_interval(accuracy)})."
    else:
        words = f"Latest run {name}: {status_in_words(status)}."
    return ". ".join(filter(None, (opened, words)))


def _go(run: Run | None, action: NextAction) -> None:
    """To the action's page, at this run."""
    if run is not None and action.page == "evaluate":
        st.switch_page("evaluate.py", query_params=address_of(run, "misclassified"))
    if run is not None and action.page == "classify":
        st.session_state[CLASSIFIED] = run.id
    elif run is not None:
        watch(run)
    st.switch_page(f"{action.page}.py")
