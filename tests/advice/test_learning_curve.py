"""The learning curve keeps groups on one side, and its forecast knows when it cannot know."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.advice.forecast import continued, forecast
from core.advice.learning_curve import Curve, chosen_sizes, drawn_order, learning_curve
from core.advice.material import Material
from core.datasets import Dataset, ImageRecord

IMAGES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12)), min_size=8, max_size=60)


def material(labels: np.ndarray, groups: np.ndarray) -> Material:
    records = tuple(ImageRecord(f"train/{number}.jpg", "train", "a") for number in range(len(labels)))
    return Material(records, ("a", "b", "c"), np.zeros((len(labels), 2), np.float32), labels, groups)


@given(IMAGES, st.integers(0, 9))
def test_folds_and_draws_keep_groups_together(images: list[tuple[int, int]], seed: int) -> None:
    labels, groups = np.array(images).T
    for label in range(3):  # two groups of each class, so that folds can be dealt
        labels = np.concatenate([labels, [label, label]])
        groups = np.concatenate([groups, [100 + label, 200 + label]])
    some = material(labels, groups)
    folds = some.folds(seed)
    assert all(len(set(folds[groups == group].tolist())) == 1 for group in groups.tolist())
    order = drawn_order(some, folds != 0, np.random.default_rng(seed))
    assert sorted(order.tolist()) == np.flatnonzero(folds != 0).tolist()
    assert not set(groups[order].tolist()) & set(groups[folds == 0].tolist())
    for label in set(labels[order].tolist()):
        own = groups[order][labels[order] == label]
        assert 1 + np.count_nonzero(np.diff(own)) == len(set(own.tolist()))  # a group's images stand side by side


@pytest.mark.parametrize(("most", "classes"), [(4, 2), (50, 2), (2700, 2), (90, 10)])
def test_sizes_ascend_to_the_largest(most: int, classes: int) -> None:
    sizes = chosen_sizes(most, classes)
    assert sizes[-1] == most and (np.diff(sizes) > 0).all() and len(sizes) <= 8


def test_a_power_law_is_continued() -> None:
    sizes = np.array([40, 80, 160, 320, 640])
    errors = np.stack([0.02 + 2 * sizes**-0.7, 0.5 * sizes**-0.5, np.full(5, 0.1), np.zeros(5)])
    expected = [0.02 + 2 * 1280**-0.7, 0.5 * 1280**-0.5, 0.1, 0]
    np.testing.assert_allclose(continued(sizes, errors, (1280,))[0], expected, atol=2e-3)


def curve(errors: np.ndarray, number: int = 3000) -> Curve:
    """A curve on so many images, of which every tenth is of another draw."""
    rank = np.random.default_rng(0).permutation(number)
    right = rank >= (errors * number).astype(int)[:, np.newaxis]
    labels = np.arange(number) % 2
    sizes = np.array([42, 76, 138, 250, 453, 822, 1490, 2700])
    return Curve(sizes, right, np.arange(number) % 10, material(labels, np.arange(number)))


def test_the_forecast_says_when_the_curve_breaks_its_law() -> None:
    smooth = curve(0.02 + 2 * np.array([42, 76, 138, 250, 453, 822, 1490, 2700]) ** -0.7)
    known = forecast(smooth, 2000, 4000)
    assert known.known and known.low < 0.98 - 2 * 4000**-0.7 < known.high
    assert known.gain_low <= 2 * (2000**-0.7 - 4000**-0.7) <= known.gain_high
    unknown = forecast(curve(np.array([0.2, 0.2, 0.2, 0.2, 0.2, 0.19, 0.1, 0.02])), 2000, 4000)
    assert not unknown.known and "does not go on as it began" in unknown.why


def test_more_images_help_a_learner_that_needs_them(opened: dict[str, tuple[Dataset, Material]]) -> None:
    _, sample = opened["sample"]
    measured = learning_curve(sample)
    points = measured.points()
    assert points[-1].accuracy > points[0].accuracy + 0.05
    assert all(point.low <= point.accuracy <= point.high for point in points)
    mixed = replace(sample, labels=np.random.default_rng(0).permutation(sample.labels))
    assert all(point.low < 0.5 < point.high for point in learning_curve(mixed).points())
