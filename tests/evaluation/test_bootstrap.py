"""The bootstrap: it finds the width that theory gives, keeps classes apart, and is the same each time."""

import math

import numpy as np
import pytest

from core.evaluation.bootstrap import bootstrap
from core.evaluation.intervals import wilson_interval
from core.evaluation.words import NO_INTERVAL, confidence_interval, interval, percent


def test_of_a_proportion_it_finds_wilsons_interval() -> None:
    right = np.arange(1000) % 10 != 0
    score = bootstrap(lambda places: float(right[places].mean()), np.zeros(1000, np.int64))
    low, high = wilson_interval(900, 1000)
    assert score.value == 0.9
    assert (score.low, score.high) == pytest.approx((low, high), abs=0.004)


def test_each_set_has_as_many_images_of_each_class() -> None:
    labels = np.array([0] * 7 + [1] * 3 + [4] * 5)
    counts: list[list[int]] = []

    def watched(places: np.ndarray) -> float:
        counts.append(np.bincount(labels[places]).tolist())
        return 0.5

    bootstrap(watched, labels, resamples=20)
    assert counts == [[7, 3, 0, 0, 5]] * 21


def test_sets_differ_but_the_same_images_give_the_same_interval() -> None:
    values = np.random.default_rng(1).random(50)
    labels = np.zeros(50, np.int64)
    first, second = (bootstrap(lambda places: float(values[places].mean()), labels) for _ in range(2))
    assert first == second
    assert first.low < first.value < first.high


def test_a_score_without_meaning_stays_so_and_sets_without_one_are_left_out() -> None:
    labels = np.zeros(4, np.int64)
    assert not bootstrap(lambda places: math.nan, labels).known
    score = bootstrap(lambda places: (2 if 1 in places else 1) / 4 if 0 in places else math.nan, labels)
    assert (score.value, score.low, score.high) == (0.5, 0.25, 0.5)


def test_where_all_sets_score_the_same_no_interval_is_made_up() -> None:
    all_right = bootstrap(lambda places: 1.0, np.zeros(12, np.int64))
    assert all_right.known
    assert math.isnan(all_right.low)
    assert math.isnan(all_right.high)
    assert (percent(all_right), interval(all_right), confidence_interval(all_right)) == (
        "100.0%",
        NO_INTERVAL,
        NO_INTERVAL,
    )
