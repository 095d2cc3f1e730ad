"""All runs in one table: choose some to name, to look at, to repeat, to delete or to compare."""

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import pandas as pd
import streamlit as st

from core.evaluation.confusion import Score
from core.training.charts import MOST
from core.training.history import History
from core.training.overview import Facts, facts_of, mark_of
from core.training.runs import Run
from core.training.shelf import Shelf
from pages.ui.training_actions import actions, failure
from pages.ui.training_compare import comparison
from pages.ui.training_words import settings_in_words

CHOSEN = "chosen_runs"  # ids, in the order of the table
_TABLE = "runs_table"
STATUS = {
    "waiting": "waiting",
    "running": "running",
    "stopping": "stopping",
    "finished": "finished",
    "cancelled": "stopped",
    "failed": "failed",
    "interrupted": "interrupted",
}
COLUMNS = {
    "name": st.column_config.TextColumn(width=200),
    "accuracy": st.column_config.NumberColumn(
        format="%.1f%%", width=80, help="Share of the validation pictures named correctly, at the best epoch."
    ),
    "95 % interval": st.column_config.TextColumn(
        width=115, help="Where the accuracy likely lies on endless pictures of this kind."
    ),
    "loss": st.column_config.NumberColumn(format="%.4f", width=70, help="Validation loss, with the L2 penalty."),
    "best epoch": st.column_config.NumberColumn(format="%d", width=85, help="The one with the lowest validation loss."),
    "status": st.column_config.TextColumn(width=85),
    "settings": st.column_config.TextColumn(width=230, help="The preset, and what differs from it."),
    "dataset": st.column_config.TextColumn(width=130),
    "date": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", width=130),
    "size": st.column_config.NumberColumn(format="bytes", width=75, help="On the disk."),
    "note": st.column_config.TextColumn(width=220),
}


def table(shelf: Shelf) -> None:
    st.subheader("All runs")
    failure()
    if shelf.runs:
        chosen = choice(shelf.runs)
        st.caption(
            f"Tick one run to name, repeat or delete it, two to {MOST} to compare them. A click on a column's head "
            "sorts."
        )
        _draw(shelf.runs, chosen)
        if chosen:
            actions(chosen, forget_choice)
        if len(chosen) > 1:
            comparison(chosen)
    else:
        st.caption("Every run will be listed here, also those started from the command line.")
    if shelf.broken:
        with st.expander(f"Folders that hold no readable run: {len(shelf.broken)}"):
            st.dataframe([{"folder": name, "reason": why} for name, why in shelf.broken.items()], hide_index=True)


def choose(runs: Sequence[Run]) -> None:
    """Ticks these runs and no other: for callbacks, or before the table is drawn."""
    st.session_state[CHOSEN] = [run.id for run in runs]


def choice(runs: Sequence[Run]) -> list[Run]:
    """The runs that are ticked, the newest first."""
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
    """What a tick means: `ids` are those of the rows that the browser shows."""

    def note(shown: list[str]) -> None:
        st.session_state[CHOSEN] = [shown[number] for number in _ticked() if number < len(shown)]

    return partial(note, ids)


def row(run: Run) -> dict[str, object]:
    facts = _facts(str(run.directory), mark_of(run), run)
    accuracy = facts.accuracy
    return {
        "name": run.name,
        "accuracy": 100 * accuracy.value if accuracy else None,
        "95 % interval": _interval(accuracy) if accuracy else "",
        "loss": facts.loss,
        "best epoch": facts.best_epoch,
        "status": STATUS[run.status(History(status=facts.said))],
        "settings": settings_in_words(run),
        "dataset": dataset_in_words(run.source),
        "date": _date(run.created),
        "size": facts.size,
        "note": run.note,
    }


def _interval(score: Score) -> str:
    return "" if math.isnan(score.low) else f"{score.low:.1%} to {score.high:.1%}"


def dataset_in_words(source: str) -> str:
    """The end of a path or of an address; a name that is no Unicode is shown as far as it is."""
    name = "drawn sample" if source == "sample" else source.rstrip("/").rsplit("/", 1)[-1]
    return name.encode(errors="replace").decode()


def _date(created: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(created)  # as the clock on this wall shows it
    except (ValueError, OverflowError, OSError):
        return None


@st.cache_resource(max_entries=2000, show_spinner=False)
def _facts(directory: str, mark: object, _run: Run) -> Facts:
    """Read again when the run has gone on."""
    return facts_of(_run)
