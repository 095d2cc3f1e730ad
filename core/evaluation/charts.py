"""ROC, precision-recall, reliability, coverage and robustness: transparent plotly figures in the page's text colour."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.backbone.neighbours import NEVER
from core.charts import CLEAR, GRID, MARK, PALETTE, TOOLBAR, TRAINING, VALIDATION, graph_objects, legend_name
from core.evaluation.calibration import Bin
from core.evaluation.class_curves import MACRO, MICRO
from core.evaluation.curves import Curve
from core.evaluation.robustness import Point, breaks_at
from core.evaluation.threshold import CoveragePoint

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 360
LEGEND = 84  # pixels below a plot for the axis and two rows of names
Distances = NDArray[np.float32]
BAND = "rgba(31, 138, 133, 0.2)"
FALSE_POSITIVE_RATE, TRUE_POSITIVE_RATE = "False positive rate", "True positive rate"
RECALL, PRECISION = "Recall", "Precision"
CONFIDENCE, ACCURACY = "Confidence", "Accuracy"
THRESHOLD = "Confidence threshold"
AVERAGES = {
    MACRO: {"color": MARK, "width": 3.5},
    MICRO: {"color": MARK, "width": 3.5, "dash": "dash"},
}
"""Lines of averages over all classes: grey and thick, unlike those of classes."""
COVERAGE, SELECTIVE_ACCURACY = "Coverage: share it decides", "Accuracy of the images it decides"


def roc_chart(curves: dict[str, Curve]) -> "go.Figure":
    """One ROC curve per class or average, by its name, with the diagonal of guessing."""
    figure = _figure(FALSE_POSITIVE_RATE, TRUE_POSITIVE_RATE)
    _diagonal(figure, "guessing")
    _curves(figure, curves)
    return figure


def precision_recall_chart(curves: dict[str, Curve]) -> "go.Figure":
    """One precision-recall curve per class or average, by its name."""
    figure = _figure(RECALL, PRECISION)
    _curves(figure, curves)
    return figure


def calibration_chart(bins: Sequence[Bin]) -> "go.Figure":
    """The reliability diagram: accuracy against confidence, one point per bin with its 95% interval."""
    figure = _figure(CONFIDENCE, ACCURACY)
    _diagonal(figure, "perfectly calibrated")
    figure.add_scatter(
        x=[bin.confidence for bin in bins],
        y=[bin.accuracy.value for bin in bins],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [bin.accuracy.high - bin.accuracy.value for bin in bins],
            "arrayminus": [bin.accuracy.value - bin.accuracy.low for bin in bins],
            "color": TRAINING,
            "thickness": 1.5,
        },
        customdata=[bin.number for bin in bins],
        mode="lines+markers",
        line={"color": TRAINING, "width": 2},
        marker={"size": 8},
        name="this model",
        hovertemplate="%{customdata:,} images: mean confidence %{x:.1%}, accuracy %{y:.1%}<extra></extra>",
    )
    lowest = min((bin.low for bin in bins), default=0.0)
    figure.update_xaxes(range=[lowest - 0.02, 1.02])
    return figure


def coverage_chart(points: Sequence[CoveragePoint], threshold: float) -> "go.Figure":
    """Coverage and selective accuracy against the threshold, with the chosen one marked."""
    figure = _figure(THRESHOLD, "")
    for name, colour, values in (
        (COVERAGE, VALIDATION, [point.coverage.value for point in points]),
        (SELECTIVE_ACCURACY, TRAINING, [point.accuracy.value for point in points]),
    ):
        figure.add_scatter(
            x=[point.threshold for point in points],
            y=values,
            mode="lines",
            name=name,
            line={"color": colour, "width": 2.5},
            hovertemplate=f"threshold %{{x:.2f}}<br>{name}: %{{y:.1%}}<extra></extra>",
        )
    figure.add_vline(x=threshold, line={"color": MARK, "width": 1.5})
    lowest = points[0].threshold if points else 0.0
    figure.update_xaxes(range=[lowest - 0.01, 1.01], tickformat=".2f")
    return figure


def distances_chart(validation: Distances, others: Distances, cut: float) -> "go.Figure":
    """The share of validation images, and of other images, beyond each distance, with the cut marked.

    Args:
        validation, others: float32 (images,), distances to the training images, 0..1; `others` may be empty.
    """
    figure = _figure("Distance to the training images", "Share of images beyond it")
    both = np.concatenate([validation, others])
    for name, colour, distances in (("validation images", TRAINING, validation), ("your images", VALIDATION, others)):
        if not len(distances):
            continue
        ordered = np.sort(distances)
        figure.add_scatter(
            x=np.concatenate([both.min(keepdims=True), ordered]),
            y=1 - np.arange(len(ordered) + 1) / len(ordered),
            mode="lines",
            line={"color": colour, "width": 2.5, "shape": "hv"},
            name=name,
            hovertemplate=f"%{{y:.1%}} of {name} are beyond %{{x:.3f}}<extra></extra>",
        )
    if cut < NEVER:
        figure.add_vline(x=cut, line={"color": MARK, "width": 1.5}, annotation={"text": f"cut {cut:.3f}"})
    figure.update_xaxes(range=None, tickformat=".2f")
    figure.update_layout(legend={"y": -0.24})  # below the axis' title also on a phone
    return figure


def robustness_chart(points: Sequence[Point]) -> "go.Figure":
    """Accuracy against strength with its 95% interval as a band, the lower end for unchanged images, and the break.

    Args:
        points: From `core.evaluation.robustness.robustness`, strength 0 first.
    """
    figure = _figure("Strength (0 unchanged, 1 as set)", ACCURACY)
    strengths = [point.strength for point in points]
    figure.add_scatter(
        x=strengths + strengths[::-1],
        y=[point.high for point in points] + [point.low for point in reversed(points)],
        fill="toself",
        fillcolor=BAND,
        mode="none",
        name="95% CI",
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
            "strength %{x:g}: %{y:.1%}, 95% CI %{customdata[0]:.1%}–%{customdata[1]:.1%} "
            "(%{customdata[2]:,} images)<extra></extra>"
        ),
    )
    figure.add_hline(
        y=points[0].low,
        line={"color": MARK, "width": 1.5, "dash": "dot"},
        annotation={"text": "lower end of the CI for unchanged images", "xanchor": "left", "yanchor": "top", "x": 0},
    )
    if (broken := breaks_at(points)) is not None:
        figure.add_vline(
            x=broken,
            line={"color": MARK, "width": 1.5},
            annotation={"text": f"breaks at {broken:g}", "xanchor": "left", "yanchor": "bottom"},
        )
    figure.update_xaxes(range=None, tickformat="g")
    return figure


def _curves(figure: "go.Figure", curves: dict[str, Curve]) -> None:
    x, y = (figure.layout[axis].title.text for axis in ("xaxis", "yaxis"))
    colours = itertools.cycle(PALETTE)
    for name, curve in curves.items():
        line = AVERAGES.get(name) or {"color": next(colours), "width": 2}
        threshold = "" if np.isnan(curve.thresholds).all() else "<br>Threshold: %{customdata:.3f}"
        figure.add_scatter(
            x=curve.x,
            y=curve.y,
            customdata=curve.thresholds,
            mode="lines",
            name=legend_name(name),
            line=line,
            hovertemplate=f"{x}: %{{x:.1%}}<br>{y}: %{{y:.1%}}{threshold}<extra></extra>",
        )


def _diagonal(figure: "go.Figure", name: str) -> None:
    line = {"color": MARK, "width": 1, "dash": "dot"}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, name=name, hoverinfo="skip")


def _figure(x: str, y: str) -> "go.Figure":
    go = graph_objects()

    axis: dict[str, Any] = {"gridcolor": GRID, "zeroline": False, "automargin": True, "tickformat": ".0%"}
    figure = go.Figure()
    figure.update_layout(
        template=go.layout.Template(),
        margin={"l": 8, "r": 24, "t": TOOLBAR, "b": LEGEND},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        height=HEIGHT,
        dragmode=False,
        legend={"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "bgcolor": CLEAR},
        xaxis=axis | {"title": {"text": x}, "range": [-0.01, 1.01]},
        yaxis=axis | {"title": {"text": y}, "range": [-0.02, 1.02]},
    )
    return figure
