"""The views of the Evaluate page: matrix, curves, confidence."""

import numpy as np
import streamlit as st

from core.evaluation.answers import Answers
from core.evaluation.calibration import calibration
from core.evaluation.charts import calibration_chart, curves_chart, trade_chart
from core.evaluation.confusion import Score
from core.evaluation.curves import Curve, precision_recall, roc
from core.evaluation.summary import Summary
from core.evaluation.threshold import trade, trades
from core.evaluation.words import interval, percent, points
from pages.ui.matrix import matrix, pressed_cell
from pages.ui.words import plain

MATRIX, CELL, RATES = "evaluate_matrix", "evaluate_cell", "evaluate_rates"
MOST_CURVES = 10  # lines that can be told apart
CONFIG = {"displayModeBar": False}


def matrix_view(answers: Answers, threshold: float) -> tuple[int, int]:
    """Draws it, and gives the cell that is chosen: true class and answer, -1 for "unsure"."""
    size = len(answers.classes)
    if (pressed := pressed_cell(MATRIX)) and pressed[0] < size and pressed[1] <= size:
        st.session_state[CELL] = pressed
    counts = answers.matrix(threshold)
    unsure = [int((answers.labels == label).sum() - counts[label].sum()) for label in range(size)]
    chosen = st.session_state.get(CELL) or _worst(counts)
    if max(chosen) > size or (chosen[1] == size and not any(unsure)):
        chosen = _worst(counts)
    in_rates = st.toggle(
        "In percent of each row", key=RATES, help="Shares of each true class in large figures, counts below them."
    )
    matrix(counts, answers.classes, unsure, MATRIX, chosen, in_rates)
    st.caption("Press a cell to see its pictures. Right answers lie on the diagonal, mistakes beside it.")
    return chosen[0], chosen[1] if chosen[1] < size else -1


def _worst(counts: np.ndarray) -> tuple[int, int]:
    """The largest cell beside the diagonal: where there is most to learn."""
    mistakes = counts.copy()
    np.fill_diagonal(mistakes, -1)
    row, column = np.unravel_index(int(mistakes.argmax()), mistakes.shape)
    return int(row), int(column)


def classes_table(summary: Summary) -> None:
    st.markdown("**Each class**")
    st.dataframe(
        [
            {
                "class": one.name,
                "pictures": one.scores.support,
                "precision": _with_interval(one.scores.precision),
                "recall": _with_interval(one.scores.recall),
                "F1": _with_interval(one.f1),
                "ROC area": _with_interval(one.roc_area),
                "average precision": _with_interval(one.average_precision),
            }
            for one in summary.classes
        ],
        column_config={"class": st.column_config.TextColumn(width=150), "pictures": st.column_config.Column(width=70)},
        hide_index=True,
        width="stretch",
    )
    st.caption(
        "Precision: of the pictures that were answered so, the share that is. Recall: of the pictures that are so, the "
        "share that was found. F1: the harmonic mean of both. In brackets: where the score likely (95 %) lies on "
        "endless pictures of this kind; no interval where these pictures are too much alike to tell."
    )


def _with_interval(score: Score) -> str:
    return f"{percent(score)} ({interval(score)})" if score.known else "–"


def curves_view(answers: Answers) -> None:
    names = answers.classes
    shown = range(1, 2) if len(names) == 2 else range(min(len(names), MOST_CURVES))
    left, right = st.columns(2, gap="medium")
    both: dict[str, dict[str, Curve]] = {"roc": {}, "pr": {}}
    for at in shown:
        positive, probability = answers.labels == at, answers.probabilities[:, at]
        both["roc"][names[at]] = roc(positive, probability)
        both["pr"][names[at]] = precision_recall(positive, probability)
    with left:
        st.markdown("**ROC**")
        st.plotly_chart(curves_chart(both["roc"], "false alarms", "found", True), config=CONFIG, key="evaluate_roc")
        st.caption("Each point is a threshold: how many pictures of the class are found, for how many false alarms.")
    with right:
        st.markdown("**Precision and recall**")
        st.plotly_chart(curves_chart(both["pr"], "recall", "precision", False), config=CONFIG, key="evaluate_pr")
        st.caption("The stricter the threshold, the fewer are found, and the more of them are right.")
    if len(names) == 2:
        st.caption(f"Of two classes one curve says it all: here {plain(names[1])} against {plain(names[0])}.")
    elif len(names) > MOST_CURVES:
        st.caption(f"The first {MOST_CURVES} of {len(names)} classes.")


def confidence_view(answers: Answers, summary: Summary, threshold: float) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Is it as right as it is sure?**")
        bins = calibration(answers.correct, answers.confidence, len(answers.classes))
        st.plotly_chart(calibration_chart(bins), config=CONFIG, key="evaluate_calibration")
        error = summary.calibration_error
        st.caption(
            f"On average confidence and accuracy lie {error.value * 100:.1f} points apart "
            f"({points(error)}). Points below the line: too sure of itself."
        )
    with right:
        st.markdown("**What a threshold does**")
        st.plotly_chart(
            trade_chart(trades(answers.labels, answers.probabilities), threshold), config=CONFIG, key="evaluate_trade"
        )
        st.caption(threshold_in_words(answers, threshold))


def threshold_in_words(answers: Answers, threshold: float) -> str:
    found = trade(answers.labels, answers.probabilities, threshold)
    if not threshold:
        return f"Without a threshold every picture gets an answer, and {percent(found.accuracy)} of these are right."
    answered = round(found.coverage.value * len(answers))
    if not answered:
        return f"At {threshold:g} no picture gets an answer."
    return (
        f"At {threshold:g}, {answered:,} of {len(answers):,} pictures get an answer ({percent(found.coverage)}), and "
        f"{percent(found.accuracy)} of these are right ({interval(found.accuracy)})."
    )
