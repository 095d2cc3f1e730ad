"""The learning curve, and the differences of two settings, as charts: transparent, in the page's text colour."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.advice.comparison import Difference
from core.advice.forecast import Forecast
from core.advice.learning_curve import CurvePoint
from core.charts import CLEAR, FAINT, GRID, MARK, TOOLBAR, TRAINING, VALIDATION, graph_objects

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT, LOW_HEIGHT = 320, 190
BAND = "rgba(31, 138, 133, 0.2)"


def learning_curve_chart(points: Sequence[CurvePoint], at_twice: Forecast) -> "go.Figure":
    """Accuracy by the number of training images, with its band, and where it is known what twice as many would give."""
    sizes = [point.images for point in points]
    figure = _figure(HEIGHT, "training images", "accuracy")
    figure.add_scatter(
        x=[*sizes, *reversed(sizes)],
        y=[*(point.high for point in points), *(point.low for point in reversed(points))],
        mode="lines",
        fill="toself",
        fillcolor=BAND,
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=sizes,
        y=[point.accuracy for point in points],
        mode="lines+markers",
        line={"color": TRAINING},
        name="measured",
        hovertemplate="%{x:,} images: %{y:.1%}<extra></extra>",
    )
    if at_twice.known:
        figure.add_scatter(
            x=[at_twice.images],
            y=[at_twice.accuracy],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [at_twice.high - at_twice.accuracy],
                "arrayminus": [at_twice.accuracy - at_twice.low],
            },
            mode="markers",
            marker={"color": VALIDATION, "symbol": "star", "size": 14},
            name="expected",
            hovertemplate="%{x:,} images: about %{y:.1%}<extra></extra>",
        )
    ticks = sorted({*sizes[::-2], at_twice.images} if at_twice.known else sizes[::-2])
    figure.update_xaxes(type="log", tickvals=ticks)
    figure.update_yaxes(tickformat=".0%")
    figure.update_layout(legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0})
    return figure


def difference_chart(difference: Difference) -> "go.Figure":
    """How often two settings differ by so many points, over the folds; above, the mean with its interval."""
    points = [100 * each for each in difference.each]
    mean, low, high = (100 * value for value in (difference.difference, difference.low, difference.high))
    figure = _figure(LOW_HEIGHT, "difference in points", "folds")
    figure.add_histogram(
        x=points,
        nbinsx=25,
        marker={"color": FAINT},
        name="folds",
        hovertemplate="%{x} points: %{y} folds<extra></extra>",
        showlegend=False,
    )
    figure.add_scatter(
        x=[mean],
        y=[1.1],
        yaxis="y2",
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - mean],
            "arrayminus": [mean - low],
            "thickness": 3,
        },
        mode="markers",
        marker={"color": VALIDATION, "size": 11},
        hovertemplate=f"{mean:+.1f} points, 95% CI {low:+.1f} to {high:+.1f}<extra></extra>",
        showlegend=False,
    )
    reach = 1.1 * max(*map(abs, points), abs(low), abs(high), 0.5)
    figure.add_vline(x=0, line={"color": MARK, "dash": "dash", "width": 2})
    figure.update_xaxes(range=[-reach, reach])
    figure.update_yaxes(domain=[0, 0.82], tickformat="d")
    figure.update_layout(
        bargap=0.05, yaxis2={"domain": [0.82, 1], "range": [0.6, 1.6], "visible": False, "anchor": "x"}
    )
    return figure


def _figure(height: int, x: str, y: str) -> "go.Figure":
    """An empty one, so many pixels high, with the titles of its axes."""
    axis = {"gridcolor": GRID, "zeroline": False, "automargin": True}
    return graph_objects().Figure(
        layout={
            "height": height,
            "margin": {"l": 0, "r": 8, "t": TOOLBAR, "b": 0},
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "xaxis": {**axis, "title": {"text": x}},
            "yaxis": {**axis, "title": {"text": y}},
        }
    )
