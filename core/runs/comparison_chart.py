"""Curves of several runs in one figure, on the same axes; transparent, the text's colour is the page's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.charts import CLEAR, PALETTE, TOOLBAR, epochs_layout, graph_objects, legend_name
from core.runs.history import Event

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST = len(PALETTE)
STRONG, FAINT = {"width": 2.5, "dash": "solid"}, {"width": 1.2, "dash": "dot"}
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")  # for those who cannot tell the colours apart


@dataclass(frozen=True)
class Line:
    """One run's curves: what the legend calls it, and its epoch events (`core.runs.history`) so far."""

    name: str
    epochs: Sequence[Event]


def comparison_curves(lines: Sequence[Line], key: str) -> "go.Figure":
    """Accuracy above loss over epochs: a colour and a symbol a run, validation strong, training faint.

    Args:
        lines: One to `MOST` of them, in the order of their colours.
        key: The same for the same runs: a redraw then keeps the zoom.
    """
    go = graph_objects()

    figure = go.Figure()
    for number, line in enumerate(lines):
        for field, axis, value in (("accuracy", "y", "%{y:.1%}"), ("loss", "y2", "%{y:.4f}")):
            for split, name in (("training", field), ("validation", f"val_{field}")):
                strong = split == "validation"
                figure.add_scatter(
                    x=[epoch["epoch"] for epoch in line.epochs],
                    y=[epoch[name] for epoch in line.epochs],
                    yaxis=axis,
                    mode="lines+markers" if strong else "lines",
                    name=legend_name(line.name),
                    legendgroup=str(number),
                    showlegend=strong and field == "accuracy",
                    opacity=1 if strong else 0.45,
                    line={"color": PALETTE[number]} | (STRONG if strong else FAINT),
                    marker={"size": 8, "symbol": SYMBOLS[number]},
                    # The name by reference: one that holds a placeholder of plotly's stays a name.
                    hovertemplate=f"%{{fullData.name}}<br>{split}, epoch %{{x}}: {value}<extra></extra>",
                )
    last = max((epoch["epoch"] for line in lines for epoch in line.epochs), default=1)
    figure.update_layout(
        **epochs_layout(0.8, last),
        template=go.layout.Template(),
        uirevision=key,
        margin={"l": 8, "r": 12, "t": TOOLBAR, "b": 48 + 20 * len(lines)},
        legend={"orientation": "v", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "bgcolor": CLEAR},
    )
    return figure
