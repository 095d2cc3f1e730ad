"""The views of the Evaluate page that need no images: confusion matrix, curves, calibration."""

import numpy as np
import streamlit as st

from core.evaluation.calibration import calibration
from core.evaluation.charts import calibration_chart, coverage_chart, precision_recall_chart, roc_chart
from core.evaluation.curves import precision_recall, roc
from core.evaluation.predictions import Predictions
from core.evaluation.summary import Summary
from core.evaluation.threshold import coverage_point, coverage_points
from core.evaluation.words import DECIMAL, confidence_interval, decimal, percent, with_interval
from pages.ui.components.matrix import matrix, pressed_cell
from pages.ui.evaluate.state import Evaluation
from pages.ui.shared.text import plain

MATRIX, CELL, RATES = "evaluate_matrix", "evaluate_cell", "evaluate_rates"
MAX_CURVES = 10  # lines that can be told apart
CONFIG = {"displayModeBar": False}


def matrix_view(predictions: Predictions, threshold: float) -> tuple[int, int]:
    """Draws it, and gives the chosen cell: true class and predicted class, -1 for "unsure"."""
    size = len(predictions.classes)
    if (pressed := pressed_cell(MATRIX)) and pressed[0] < size and pressed[1] <= size:
        st.session_state[CELL] = pressed
    counts = predictions.matrix(threshold)
    unsure = [int((predictions.labels == label).sum() - counts[label].sum()) for label in range(size)]
    chosen = st.session_state.get(CELL) or _largest_error(counts)
    if max(chosen) > size or (chosen[1] == size and not any(unsure)):
        chosen = _largest_error(counts)
    in_rates = st.toggle(
        "Show percentages",
        key=RATES,
        help="Large figures: the share of each true class (of each row). Small figures: the counts.",
    )
    matrix(counts, predictions.classes, unsure, MATRIX, chosen, in_rates=in_rates)
    st.caption("Click a cell to see its images. Correct predictions are on the diagonal, errors off it.")
    return chosen[0], chosen[1] if chosen[1] < size else -1


def _largest_error(counts: np.ndarray) -> tuple[int, int]:
    """The largest cell off the diagonal: where there is most to learn."""
    errors = counts.copy()
    np.fill_diagonal(errors, -1)
    row, column = np.unravel_index(int(errors.argmax()), errors.shape)
    return int(row), int(column)


def classes_table(summary: Summary) -> None:
    st.markdown("**Scores per class**")
    st.dataframe(
        [
            {
                "Class": of_class.name,
                "Images": of_class.scores.support,
                "Precision": with_interval(of_class.scores.precision),
                "Recall": with_interval(of_class.scores.recall),
                "F1": with_interval(of_class.f1),
                "ROC area": with_interval(of_class.roc_area, DECIMAL),
                "Average precision": with_interval(of_class.average_precision, DECIMAL),
            }
            for of_class in summary.classes
        ],
        column_config={"Class": st.column_config.TextColumn(width=150), "Images": st.column_config.Column(width=70)},
        hide_index=True,
        width="stretch",
    )
    name = plain(summary.classes[0].name)
    st.caption(
        f"Precision: of all images predicted as {name}, the share that really are. Recall: of all {name}, the share "
        "that is predicted as such. F1: the harmonic mean of the two. In parentheses: 95% confidence intervals; "
        "none where every resample gives the same score."
    )


def curves_view(predictions: Predictions) -> None:
    names = predictions.classes
    shown = range(1, 2) if len(names) == 2 else range(min(len(names), MAX_CURVES))
    sides = {names[at]: (predictions.labels == at, predictions.probabilities[:, at]) for at in shown}
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**ROC curve**")
        chart = roc_chart({name: roc(*side) for name, side in sides.items()})
        st.plotly_chart(chart, config=CONFIG, key="evaluate_roc")
        st.caption(
            "Each point is a threshold. A looser one finds more images of the class (true positives), and takes more "
            "images of other classes for it (false positives)."
        )
    with right:
        st.markdown("**Precision–recall curve**")
        chart = precision_recall_chart({name: precision_recall(*side) for name, side in sides.items()})
        st.plotly_chart(chart, config=CONFIG, key="evaluate_pr")
        st.caption("A stricter threshold raises precision and lowers recall.")
    if len(names) == 2:
        st.caption(f"With two classes one curve is enough: {plain(names[1])} is the positive class.")
    elif len(names) > MAX_CURVES:
        st.caption(f"The first {MAX_CURVES} of {len(names)} classes.")


def calibration_view(evaluation: Evaluation, threshold: float) -> None:
    predictions, error = evaluation.predictions, evaluation.summary.calibration_error
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Calibration: does its confidence match its accuracy?**")
        bins = calibration(predictions.correct, predictions.confidence, len(predictions.classes))
        st.plotly_chart(calibration_chart(bins), config=CONFIG, key="evaluate_calibration")
        st.caption(
            f"Expected calibration error: {decimal(error)} ({confidence_interval(error, DECIMAL)}); 0 = perfectly "
            "calibrated. Points below the diagonal: overconfident. Above: underconfident."
        )
    with right:
        st.markdown("**Coverage and accuracy at each threshold**")
        st.plotly_chart(
            coverage_chart(coverage_points(predictions.labels, predictions.probabilities), threshold),
            config=CONFIG,
            key="evaluate_trade",
        )
        st.caption(threshold_in_words(predictions, threshold))


def threshold_in_words(predictions: Predictions, threshold: float) -> str:
    point = coverage_point(predictions.labels, predictions.probabilities, threshold)
    if not threshold:
        return f"Without a threshold the model decides every image and is right on {percent(point.accuracy)} of them."
    decided = round(point.coverage.value * len(predictions))
    if not decided:
        return f"At {threshold:g} the model decides no image."
    return (
        f"At {threshold:g} the model decides {decided:,} of {len(predictions):,} images (coverage "
        f"{percent(point.coverage)}) and is right on {percent(point.accuracy)} of them "
        f"({confidence_interval(point.accuracy)})."
    )
