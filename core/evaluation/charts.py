"""Evaluation in plotly figures; they are transparent and leave the text's colour to the page."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.charts import CLEAR, GRID, MARK, PALETTE, TRAINING, VALIDATION, legend_name
from core.evaluation.calibration import Bin
from core.evaluation.curves import Curve
from core.evaluation.threshold import Trade

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 340


def curves_chart(curves: dict[str, Curve], x: str, y: str, diagonal: bool) -> "go.Figure":
    """One line a class.

    Args:
        curves: By the class.
        x, y: Titles of the axes.
        diagonal: Whether to draw the line of guessing.
    """
    figure = _figure(x, y)
    if diagonal:
        line = {"color": MARK, "width": 1, "dash": "dot"}
        figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, name="guessing", hoverinfo="skip")
    for number, (name, curve) in enumerate(curves.items()):
        figure.add_scatter(
            x=curve.x,
            y=curve.y,
            customdata=curve.thresholds,
            mode="lines",
            name=legend_name(name),
            line={"color": PALETTE[number % len(PALETTE)], "width": 2.5},
            hovertemplate=f"{x} %{{x:.1%}}, {y} %{{y:.1%}}<br>from a probability of %{{customdata:.3f}} on"
            "<extra></extra>",
        )
    return figure


def calibration_chart(bins: Sequence[Bin]) -> "go.Figure":
    """Accuracy against confidence: a point a bin with its interval, on the diagonal where confidence is kept."""
    figure = _figure("confidence", "right answers")
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": MARK, "width": 1, "dash": "dot"},
        name="as sure as right",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[one.confidence for one in bins],
        y=[one.accuracy.value for one in bins],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [one.accuracy.high - one.accuracy.value for one in bins],
            "arrayminus": [one.accuracy.value - one.accuracy.low for one in bins],
            "color": TRAINING,
            "thickness": 1.5,
        },
        customdata=[one.number for one in bins],
        mode="lines+markers",
        line={"color": TRAINING, "width": 2},
        marker={"size": 8},
        name="this model",
        hovertemplate="%{customdata:,} pictures, on average %{x:.1%} sure: %{y:.1%} right<extra></extra>",
    )
    lowest = min((one.low for one in bins), default=0.0)
    figure.update_xaxes(range=[lowest - 0.02, 1.02])
    return figure


def trade_chart(trades: Sequence[Trade], threshold: float) -> "go.Figure":
    """Coverage and accuracy against the threshold, with the chosen one marked."""
    figure = _figure("confidence threshold", "share of pictures")
    for name, colour, values in (
        ("answered", VALIDATION, [one.coverage.value for one in trades]),
        ("right, of the answered", TRAINING, [one.accuracy.value for one in trades]),
    ):
        figure.add_scatter(
            x=[one.threshold for one in trades],
            y=values,
            mode="lines",
            name=name,
            line={"color": colour, "width": 2.5},
            hovertemplate=f"threshold %{{x:.2f}}: %{{y:.1%}} {name}<extra></extra>",
        )
    figure.add_vline(x=threshold, line={"color": MARK, "width": 1.5})
    lowest = trades[0].threshold if trades else 0.0
    figure.update_xaxes(range=[lowest - 0.01, 1.01], tickformat=".2f")
    return figure


def _figure(x: str, y: str) -> "go.Figure":
    import plotly.graph_objects as go

    axis: dict[str, Any] = {"gridcolor": GRID, "zeroline": False, "automargin": True, "tickformat": ".0%"}
    figure = go.Figure()
    figure.update_layout(
        template=go.layout.Template(),
        margin={"l": 8, "r": 24, "t": 8, "b": 8},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        height=HEIGHT,
        dragmode=False,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "xanchor": "left", "x": 0},
        xaxis=axis | {"title": {"text": x}, "range": [-0.01, 1.01]},
        yaxis=axis | {"title": {"text": y}, "range": [-0.02, 1.02]},
    )
    return figure
