"""What the network sees before we train it: the frozen base's features of every picture, on two axes."""

from typing import TYPE_CHECKING

import streamlit as st

from core.backbone.feature_map import FeatureMap, make_map
from core.datasets import Dataset
from core.datasets.charts import MOST_POINTS, map_chart
from core.datasets.selection import Filter
from core.jobs import Latest
from pages.ui.asking import asked_for
from pages.ui.overview import CONFIG
from pages.ui.pictures import show_group
from pages.ui.progress import AT_ONCE

if TYPE_CHECKING:
    import plotly.graph_objects as go

KEY = "dataset_map"


@st.cache_resource(show_spinner=False)
def maps() -> Latest[FeatureMap]:
    """The map of the open dataset, one for all sessions."""
    return Latest()


def dataset_map(dataset: Dataset) -> None:
    st.write(
        "Each point is a picture. The frozen base has never been told the classes, and it places pictures that look "
        "alike to it near each other. Where the colours part by themselves, a small head will learn quickly; a point "
        "among the other colour is a hard picture, or one with a wrong label."
    )
    key = f"{dataset.root} {dataset.fingerprint}"
    found = asked_for(
        maps().find(key),
        "Draw the map",
        lambda: _draw(key, dataset),
        note="You may use the rest of the page: it goes on.",
        help="Passes every picture through the frozen base once: a few hundred a second. What is computed is "
        "kept, and a training run with average pooling and no copies starts from it.",
    )
    if found is not None:
        _show(found, key, dataset)


def _draw(key: str, dataset: Dataset) -> None:
    maps().ask(key, lambda tell: make_map(dataset, progress=tell), again=True).wait(AT_ONCE)


def _show(found: FeatureMap, key: str, dataset: Dataset) -> None:
    st.plotly_chart(
        _figure(key, found, dataset),
        key=KEY,
        on_select=lambda: _picked(found),
        selection_mode=("points", "box", "lasso"),
        config={**CONFIG, "modeBarButtons": [["zoom2d", "pan2d", "select2d", "lasso2d", "resetScale2d"]]},
    )
    note = "Circles are training pictures, crosses the others. Click a point, or draw a box or a lasso around some, "
    note += "and the pictures below are those."
    if len(found.records) > MOST_POINTS:
        note += f" Shown are {MOST_POINTS:,} of {len(found.records):,} pictures, drawn by lot."
    st.caption(note)


@st.cache_data(max_entries=2, show_spinner=False)
def _figure(key: str, _found: FeatureMap, _dataset: Dataset) -> "go.Figure":
    return map_chart(_found.points, _found.records, _dataset.classes, _found.shares)


def _picked(found: FeatureMap) -> None:
    points = st.session_state[KEY]["selection"]["points"]
    paths = frozenset(found.records[int(point["customdata"][0])].path for point in points if point.get("customdata"))
    if paths:
        show_group(f"{len(paths):,} of the map", Filter(paths=paths))
