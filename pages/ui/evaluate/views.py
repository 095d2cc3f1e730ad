"""The views of the Evaluate page that need no images: confusion matrix, curves, calibration."""

from collections.abc import Sequence

import streamlit as st

from core.evaluation.calibration import calibration
from core.evaluation.charts import calibration_chart, coverage_chart, precision_recall_chart, roc_chart
from core.evaluation.class_curves import MOST, classes_to_draw, precision_recall_curves, roc_curves
from core.evaluation.confusion import confused_pairs, confusion_order, rates
from core.evaluation.predictions import Predictions
from core.evaluation.summary import Summary
from core.evaluation.temperature import run_scaling_in_words
from core.evaluation.threshold import coverage_point, coverage_points
from core.evaluation.words import DECIMAL, confidence_interval, decimal, percent, with_interval
from pages.ui.components.matrix import FEW, matrix, pressed_cell
from pages.ui.evaluate.state import Evaluation
from pages.ui.shared.text import plain

MATRIX, CELL, RATES, ORDER = "evaluate_matrix", "evaluate_cell", "evaluate_rates", "evaluate_order"
PAIRS, MAX_PAIRS = "evaluate_pairs", 50
CURVES = "evaluate_curves"
CONFIG = {"displayModeBar": False}


def matrix_view(predictions: Predictions, threshold: float) -> tuple[int, int]:
    """Draws it, and gives the chosen cell: true class and predicted class, -1 for "unsure"."""
    size = len(predictions.classes)
    if (pressed := pressed_cell(MATRIX)) and pressed[0] < size and pressed[1] <= size:
        st.session_state[CELL] = pressed
    counts = predictions.matrix(threshold)
    unsure = [int((predictions.labels == label).sum() - counts[label].sum()) for label in range(size)]
    pairs = confused_pairs(counts)
    most_confused = pairs[0] if pairs else (0, 0)  # where there is most to learn
    chosen = st.session_state.get(CELL) or most_confused
    if max(chosen) > size or (chosen[1] == size and not any(unsure)):
        chosen = most_confused
    with st.container(horizontal=True, vertical_alignment="center"):
        in_rates = st.toggle(
            "Show percentages",
            key=RATES,
            help="The share of each true class (of each row), in place of the number of images.",
        )
        confused_first = size > FEW and st.toggle(
            "Most confused first",
            value=True,
            key=ORDER,
            help="Orders the classes so that the most confused pairs stand side by side at the top left; else by name.",
        )
    order = confusion_order(counts) if confused_first else ()
    matrix(counts, predictions.classes, unsure, MATRIX, chosen, in_rates=in_rates, order=order)
    st.caption("Click a cell to see its images. Correct predictions are on the diagonal, errors off it.")
    return chosen[0], chosen[1] if chosen[1] < size else -1


def pairs_table(predictions: Predictions, threshold: float) -> None:
    """The most confused pairs; a click on one shows its images."""
    counts = predictions.matrix(threshold)
    pairs = confused_pairs(counts)[:MAX_PAIRS]
    shares, names = rates(counts), predictions.classes
    st.markdown("**Most confused pairs**")
    if not pairs:
        st.caption("No image is misclassified.")
        return
    st.dataframe(
        [
            {
                "True class": names[row],
                "Predicted as": names[column],
                "Images": int(counts[row, column]),
                "Of the class": 100 * float(shares[row, column]),
            }
            for row, column in pairs
        ],
        column_config={
            "Images": st.column_config.NumberColumn(width=70),
            "Of the class": st.column_config.NumberColumn(format="%.1f%%", width=90),
        },
        hide_index=True,
        width="stretch",
        key=PAIRS,
        on_select=lambda: _choose_pair(pairs),
        selection_mode="single-row",
    )
    st.caption("Select a row to see its images.")


def _choose_pair(pairs: Sequence[tuple[int, int]]) -> None:
    for row in st.session_state[PAIRS]["selection"]["rows"]:
        st.session_state[CELL] = pairs[row]


def classes_table(summary: Summary) -> None:
    classes = list(summary.classes)
    if len(classes) > FEW:
        classes.sort(key=lambda of_class: (of_class.f1.known, of_class.f1.value if of_class.f1.known else 0.0))
    st.markdown("**Scores per class**" + (", lowest F1 first" if len(classes) > FEW else ""))
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
            for of_class in classes
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


def curves_view(evaluation: Evaluation) -> None:
    predictions, names = evaluation.predictions, evaluation.predictions.classes
    shown = classes_to_draw(predictions)
    if len(names) > MOST:
        key = f"{CURVES} {evaluation.run.id} {evaluation.on}"  # others are drawn at first for other images
        shown = tuple(
            st.multiselect(
                "Classes",
                range(len(names)),
                default=shown,
                format_func=lambda at: names[at],
                max_selections=MOST,
                key=key,
                help=f"Up to {MOST} classes beside the averages over all {len(names):,}; at first those with the "
                "lowest F1.",
            )
        )
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**ROC curve**")
        st.plotly_chart(roc_chart(roc_curves(predictions, shown)), config=CONFIG, key="evaluate_roc")
        st.caption(
            "Each point is a threshold. A looser one finds more images of the class (true positives), and takes more "
            "images of other classes for it (false positives)."
        )
    with right:
        st.markdown("**Precision–recall curve**")
        chart = precision_recall_chart(precision_recall_curves(predictions, shown))
        st.plotly_chart(chart, config=CONFIG, key="evaluate_pr")
        st.caption("A stricter threshold raises precision and lowers recall.")
    if len(names) == 2:
        st.caption(f"With two classes one curve is enough: {plain(names[1])} is the positive class.")
    else:
        st.caption(
            "Each curve sets one class against all others. The macro average counts each class the same, the micro "
            "average each image."
        )


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
        if words := run_scaling_in_words(evaluation.run):
            st.caption(words)
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
