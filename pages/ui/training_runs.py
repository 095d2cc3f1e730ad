"""All runs in one table."""

import pandas as pd
import streamlit as st

from core.training.runs import Run, Shelf
from pages.ui.runs import look_at
from pages.ui.words import when

STATUS = {
    "waiting": "waiting",
    "running": "running",
    "stopping": "stopping",
    "finished": "finished",
    "cancelled": "stopped",
    "failed": "failed",
    "interrupted": "interrupted",
}


def table(shelf: Shelf) -> None:
    st.subheader("All runs")
    if shelf.runs:
        st.dataframe(pd.DataFrame([row(run) for run in shelf.runs]), hide_index=True, width="stretch")
    else:
        st.caption("Every run will be listed here, also those started from the command line.")
    if shelf.broken:
        with st.expander(f"Folders that hold no readable run: {len(shelf.broken)}"):
            st.dataframe([{"folder": name, "reason": why} for name, why in shelf.broken.items()], hide_index=True)


def row(run: Run) -> dict[str, object]:
    look = look_at(run)
    best = look.history.best
    return {
        "name": run.name,
        "status": STATUS[look.status],
        "validation accuracy": f"{best['val_accuracy']:.1%}" if best else "",
        "best epoch": str(best["epoch"]) if best else "",
        "started": when(run.created),
        "dataset": "drawn sample" if run.source == "sample" else run.source.rstrip("/").rsplit("/", 1)[-1],
        "head": run.config.pooling,
    }
