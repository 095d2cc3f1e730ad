"""Plotly figures of a dataset whose marks know their images: `records_behind` takes the `customdata` of marks.

Figures are transparent and leave the colour of text to the page.
"""

import colorsys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.charts import CLEAR, GRID, MARK, PALETTE, TRAINING, VALIDATION, graph_objects
from core.datasets.records import Dataset, ImageRecord
from core.text.lines import shorten
from core.text.markup import escape_html

if TYPE_CHECKING:
    import plotly.graph_objects as go

COLOURS = {"train": TRAINING, "validation": VALIDATION, "test": "#6b6fd6"}
MOST_POINTS = 20_000  # of a map
HEIGHT = 260  # pixels
MOST_UPRIGHT = 6  # classes with vertical bars
LONGEST_NAME = 22  # characters of a class name beside its bars
MOST_SIZES = 3000  # in the scatter plot, the most frequent ones
KINDS = {
    "counts": ("split", "label"),
    "sizes": ("width", "height"),
    "formats": ("format", "mode"),
}
"""The fields of a record that a mark of each figure stands for."""


def counts_chart(dataset: Dataset) -> "go.Figure":
    """Usable images per class, a bar for each split: vertical for a few classes, horizontal for many, whose names would
    not fit side by side."""
    go = graph_objects()

    horizontal = len(dataset.classes) > MOST_UPRIGHT
    names, numbers = [_name(label) for label in dataset.classes], list(range(len(dataset.classes)))
    figure = go.Figure()
    for split, by_class in dataset.counts().items():
        counts = list(by_class.values())
        figure.add_bar(
            x=counts if horizontal else numbers,
            y=numbers if horizontal else counts,
            orientation="h" if horizontal else "v",
            name=split,
            marker_color=COLOURS[split],
            customdata=[[split, label] for label in by_class],
            text=[f"{name}, {split}" for name in names],
            textposition="none",
            hovertemplate="%{text}: " + ("%{x:,}" if horizontal else "%{y:,}") + " images<extra></extra>",
        )
    figure = _plain(figure).update_layout(barmode="group", height=counts_height(len(names)))
    classes = {"tickvals": numbers, "ticktext": names, "showgrid": False}
    if horizontal:
        return figure.update_layout(xaxis={"title": "images"}, yaxis={**classes, "autorange": "reversed"})
    return figure.update_layout(xaxis=classes, yaxis={"title": "images"})


def counts_height(num_classes: int) -> int:
    """Pixels that `counts_chart` takes."""
    return HEIGHT if num_classes <= MOST_UPRIGHT else min(90 + 24 * num_classes, 1000)


def sizes_chart(dataset: Dataset) -> "go.Figure":
    """Width against height: a dot for each size, its area proportional to the number of images."""
    go = graph_objects()

    counts = Counter((record.width, record.height) for record in dataset.usable()).most_common(MOST_SIZES)
    most = max((count for _, count in counts), default=1)
    largest = min(500, 40 * most)  # square pixels: many small dots, not one blot, if no size is frequent
    figure = go.Figure(
        go.Scattergl(
            x=[width for (width, _), _ in counts],
            y=[height for (_, height), _ in counts],
            mode="markers",
            marker={
                "size": [count for _, count in counts],
                "sizemode": "area",
                "sizeref": most / largest,
                "sizemin": 3,
                "color": TRAINING,
                "opacity": 0.6,
                "line": {"width": 0},
            },
            customdata=[[width, height, count] for (width, height), count in counts],
            hovertemplate="%{x} × %{y} pixels: %{customdata[2]:,} images<extra></extra>",
        )
    )
    figure.update_layout(xaxis_title="width (pixels)", yaxis_title="height (pixels)")
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(rangemode="tozero")
    return _plain(figure)


def formats_chart(dataset: Dataset) -> "go.Figure":
    """Usable images per file format and colour mode."""
    go = graph_objects()

    counts = Counter((record.format, record.mode) for record in dataset.usable()).most_common(20)
    figure = go.Figure(
        go.Bar(
            x=[count for _, count in counts],
            y=[f"{format_}, {mode}" for (format_, mode), _ in counts],
            orientation="h",
            marker_color=TRAINING,
            customdata=[[format_, mode] for (format_, mode), _ in counts],
            hovertemplate="%{y}: %{x:,} images<extra></extra>",
        )
    )
    return _plain(figure).update_layout(
        xaxis_title="images", yaxis={"autorange": "reversed"}, bargap=0.2 if len(counts) > 2 else 0.5
    )


def map_chart(
    points: NDArray[np.float32], records: Sequence[ImageRecord], classes: Sequence[str], shares: tuple[float, float]
) -> "go.Figure":
    """Images as points: a colour for each class, a circle for training and a cross for the rest.

    Args:
        points: float32 (images, 2), the first two principal components.
        records: The images, in the same order; a point's `customdata` is its index among them.
        shares: The share of the variance that each axis explains, 0..1.
    """
    go = graph_objects()

    shown: list[int] = list(range(len(records)))
    if len(shown) > MOST_POINTS:
        shown = np.sort(np.random.default_rng(0).choice(len(records), MOST_POINTS, replace=False)).tolist()
    figure, colours = go.Figure(), _colours(len(classes))
    for number, label in enumerate(classes):
        places = [place for place in shown if records[place].label == label]
        figure.add_scattergl(
            x=points[places, 0],
            y=points[places, 1],
            mode="markers",
            name=_name(label),
            marker={
                "color": colours[number],
                "size": 6,
                "opacity": 0.65,
                "symbol": ["circle" if records[place].split == "train" else "x" for place in places],
            },
            customdata=[[place] for place in places],
            text=[escape_html(records[place].path) for place in places],
            hovertemplate="%{text}<extra></extra>",
        )
    titles = [f"principal component {number} ({share:.0%} of variance)" for number, share in enumerate(shares, 1)]
    figure.update_layout(xaxis_title=titles[0], yaxis_title=titles[1])
    return _plain(figure).update_layout(height=480, legend={"maxheight": 0.2})


def records_behind(dataset: Dataset, chart: str, marks: Iterable[Sequence[Any]]) -> list[ImageRecord]:
    """The usable images that marks of a figure stand for.

    Args:
        chart: A key of `KINDS`.
        marks: The marks' `customdata`.
    """
    first, second = KINDS[chart]
    wanted = {(mark[0], mark[1]) for mark in marks}
    return [record for record in dataset.usable() if (getattr(record, first), getattr(record, second)) in wanted]


def _name(label: str) -> str:
    """The name of a class in a figure, where text is markup."""
    return escape_html(shorten(label, LONGEST_NAME))


def _colours(number: int) -> Sequence[str]:
    """That many different colours of medium brightness, for light and dark pages."""
    if number <= len(PALETTE):
        return PALETTE
    hues = [place / number for place in range(number)]
    lights = (0.36, 0.52, 0.66)  # neighbours in hue differ in brightness
    shares = [colorsys.hls_to_rgb(hue, lights[place % len(lights)], 0.6) for place, hue in enumerate(hues)]
    return ["#" + "".join(f"{round(255 * share):02x}" for share in rgb) for rgb in shares]


def _plain(figure: "go.Figure") -> "go.Figure":
    figure.update_layout(
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        height=HEIGHT,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1},
        modebar={"bgcolor": CLEAR, "color": MARK, "activecolor": TRAINING},
        clickmode="event+select",
        dragmode="select" if any(trace.type == "scattergl" for trace in figure.data) else False,
    )
    figure.update_xaxes(gridcolor=GRID, zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, automargin=True)
    return figure
