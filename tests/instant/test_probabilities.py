"""No model is surer than its looks allow, and the order of the classes is that of the scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.instant.probabilities import fitted_temperature, most_sure, probabilities


@given(
    arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(2, 6)), elements=st.floats(-3, 3)),
    st.floats(0.01, 5),
    st.integers(1, 100),
)
def test_probabilities_sum_to_1_keep_the_order_and_the_limit(
    scores: np.ndarray, temperature: float, looks: int
) -> None:
    most = most_sure(np.array([looks, looks + 3]))
    shares = probabilities(scores, temperature, most)
    assert shares.sum(axis=1) == pytest.approx(1)
    assert shares.min() >= 0
    assert shares.max() <= most + 1e-9
    for row, given_scores in zip(shares, scores, strict=True):
        assert (np.diff(row[np.argsort(given_scores)]) >= -1e-12).all()


def test_the_class_that_was_shown_least_limits_how_sure_the_model_is() -> None:
    assert most_sure(np.array([1, 50])) == pytest.approx(2 / 3)
    assert most_sure(np.array([4, 4])) == pytest.approx(5 / 6)


def test_scores_that_are_often_wrong_get_a_higher_temperature() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 200)
    right = np.eye(2)[labels]
    weights = np.full(200, 1 / 200)
    flipped = np.where(random.random(200)[:, np.newaxis] < 0.3, 1 - right, right)
    assert fitted_temperature(flipped, labels, weights, 0.99) > 2 * fitted_temperature(right, labels, weights, 0.99)
    shares = probabilities(flipped, fitted_temperature(flipped, labels, weights, 0.99), 0.99)
    assert shares.max(axis=1).mean() == pytest.approx((flipped.argmax(axis=1) == labels).mean(), abs=0.02)
