"""The figures of a report: (title, SVG with its legend, caption) each."""

import numpy as np

from core.evaluation.calibration import calibration
from core.evaluation.charts import (
    ACCURACY,
    CONFIDENCE,
    COVERAGE,
    FALSE_POSITIVE_RATE,
    PRECISION,
    RECALL,
    SELECTIVE_ACCURACY,
    THRESHOLD,
    TRUE_POSITIVE_RATE,
)
from core.evaluation.curves import precision_recall, roc
from core.evaluation.report.content import Material
from core.evaluation.report.svg import Axis, Line, line_chart
from core.evaluation.threshold import coverage_points
from core.runs.history import History

MAX_CURVES = 6  # lines that can be told apart
GUIDE = 0

Figure = tuple[str, str, str]


def figures(material: Material) -> list[Figure]:
    """ROC, precision-recall, calibration, and what a threshold costs."""
    return [*_curves(material), _calibration(material), _coverage(material)]


def _curves(material: Material) -> list[Figure]:
    predictions = material.predictions
    names = predictions.classes
    shown = range(1, 2) if len(names) == 2 else range(min(len(names), MAX_CURVES))
    more = f" The first {MAX_CURVES} of {len(names):,} classes." if len(names) > MAX_CURVES else ""
    roc_lines = [Line("guessing", [0, 1], [0, 1], GUIDE)]
    recall_lines: list[Line] = []
    for number, at in enumerate(shown, 1):
        side = predictions.labels == at, predictions.probabilities[:, at]
        for lines, curve in ((roc_lines, roc(*side)), (recall_lines, precision_recall(*side))):
            if len(curve.x):
                lines.append(Line(names[at], curve.x, curve.y, number))
    return [
        (
            "ROC curve",
            line_chart(roc_lines, Axis(FALSE_POSITIVE_RATE), Axis(TRUE_POSITIVE_RATE), "ROC curve"),
            f"A looser threshold finds more images of the class, and takes more of other classes for it.{more}",
        ),
        (
            "Precision–recall curve",
            line_chart(recall_lines, Axis(RECALL), Axis(PRECISION), "Precision–recall curve"),
            f"A stricter threshold raises precision and lowers recall.{more}",
        ),
    ]


def _calibration(material: Material) -> Figure:
    predictions = material.predictions
    bins = calibration(predictions.correct, predictions.confidence, len(predictions.classes))
    diagonal = Line("perfectly calibrated", [0, 1], [0, 1], GUIDE)
    line = Line(
        "this model",
        [bin.confidence for bin in bins],
        [bin.accuracy.value for bin in bins],
        1,
        dots=True,
        whiskers=[(bin.confidence, bin.accuracy.low, bin.accuracy.high) for bin in bins],
    )
    x = Axis(CONFIDENCE, (1 / len(predictions.classes), 1.0))
    chart = line_chart([diagonal, line], x, Axis(ACCURACY), "Reliability diagram")
    return "Reliability diagram", chart, "Does its confidence match its accuracy? Below the diagonal: overconfident."


def _coverage(material: Material) -> Figure:
    predictions, threshold = material.predictions, material.threshold
    points = coverage_points(predictions.labels, predictions.probabilities)
    decided = [point for point in points if point.accuracy.known]
    lines = [
        Line(COVERAGE, [point.threshold for point in points], [point.coverage.value for point in points], 2),
        Line(
            SELECTIVE_ACCURACY, [point.threshold for point in decided], [point.accuracy.value for point in decided], 1
        ),
    ]
    x = Axis(THRESHOLD, (1 / len(predictions.classes), 1.0))
    marks = [(threshold, f"chosen: {threshold:g}")] if threshold else []
    chart = line_chart(lines, x, Axis(""), "Coverage and accuracy at each threshold", marks=marks)
    return "Coverage and accuracy", chart, "The stricter the threshold, the fewer images the model decides."


def training_figures(history: History) -> list[Figure]:
    """Accuracy and loss over the epochs; none for a run without epochs."""
    epochs = history.epochs
    if not epochs:
        return []
    numbers = [float(epoch["epoch"]) for epoch in epochs]
    last = max(max(numbers), min(numbers) + 1)
    best = history.best
    marks = [(float(best["epoch"]), f"lowest validation loss: epoch {best['epoch']}")] if best else []
    if begins := history.fine_tune:
        marks.append(
            (float(begins["epoch"]) - 1, "" if best and best["epoch"] == begins["epoch"] - 1 else "fine-tuning")
        )
    drawn = []
    for name, title in (("accuracy", "Accuracy"), ("loss", "Loss with L2 penalty")):
        both = [[float(epoch[key]) for epoch in epochs] for key in (name, f"val_{name}")]
        finite = [values for values in both if np.isfinite(values).all()]
        lines = [
            Line(split, numbers, values, place, dots=True)
            for place, (split, values) in enumerate(zip(("training", "validation"), both, strict=True), 1)
            if values in finite
        ]
        if name == "accuracy":
            span = (min(0.9, np.floor(10 * min(map(min, both))) / 10), 1.0)
        else:
            span = (0.0, 1.05 * max(0.1, *(max(values) for values in finite), 0))
        x = Axis("Epoch", (min(numbers), last), is_share=False)
        chart = line_chart(lines, x, Axis(title, span, is_share=name == "accuracy"), title, marks=marks)
        drawn.append(
            (title, chart, "Training scores are measured with dropout, so validation scores may be the better ones.")
        )
    return drawn
