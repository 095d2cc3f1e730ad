"""All runs in one table: tick some to rename, view, repeat, delete or compare them."""

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import pandas as pd
import streamlit as st

from core.datasets.source import DRAWN
from core.evaluation.confusion import Score
from core.evaluation.run_summary import Facts, facts_of, mark_of
from core.runs.comparison_chart import MOST
from core.runs.history import History
from core.runs.run import Run
from core.runs.store import RunList
from pages.ui.components.hold import hold_below
from pages.ui.shared.runs import status_in_words
from pages.ui.train.actions import actions, broken_runs, failure
from pages.ui.train.compare import comparison
from pages.ui.train.words import settings_in_words

CHOSEN = "chosen_runs"  # ids, in the order of the table
_TABLE = "runs_table"
COLUMNS = {
    "name": st.column_config.TextColumn(),  # as wide as the longest one
    "accuracy": st.column_config.NumberColumn(
        format="%.1f%%", width=80, help="Share of the validation images predicted correctly, at the best epoch."
    ),
    "95% CI": st.column_config.TextColumn(width=115, help="95% confidence interval of the validation accuracy."),
    "loss": st.column_config.NumberColumn(
        format="%.4f", width=70, help="Validation loss at the best epoch, including the L2 penalty."
    ),
    "best epoch": st.column_config.NumberColumn(
        format="%d", width=85, help="The epoch with the lowest validation loss."
    ),
    "status": st.column_config.TextColumn(width=85),
    "settings": st.column_config.TextColumn(width=230, help="The preset and what differs from it."),
    "dataset": st.column_config.TextColumn(),
    "date": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", width=130),
    "size": st.column_config.NumberColumn(format="bytes", width=75, help="Size on disk."),
    "note": st.column_config.TextColumn(width=220),
}


def table(run_list: RunList) -> None:
    hold_below("runs_place")
    st.subheader("All runs")
    failure()
    if run_list.runs:
        chosen = choice(run_list.runs)
        st.caption(
            f"Tick one run to rename, repeat or delete it, or two to {MOST} to compare them. Click a heading to sort."
        )
        _draw(run_list.runs, chosen)
        if chosen:
            actions(chosen, forget_choice)
        if len(chosen) > 1:
            comparison(chosen)
    else:
        st.caption("Every run appears here, including those started from the command line.")
    if run_list.broken:
        with st.expander(f"Runs that cannot be shown: {len(run_list.broken)}", expanded=not run_list.runs):
            broken_runs(run_list.broken)


def choose(runs: Sequence[Run]) -> None:
    """Ticks these runs only. Call it from a callback, or before the table is drawn."""
    st.session_state[CHOSEN] = [run.id for run in runs]


def choice(runs: Sequence[Run]) -> list[Run]:
    """The ticked runs, newest first."""
    ids = st.session_state.get(CHOSEN, [])
    return [run for run in runs if run.id in ids]


def forget_choice() -> None:
    st.session_state.pop(CHOSEN, None)


def _draw(runs: Sequence[Run], chosen: Sequence[Run]) -> None:
    # The browser knows rows by their numbers, which change whenever a run comes or goes: the choice is kept by ids.
    rows = [number for number, run in enumerate(runs) if run in chosen]
    if _ticked() != rows:
        st.session_state[_TABLE] = {"selection": {"rows": rows, "columns": [], "cells": []}}
    st.dataframe(
        pd.DataFrame([row(run) for run in runs]),
        key=_TABLE,
        column_config=COLUMNS,
        hide_index=True,
        placeholder="",
        on_select=_note_choice([run.id for run in runs]),
        selection_mode="multi-row",
        alt=f"Table of {len(runs)} runs with status, scores, settings, dataset, date, size and note",
    )


def _ticked() -> list[int]:
    stored = st.session_state.get(_TABLE)
    return sorted(stored["selection"]["rows"]) if stored else []


def _note_choice(ids: list[str]) -> Callable[[], None]:
    """The callback of a tick: `ids` are those of the rows in the browser."""

    def note(shown: list[str]) -> None:
        st.session_state[CHOSEN] = [shown[number] for number in _ticked() if number < len(shown)]

    return partial(note, ids)


def row(run: Run) -> dict[str, object]:
    facts = _facts(str(run.directory), mark_of(run), run)
    accuracy = facts.accuracy
    return {
        "name": run.name,
        "accuracy": round(100 * accuracy.value, 1) if accuracy else None,
        "95% CI": _interval(accuracy) if accuracy else "",
        "loss": facts.loss,
        "best epoch": facts.best_epoch,
        "status": status_in_words(run.status(History(status=facts.logged_status))),
        "settings": settings_in_words(run),
        "dataset": dataset_in_words(run.source),
        "date": datetime.fromtimestamp(run.created),  # as the clock on this wall shows it
        "size": facts.size,
        "note": run.note,
    }


def _interval(score: Score) -> str:
    return "" if math.isnan(score.low) else f"{100 * score.low:.1f}–{score.high:.1%}"


def dataset_in_words(source: str) -> str:
    """The last part of a path or URL, with ? for bytes that are not Unicode."""
    name = DRAWN.get(source) or source.rstrip("/").rsplit("/", 1)[-1]
    return name.encode(errors="replace").decode()


@st.cache_resource(max_entries=2000, show_spinner=False)
def _facts(directory: str, mark: object, _run: Run) -> Facts:
    """Cached until the run has changed."""
    return facts_of(_run)
