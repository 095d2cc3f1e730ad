"""The bootstrap: it finds the width that theory gives, keeps classes apart, and is the same each time."""

import math

import numpy as np
import pytest

from core.evaluation.resampling import bootstrap
from core.evaluation.words import NO_INTERVAL, interval, percent, points
from core.statistics import wilson_interval


def test_of_a_proportion_it_finds_wilsons_interval() -> None:
    right = np.arange(1000) % 10 != 0
    found = bootstrap(lambda places: float(right[places].mean()), np.zeros(1000, np.int64))
    low, high = wilson_interval(900, 1000)
    assert found.value == 0.9
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.004)


def test_each_set_has_as_many_pictures_of_each_class() -> None:
    labels = np.array([0] * 7 + [1] * 3 + [4] * 5)
    seen: list[list[int]] = []

    def watched(places: np.ndarray) -> float:
        seen.append(np.bincount(labels[places]).tolist())
        return 0.5

    bootstrap(watched, labels, resamples=20)
    assert seen == [[7, 3, 0, 0, 5]] * 21


def test_sets_differ_but_the_same_pictures_give_the_same_interval() -> None:
    values = np.random.default_rng(1).random(50)
    labels = np.zeros(50, np.int64)
    first, second = (bootstrap(lambda places: float(values[places].mean()), labels) for _ in range(2))
    assert first == second
    assert first.low < first.value < first.high


def test_a_score_without_meaning_stays_so_and_sets_without_one_are_left_out() -> None:
    labels = np.zeros(4, np.int64)
    assert not bootstrap(lambda places: math.nan, labels).known
    found = bootstrap(lambda places: (2 if 1 in places else 1) / 4 if 0 in places else math.nan, labels)
    assert (found.value, found.low, found.high) == (0.5, 0.25, 0.5)


def test_where_all_sets_score_the_same_no_interval_is_made_up() -> None:
    all_right = bootstrap(lambda places: 1.0, np.zeros(12, np.int64))
    assert all_right.known
    assert math.isnan(all_right.low)
    assert math.isnan(all_right.high)
    assert (percent(all_right), interval(all_right), points(all_right)) == ("100.0%", NO_INTERVAL, NO_INTERVAL)
