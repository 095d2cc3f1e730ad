"""The confusion matrix and its scores: sums, orientation, and what they are by definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from core.evaluation.confusion import (
    Score,
    accuracy,
    class_scores,
    confused_pairs,
    confusion,
    confusion_order,
    macro_f1,
    rates,
)

pairs = st.integers(2, 5).flatmap(
    lambda n: st.tuples(
        st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(-1, n - 1)), min_size=0, max_size=60)
    )
)


def split(some: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(some, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


@given(pairs)
def test_every_cell_counts_its_images_and_unsure_ones_count_nowhere(drawn: tuple[int, list[tuple[int, int]]]) -> None:
    number, some = drawn
    counts = confusion(*split(some), number)
    for row in range(number):
        for column in range(number):
            assert counts[row, column] == some.count((row, column))


@given(pairs)
def test_scores_are_what_their_names_say(drawn: tuple[int, list[tuple[int, int]]]) -> None:
    number, some = drawn
    counts = confusion(*split(some), number)
    decided = [(label, prediction) for label, prediction in some if prediction >= 0]
    if decided:
        right = sum(label == prediction for label, prediction in decided)
        assert accuracy(counts).value == pytest.approx(right / len(decided))
    for one, scores in enumerate(class_scores(counts)):
        true_labels = [label for label, prediction in decided if prediction == one]
        real = [prediction for label, prediction in decided if label == one]
        assert scores.support == len(real)
        assert scores.precision.known == bool(true_labels)
        assert scores.recall.known == bool(real)
        if true_labels and real:
            precision, recall = true_labels.count(one) / len(true_labels), real.count(one) / len(real)
            assert scores.precision.value == pytest.approx(precision)
            assert scores.recall.value == pytest.approx(recall)
            harmonic = 2 * precision * recall / (precision + recall) if precision + recall else 0
            assert scores.f1 == pytest.approx(harmonic)


def test_rows_are_the_true_classes() -> None:
    counts = confusion(np.array([0, 0, 0, 1]), np.array([1, 1, 0, 1]), 2)
    assert counts.tolist() == [[1, 2], [0, 1]]


def test_rates_of_a_row_sum_to_one_and_of_an_empty_class_to_nothing() -> None:
    shares = rates(np.array([[3, 1, 0], [0, 0, 0], [0, 5, 5]]))
    assert shares.sum(axis=1).tolist() == [1, 0, 1]
    assert shares[0, 0] == 0.75


def test_a_class_that_was_never_answered_has_no_precision_but_counts_in_the_mean_f1() -> None:
    counts = confusion(np.array([0, 1]), np.array([0, 0]), 2)
    scores = class_scores(counts)
    assert math.isnan(scores[1].precision.value)
    assert scores[1].f1 == 0
    assert macro_f1(counts) == pytest.approx((2 / 3 + 0) / 2)


def test_an_interval_holds_its_score_and_narrows_with_the_number_of_images() -> None:
    few, many = Score.of(9, 10), Score.of(900, 1000)
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 3


@pytest.mark.parametrize(
    ("labels", "predictions"), [([0, 2], [0, 0]), ([0], [2]), ([0], [-2]), ([-1], [0]), ([0, 1], [0])]
)
def test_labels_and_predictions_outside_the_classes_are_refused(labels: list[int], predictions: list[int]) -> None:
    with pytest.raises(ValueError, match="received"):
        confusion(np.array(labels), np.array(predictions), 2)


@given(pairs)
def test_macro_f1_is_scikit_learns(drawn: tuple[int, list[tuple[int, int]]]) -> None:
    number, some = drawn
    decided = [pair for pair in some if pair[1] >= 0]
    if decided:
        labels, predictions = split(decided)
        expected = f1_score(labels, predictions, average="macro")
        assert macro_f1(confusion(labels, predictions, number)) == pytest.approx(expected)


def test_the_most_confused_pairs_come_first_and_equal_ones_by_their_share() -> None:
    counts = np.array([[90, 3, 0], [3, 4, 5], [0, 1, 8]])
    assert confused_pairs(counts) == [(1, 2), (1, 0), (0, 1), (2, 1)]
    assert confusion_order(counts) == [1, 2, 0]
    assert confusion_order(np.diag([1, 2, 3])) == [0, 1, 2]
