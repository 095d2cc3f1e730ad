"""Scores as text: en dashes, a true minus, and no 100% for what is less."""

import math

import pytest

from core.evaluation.confusion import Score
from core.evaluation.words import (
    DECIMAL,
    as_percent,
    confidence_interval,
    decimal,
    interval,
    percent,
    points_interval,
    signed_points,
    with_interval,
)

SCORE, UNDEFINED = Score(0.925, 0.8731, 0.9569), Score(math.nan, math.nan, math.nan)


@pytest.mark.parametrize(
    ("share", "text"),
    [(1.0, "100.0%"), (0.9997, ">99.9%"), (0.9991, "99.9%"), (0.5, "50.0%"), (0.0003, "<0.1%"), (0.0, "0.0%")],
)
def test_only_certainty_is_100_percent(share: float, text: str) -> None:
    assert as_percent(share) == text


def test_an_interval_is_a_range_with_one_unit() -> None:
    assert (percent(SCORE), interval(SCORE)) == ("92.5%", "87.3–95.7%")
    assert (decimal(SCORE), interval(SCORE, DECIMAL)) == ("0.925", "0.873–0.957")
    assert confidence_interval(SCORE) == "95% CI 87.3–95.7%"
    assert with_interval(SCORE, DECIMAL) == "0.925 (0.873–0.957)"


def test_an_undefined_score_is_a_dash_without_an_interval() -> None:
    assert (percent(UNDEFINED), decimal(UNDEFINED), with_interval(UNDEFINED)) == ("–", "–", "–")
    assert interval(UNDEFINED) == confidence_interval(UNDEFINED) == ""


def test_differences_have_a_true_minus_and_zero_has_no_sign() -> None:
    assert [signed_points(value) for value in (0.0123, -0.004, 0.0, -0.0001)] == ["+1.2", "−0.4", "0.0", "0.0"]
    assert points_interval(-0.004, 0.028) == "−0.4 to +2.8 points"
