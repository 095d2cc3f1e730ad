"""Does augmentation help? Two runs with the same seed, with and without it."""

from collections.abc import Sequence

import streamlit as st

from core.datasets import Dataset
from core.errors import PawlabError
from core.evaluation.compare_runs import Comparison
from core.evaluation.experiment import Experiment, experiments, start_pair
from core.runs.run import Run
from core.runs.store import RunList
from pages.ui.components.reveal import reveal
from pages.ui.shared.data import open_now
from pages.ui.shared.runs import new_press, once, renew, watch
from pages.ui.shared.session import source
from pages.ui.shared.text import show_error
from pages.ui.train.compare import PLACE
from pages.ui.train.form import chosen_settings
from pages.ui.train.outcome import latest_experiment
from pages.ui.train.runs import choose

_FAILED = "experiment_failed"
_NAME = "experiment_name"


def experiment(run_list: RunList) -> None:
    st.subheader("Does augmentation help?")
    if error := st.session_state.pop(_FAILED, None):
        show_error(error)
    found = experiments(run_list.runs)
    with st.container(border=True, key="experiment"):
        st.markdown(
            "Train twice with the same seed and the settings of the form above: with augmented copies and without. "
            "Pawlab then says whether the difference is more than chance."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input(
                "Experiment name",
                key=_NAME,
                max_chars=30,
                persist_state="session",
                placeholder="Experiment",
                help="The names of both runs begin with it. Optional.",
                width=300,
            )
            st.button(
                "Train with and without",
                on_click=_start,
                args=(new_press(), open_now() or source().text),
                help="Two runs, one after the other: 0 copies, then the copies set in the form.",
            )
        if found:
            latest_experiment(found[0], _actions)


def _start(press: str, data: Dataset | str) -> None:
    try:
        config, name = chosen_settings(), st.session_state.get(_NAME, "")
        started = once(press, lambda: start_pair(data, config, name))
    except PawlabError as error:
        st.session_state[_FAILED] = error
        return
    watch(started.runs[0])
    renew(started.runs[0])


def _actions(experiment: Experiment, comparisons: Sequence[Comparison]) -> None:
    st.button(
        "Compare curves and settings",
        on_click=_show,
        args=(experiment.runs,),
        help="Ticks the experiment's runs in the table below.",
    )


def _show(runs: Sequence[Run]) -> None:
    choose(runs)
    reveal("here", PLACE)
