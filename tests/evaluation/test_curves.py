"""Curves against their definitions: a threshold at a time, and the area as a chance."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.charts import roc_chart
from core.evaluation.curves import Curve, precision_recall, roc

# Few distinct probabilities, so that ties are common.
images = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.8, 1.0])), min_size=1, max_size=40)


def split(some: list[tuple[bool, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([one for one, _ in some]), np.array([one for _, one in some])


@given(images)
def test_each_point_is_what_its_threshold_gives(some: list[tuple[bool, float]]) -> None:
    positive, probability = split(some)
    curve, other = roc(positive, probability), precision_recall(positive, probability)
    for x, y, threshold in zip(curve.x, curve.y, curve.thresholds, strict=True):
        reached = probability >= threshold
        assert y == pytest.approx((reached & positive).sum() / positive.sum())
        assert x == pytest.approx((reached & ~positive).sum() / (~positive).sum())
    for x, y, threshold in list(zip(other.x, other.y, other.thresholds, strict=True))[1:]:
        reached = probability >= threshold
        assert x == pytest.approx((reached & positive).sum() / positive.sum())
        assert y == pytest.approx((reached & positive).sum() / reached.sum())


@given(images)
def test_the_area_of_roc_is_the_chance_that_a_positive_is_ranked_above_a_negative(
    some: list[tuple[bool, float]],
) -> None:
    positive, probability = split(some)
    rankings = [
        (one > other) + 0.5 * (one == other)
        for one, other in itertools.product(probability[positive], probability[~positive])
    ]
    area = roc(positive, probability).area
    if rankings:
        assert area == pytest.approx(np.mean(rankings))
    else:
        assert math.isnan(area)


@given(images)
def test_average_precision_adds_each_step_of_recall(some: list[tuple[bool, float]]) -> None:
    positive, probability = split(some)
    expected = reached_before = 0.0
    for threshold in sorted(set(probability), reverse=True):
        reached = probability >= threshold
        recall = (reached & positive).sum() / max(positive.sum(), 1)
        expected += (recall - reached_before) * (reached & positive).sum() / reached.sum()
        reached_before = recall
    area = precision_recall(positive, probability).area
    assert area == pytest.approx(expected) if positive.any() else math.isnan(area)


@pytest.mark.parametrize("curve_of", [roc, precision_recall])
def test_a_perfect_ranking_has_the_area_one(curve_of: object) -> None:
    curve = curve_of(np.array([True, True, False]), np.array([0.9, 0.8, 0.1]))  # type: ignore[operator]
    assert isinstance(curve, Curve)
    assert curve.area == pytest.approx(1)


def test_sides_and_probabilities_of_different_number_are_refused() -> None:
    with pytest.raises(ValueError, match="received"):
        roc(np.array([True]), np.array([0.5, 0.5]))


def test_tags_in_the_name_of_a_class_are_shown_as_they_are() -> None:
    curve = roc(np.array([True, False]), np.array([0.9, 0.1]))
    figure = roc_chart({"<b>a</b> & b": curve})
    assert figure.data[-1].name == "&lt;b&gt;a&lt;/b&gt; &amp; b"
