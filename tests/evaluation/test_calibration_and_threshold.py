"""Confidence: does it keep what it promises, and what does refusing to answer below one cost."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.calibration import BINS, calibration, calibration_error
from core.evaluation.threshold import UNSURE, coverage_point, coverage_points, outcomes, predictions_at, steps

RANDOM = np.random.default_rng(0)


def test_a_classifier_that_is_right_as_often_as_it_says_has_nearly_no_error() -> None:
    confidence = RANDOM.uniform(0.5, 1, 40_000)
    assert calibration_error(RANDOM.random(40_000) < confidence, confidence, 2) < 0.01


def test_a_classifier_that_says_more_than_it_keeps_errs_by_the_difference() -> None:
    confidence = np.full(10_000, 0.95)
    correct = np.arange(10_000) % 10 < 7
    assert calibration_error(correct, confidence, 2) == pytest.approx(0.25)


@given(st.lists(st.tuples(st.booleans(), st.floats(1 / 3, 1)), max_size=80))
def test_every_image_is_in_one_bin_that_holds_its_confidence(some: list[tuple[bool, float]]) -> None:
    correct, confidence = np.array([one for one, _ in some], bool), np.array([one for _, one in some], float)
    bins = calibration(correct, confidence, 3)
    assert sum(one.number for one in bins) == len(some)
    assert sum(round(one.accuracy.value * one.number) for one in bins) == correct.sum()
    assert len(bins) <= BINS
    for one in bins:
        assert one.low - 1e-9 <= one.confidence <= one.high + 1e-9


def test_no_image_has_no_calibration() -> None:
    assert math.isnan(calibration_error(np.zeros(0, bool), np.zeros(0), 2))


def probabilities(number: int, classes: int) -> np.ndarray:
    return RANDOM.dirichlet(np.full(classes, 0.4), number)


def test_threshold_zero_predictions_everything_and_one_above_all_nothing() -> None:
    table = probabilities(100, 3)
    assert (predictions_at(table, 0) == table.argmax(axis=1)).all()
    assert (predictions_at(table, 1.1) == UNSURE).all()


@pytest.mark.parametrize("classes", [2, 5])
def test_coverage_falls_as_the_threshold_rises_and_is_what_is_answered(classes: int) -> None:
    table = probabilities(300, classes)
    labels = RANDOM.integers(0, classes, 300)
    points = coverage_points(labels, table)
    coverages = [one.coverage.value for one in points]
    assert coverages == sorted(coverages, reverse=True)
    assert coverages[0] == 1
    for one in points[::10]:
        sure = table.max(axis=1) >= one.threshold
        assert one.coverage.value == pytest.approx(sure.mean())
        if sure.any():
            assert one.accuracy.value == pytest.approx((table.argmax(axis=1) == labels)[sure].mean())


def test_where_nothing_is_answered_there_is_no_accuracy() -> None:
    point = coverage_point(np.array([0]), np.array([[0.6, 0.4]]), 0.9)
    assert point.coverage.value == 0
    assert not point.accuracy.known


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_each_step_counts_every_image_once_as_right_wrong_or_unsure(classes: int) -> None:
    table = probabilities(200, classes)
    labels = RANDOM.integers(0, classes, 200)
    thresholds = steps(classes, 0.755)
    for threshold, (right, wrong, unsure) in zip(thresholds, outcomes(labels, table, thresholds).tolist(), strict=True):
        predictions = predictions_at(table, threshold)
        assert right == (predictions == labels).sum()
        assert unsure == (predictions == UNSURE).sum()
        assert right + wrong + unsure == 200


def test_steps_begin_with_always_rise_and_hold_what_was_chosen() -> None:
    thresholds = steps(3, 0.755, 0.0)
    assert thresholds[:2] == [0.0, 0.34]
    assert thresholds == sorted(set(thresholds))
    assert {0.755, 0.999, 1.0} <= set(thresholds)
