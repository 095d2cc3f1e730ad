"""What all charts share: plotly figures as plain data, in colours that work on a light and on a dark page."""

from typing import Any

from core.text.lines import shorten
from core.text.markup import escape_html

Figure = dict[str, Any]  # `data` and `layout` as plotly.js takes them

TRAINING, VALIDATION, MARK = "#1f8a85", "#d9822b", "#8a9496"
PALETTE = (TRAINING, VALIDATION, "#6b6fd6", "#b8506e", "#7a8f2a", "#8a6a4f")
FAINT = "rgba(31, 138, 133, 0.55)"
GRID = "rgba(128, 140, 142, 0.25)"
CLEAR = "rgba(0, 0, 0, 0)"
TOOLBAR = 34  # pixels above a plot for plotly's buttons, which would cover what stands there
MOST_WHOLE_TICKS = 12  # epochs that have a tick each; by default plotly puts ticks between them
LEGEND_CHARACTERS = 36


def graph_objects() -> Any:
    """`plotly.graph_objects`, after pandas: plotly looks for that among the loaded modules, and would find it half
    loaded where another thread has just begun to."""
    import pandas  # noqa: F401
    import plotly.graph_objects

    return plotly.graph_objects


def epochs_layout(first: float, last: float) -> Figure:
    """The layout of a figure with accuracy above loss, both over the epochs; transparent, the text's colour is the
    page's."""
    ticks = {"tickformat": "d"} | ({"dtick": 1} if last <= MOST_WHOLE_TICKS else {})
    axis = {"gridcolor": GRID, "zeroline": False, "linecolor": GRID, "automargin": True}
    span = {"title": {"text": "epoch", "standoff": 4}, "range": [first, last + 0.2], "anchor": "y2"}
    return {
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "hovermode": "closest",
        "dragmode": "zoom",
        "xaxis": axis | span | ticks,
        "yaxis": axis | {"title": {"text": "accuracy"}, "domain": [0.56, 1], "tickformat": ".0%"},
        "yaxis2": axis | {"title": {"text": "loss with L2 penalty"}, "domain": [0, 0.46], "rangemode": "tozero"},
    }


def legend_name(name: str) -> str:
    """The name of a run or a class for a legend, shortened and escaped: plotly reads tags and links in a name."""
    return escape_html(shorten(name, LEGEND_CHARACTERS))
