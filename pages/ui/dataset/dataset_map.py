"""The frozen base's features of every image, projected on two axes: what the network sees before training."""

from typing import TYPE_CHECKING

import streamlit as st

from core.backbone.feature_map import FeatureMap, make_map
from core.datasets import Dataset
from core.datasets.charts import MOST_POINTS, map_chart
from core.datasets.selection import Filter
from core.jobs.background import SingleFlight
from core.runs.settings import preset
from pages.ui.dataset.images import show_group
from pages.ui.dataset.overview import CONFIG
from pages.ui.shared.job_widgets import asked_for
from pages.ui.shared.progress import AT_ONCE

if TYPE_CHECKING:
    import plotly.graph_objects as go

KEY = "dataset_map"


@st.cache_resource(show_spinner=False)
def maps() -> SingleFlight[FeatureMap]:
    """The map of the open dataset, one for all sessions."""
    return SingleFlight()


def dataset_map(dataset: Dataset) -> None:
    st.write(
        "Each point is an image, placed by its features. The frozen base does not know the classes; it puts images "
        "close together that look alike to it. If the colours separate, a small head learns quickly. A point among "
        "another colour is a hard image or a wrong label."
    )
    key = f"{dataset.root} {dataset.fingerprint}"
    feature_map = asked_for(
        maps().find(key),
        "Draw the map",
        lambda: _draw(key, dataset),
        note="You can use the rest of the page meanwhile.",
        help="Extracts the features of every image, a few hundred a second. They are cached: a training run with "
        "average pooling and no copies starts from them.",
    )
    if feature_map is not None:
        _show(feature_map, key, dataset)


def _draw(key: str, dataset: Dataset) -> None:
    crop = preset("fast").crop
    maps().submit(key, lambda progress: make_map(dataset, progress=progress, crop=crop), again=True).wait(AT_ONCE)


def _show(feature_map: FeatureMap, key: str, dataset: Dataset) -> None:
    st.plotly_chart(
        _figure(key, feature_map, dataset),
        key=KEY,
        on_select=lambda: _picked(feature_map),
        selection_mode=("points", "box", "lasso"),
        config={**CONFIG, "modeBarButtons": [["zoom2d", "pan2d", "select2d", "lasso2d", "resetScale2d"]]},
    )
    note = "Circles are training images, crosses the others. Click a point, or draw a box or a lasso around several, "
    note += "to see those images below."
    if len(feature_map.records) > MOST_POINTS:
        note += f" The map shows a random {MOST_POINTS:,} of {len(feature_map.records):,} images."
    st.caption(note)


@st.cache_data(max_entries=2, show_spinner=False)
def _figure(key: str, _map: FeatureMap, _dataset: Dataset) -> "go.Figure":
    return map_chart(_map.points, _map.records, _dataset.classes, _map.shares)


def _picked(feature_map: FeatureMap) -> None:
    points = st.session_state[KEY]["selection"]["points"]
    places = [int(point["customdata"][0]) for point in points if point.get("customdata")]
    paths = frozenset(feature_map.records[place].path for place in places)
    if paths:
        show_group(f"{len(paths):,} {'image' if len(paths) == 1 else 'images'} from the map", Filter(paths=paths))
