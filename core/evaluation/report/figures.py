"""The figures of a report: (title, SVG with its legend, words beneath) each."""

import numpy as np

from core.evaluation.calibration import calibration
from core.evaluation.curves import precision_recall, roc
from core.evaluation.report import Material
from core.evaluation.svg import Line, line_chart
from core.evaluation.threshold import trades
from core.training.history import History

MOST_CURVES = 6  # lines that can be told apart
GUIDE = 0

Figure = tuple[str, str, str]


def figures(material: Material) -> list[Figure]:
    """ROC, precision and recall, calibration, and what a threshold costs."""
    answers = material.answers
    names = answers.classes
    shown = range(1, 2) if len(names) == 2 else range(min(len(names), MOST_CURVES))
    curves = [
        (names[at], roc(answers.labels == at, table), precision_recall(answers.labels == at, table))
        for at in shown
        for table in [answers.probabilities[:, at]]
    ]
    some = f" The first {MOST_CURVES} of {len(names):,} classes." if len(names) > MOST_CURVES else ""
    guessing = Line("guessing", [0, 1], [0, 1], GUIDE)
    rocs = [Line(name, one.x, one.y, place) for place, (name, one, _) in enumerate(curves, 1) if len(one.x)]
    recalls = [Line(name, one.x, one.y, place) for place, (name, _, one) in enumerate(curves, 1) if len(one.x)]
    return [
        (
            "ROC",
            line_chart([guessing, *rocs], "false alarms", "found", "The receiver operating characteristic"),
            f"How many pictures of the class are found, for how many false alarms.{some}",
        ),
        (
            "Precision and recall",
            line_chart(recalls, "recall", "precision", "Precision against recall"),
            f"The more of the class are found, the fewer of the answers are right.{some}",
        ),
        _calibration(material),
        _trade(material),
    ]


def _calibration(material: Material) -> Figure:
    answers = material.answers
    bins = calibration(answers.correct, answers.confidence, len(answers.classes))
    kept = Line("as sure as right", [0, 1], [0, 1], GUIDE)
    line = Line(
        "this model",
        [one.confidence for one in bins],
        [one.accuracy.value for one in bins],
        1,
        dots=True,
        whiskers=[(one.confidence, one.accuracy.low, one.accuracy.high) for one in bins],
    )
    lowest = 1 / len(answers.classes)
    chart = line_chart([kept, line], "confidence", "right answers", "Accuracy against confidence", (lowest, 1.0))
    return "Is it as right as it is sure?", chart, "Points below the line: too sure of itself."


def _trade(material: Material) -> Figure:
    answers, threshold = material.answers, material.threshold
    found = trades(answers.labels, answers.probabilities)
    right = [one for one in found if one.accuracy.known]
    lines = [
        Line("answered", [one.threshold for one in found], [one.coverage.value for one in found], 2),
        Line("right, of the answered", [one.threshold for one in right], [one.accuracy.value for one in right], 1),
    ]
    marks = [(threshold, f"chosen: {threshold:g}")] if threshold else []
    lowest = 1 / len(answers.classes)
    chart = line_chart(
        lines, "confidence threshold", "share of pictures", "Coverage and accuracy", (lowest, 1.0), marks=marks
    )
    return "What a threshold does", chart, "The stricter, the fewer answers, and the more of them are right."


def training_figures(history: History) -> list[Figure]:
    """Accuracy and loss over the epochs; none of a run without epochs."""
    epochs = history.epochs
    if not epochs:
        return []
    numbers = [float(one["epoch"]) for one in epochs]
    last = max(max(numbers), min(numbers) + 1)
    best = history.best
    marks = [(float(best["epoch"]), f"best: epoch {best['epoch']}")] if best else []
    if begins := history.fine_tune:
        marks.append(
            (float(begins["epoch"]) - 1, "" if best and best["epoch"] == begins["epoch"] - 1 else "fine-tuning")
        )
    found = []
    for name, title in (("accuracy", "Accuracy"), ("loss", "Loss with L2 penalty")):
        both = [[float(one[key]) for one in epochs] for key in (name, f"val_{name}")]
        lines = [
            Line(split, numbers, values, place, dots=True)
            for place, (split, values) in enumerate(zip(("training", "validation"), both, strict=True), 1)
            if np.isfinite(values).all()
        ]
        top = 1.0 if name == "accuracy" else max(0.1, *(max(values) for values in both if np.isfinite(values).all()), 0)
        span = (0.0, top * (1 if name == "accuracy" else 1.05))
        if name == "accuracy":
            span = (min(0.9, np.floor(10 * min(map(min, both))) / 10), 1.0)
        chart = line_chart(
            lines, "epoch", title.lower(), title, (min(numbers), last), span, (False, name == "accuracy"), marks
        )
        found.append((title, chart, "Training is measured with neurons dropped, so validation may look better."))
    return found
