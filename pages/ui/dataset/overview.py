"""Counts, balance, sizes and formats of the dataset. A click on a mark shows its images."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from core.datasets import Dataset
from core.datasets.charts import counts_chart, counts_height, formats_chart, records_behind, sizes_chart
from core.datasets.quality.report import balance_words, validation_words
from core.datasets.selection import Filter
from pages.ui.dataset.images import show_group
from pages.ui.shared.text import plain

if TYPE_CHECKING:
    import plotly.graph_objects as go

CHARTS: dict[str, tuple[str, Callable[[Dataset], "go.Figure"]]] = {
    "counts": ("Images per class", counts_chart),
    "sizes": ("Image sizes", sizes_chart),
    "formats": ("Formats and colour modes", formats_chart),
}
CONFIG = {"displaylogo": False, "modeBarButtons": [["zoom2d", "pan2d", "select2d", "resetScale2d"]]}


def overview(dataset: Dataset) -> None:
    if len(dataset.classes) < 2:  # edits can do that, opening cannot
        st.warning("Fewer than two classes are left, and a classifier needs at least two: undo an edit.")
    counts = dataset.counts()
    if words := balance_words(counts["train"]):
        st.warning(plain(f"In training, {words}."))
    if words := validation_words(counts["validation"]):
        st.warning(plain(f"In validation, {words}."))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _chart(dataset, "counts")
    with right:
        _table(dataset)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _chart(dataset, "sizes")
    with right:
        _chart(dataset, "formats")
    st.caption("Click a bar or a dot, or draw a box around dots, to see those images below.")


def _table(dataset: Dataset) -> None:
    """The counts as a table, no higher than the chart beside it."""
    by_split = dataset.counts()
    table: dict[str, list[object]] = {"class": list(dataset.classes)}
    table |= {split: list(by_class.values()) for split, by_class in by_split.items()}
    table["total"] = [sum(by_class[label] for by_class in by_split.values()) for label in dataset.classes]
    st.markdown("**Counts**")
    first = {record.label: record.path.rsplit("/", 1)[-1] for record in reversed(dataset.usable())}
    table["example file"] = [first.get(label, "") for label in dataset.classes]
    height = min(38 + 35 * len(dataset.classes), counts_height(len(dataset.classes)))
    columns = {name: st.column_config.NumberColumn(width=70, format="localized") for name in (*by_split, "total")}
    columns["class"] = st.column_config.TextColumn(width=115)
    st.dataframe(table, width="stretch", hide_index=True, height=height, column_config=columns)


def _chart(dataset: Dataset, name: str) -> None:
    st.markdown(f"**{CHARTS[name][0]}**")
    key = f"chart_{name}"
    st.plotly_chart(
        _figure(dataset, name),
        key=key,
        on_select=lambda: _picked(dataset, name, key),
        selection_mode=("points", "box"),
        config=CONFIG,
    )


@st.cache_resource(max_entries=12, show_spinner=False, hash_funcs={Dataset: lambda dataset: dataset.fingerprint})
def _figure(dataset: Dataset, name: str) -> "go.Figure":
    """For all sessions: to build the figures takes a fifth of a class's page runs."""
    return CHARTS[name][1](dataset)


def _picked(dataset: Dataset, name: str, key: str) -> None:
    points = st.session_state[key]["selection"]["points"]
    marks = [point["customdata"] for point in points if point.get("customdata")]
    records = records_behind(dataset, name, marks)
    if records:
        words = {
            "counts": ", ".join(f"{mark[1]} in {mark[0]}" for mark in marks[:3]),
            "sizes": f"{marks[0][0]} × {marks[0][1]} pixels" if len(marks) == 1 else f"{len(marks):,} sizes",
            "formats": ", ".join(f"{mark[0]}, {mark[1]}" for mark in marks[:3]),
        }
        show_group(words[name], Filter(paths=frozenset(record.path for record in records)))
