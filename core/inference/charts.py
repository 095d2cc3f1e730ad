"""What a trained network does, in plotly figures; they are transparent and leave the text's colour to the page."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.charts import CLEAR, GRID, MARK, TRAINING
from core.inference.robustness import Point, breaks_at

if TYPE_CHECKING:
    import plotly.graph_objects as go

BAND = "rgba(31, 138, 133, 0.2)"


def robustness_chart(points: Sequence[Point]) -> "go.Figure":
    """Accuracy against strength with its 95 % interval as a band, the unchanged pictures' lower end, and the break.

    Args:
        points: As `core.inference.robustness.robustness` gives them, strength 0 first.
    """
    import plotly.graph_objects as go

    strengths = [point.strength for point in points]
    figure = go.Figure()
    figure.add_scatter(
        x=strengths + strengths[::-1],
        y=[point.high for point in points] + [point.low for point in reversed(points)],
        fill="toself",
        fillcolor=BAND,
        mode="none",
        name="95 % interval",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=strengths,
        y=[point.accuracy for point in points],
        customdata=[[point.low, point.high, point.num_images] for point in points],
        mode="lines+markers",
        name="accuracy",
        line={"color": TRAINING, "width": 2.5},
        marker={"size": 7},
        hovertemplate=(
            "strength %{x:g}: %{y:.1%}, likely %{customdata[0]:.1%} to %{customdata[1]:.1%} "
            "(%{customdata[2]:,} pictures)<extra></extra>"
        ),
    )
    figure.add_hline(
        y=points[0].low,
        line={"color": MARK, "width": 1.5, "dash": "dot"},
        annotation={"text": "lower end for unchanged pictures", "xanchor": "left", "yanchor": "top", "x": 0},
    )
    if (broken := breaks_at(points)) is not None:
        figure.add_vline(
            x=broken,
            line={"color": MARK, "width": 1.5},
            annotation={"text": f"breaks at {broken:g}", "xanchor": "left", "yanchor": "bottom"},
        )
    axis = {"gridcolor": GRID, "zeroline": False, "automargin": True}
    figure.update_layout(
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        height=320,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "xanchor": "right", "x": 1},
        dragmode=False,
        xaxis=axis | {"title": {"text": "strength (0 unchanged, 1 as set)"}},
        yaxis=axis | {"title": {"text": "accuracy"}, "tickformat": ".0%", "range": [0, 1.02]},
    )
    return figure
