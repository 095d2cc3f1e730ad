"""The figures of a report: (title, SVG with its legend, caption) each."""

import itertools

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
from core.evaluation.class_curves import MACRO, MICRO, MOST, classes_to_draw, precision_recall_curves, roc_curves
from core.evaluation.curves import Curve
from core.evaluation.report.content import Material
from core.evaluation.report.svg import Axis, Line, line_chart
from core.evaluation.threshold import coverage_points
from core.runs.history import History

GUIDE = 0
AVERAGE_LINES = {MACRO: 7, MICRO: 8}

Figure = tuple[str, str, str]


def figures(material: Material) -> list[Figure]:
    """ROC, precision-recall, calibration, and what a threshold costs."""
    return [*_curves(material), _calibration(material), _coverage(material)]


def _curves(material: Material) -> list[Figure]:
    predictions = material.scores.predictions
    shown, number = classes_to_draw(predictions), len(predictions.classes)
    averages = "The macro average counts each class the same, the micro average each image. " if number > 2 else ""
    lowest = f"Of {number:,} classes, those with the lowest F1 are drawn." if number > MOST else ""
    more = f" {averages}{lowest}".rstrip()
    guessing = [Line("guessing", [0, 1], [0, 1], GUIDE)]
    roc_lines, recall_lines = (
        _lines(roc_curves(predictions, shown)),
        _lines(precision_recall_curves(predictions, shown)),
    )
    return [
        (
            "ROC curve",
            line_chart(guessing + roc_lines, Axis(FALSE_POSITIVE_RATE), Axis(TRUE_POSITIVE_RATE), "ROC curve"),
            f"A looser threshold finds more images of the class, and takes more of other classes for it.{more}",
        ),
        (
            "Precision–recall curve",
            line_chart(recall_lines, Axis(RECALL), Axis(PRECISION), "Precision–recall curve"),
            f"A stricter threshold raises precision and lowers recall. {lowest}".rstrip(),
        ),
    ]


def _lines(curves: dict[str, Curve]) -> list[Line]:
    colours = itertools.count(1)
    drawn = [(name, curve) for name, curve in curves.items() if len(curve.x)]
    return [
        Line(name, curve.x, curve.y, AVERAGE_LINES[name] if name in AVERAGE_LINES else next(colours))
        for name, curve in drawn
    ]


def _calibration(material: Material) -> Figure:
    predictions = material.scores.predictions
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
    predictions, threshold = material.scores.predictions, material.threshold
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
    marks = [(float(best["epoch"]), f"{history.best_in_words}: epoch {best['epoch']}")] if best else []
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
