"""Curves against their definitions: a threshold at a time, and the area as a chance."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from core.evaluation.areas import Areas
from core.evaluation.charts import roc_chart
from core.evaluation.class_curves import classes_to_draw, precision_recall_curves, roc_curves
from core.evaluation.curves import Curve, macro_average_roc, micro_average, precision_recall, roc, thinned
from core.evaluation.predictions import Predictions

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


def seven_classes(num_images: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities in hundredths, so that there are ties."""
    random = np.random.default_rng(3)
    labels = random.integers(0, 7, num_images)
    table = random.dirichlet([0.4] * 7, num_images)
    table[np.arange(num_images), labels] += 0.3
    return labels, np.round(table / table.sum(axis=1, keepdims=True), 2)


def test_averages_over_classes_are_scikit_learns() -> None:
    labels, table = seven_classes()
    truth = np.eye(7)[labels]
    curves = [roc(labels == at, table[:, at]) for at in range(7)]
    macro, micro = macro_average_roc(curves), micro_average(roc, labels, table)
    assert macro.area == pytest.approx(roc_auc_score(truth, table, average="macro"))
    assert np.trapezoid(macro.y, macro.x) == pytest.approx(macro.area)  # what is drawn has the area that is said
    assert (np.diff(macro.x) >= 0).all()
    assert (np.diff(macro.y) >= -1e-12).all()
    assert micro.area == pytest.approx(roc_auc_score(truth, table, average="micro"))
    precision = micro_average(precision_recall, labels, table)
    assert precision.area == pytest.approx(average_precision_score(truth, table, average="micro"))
    assert np.isnan(macro_average_roc([roc(labels == 9, table[:, 0])]).area)


def test_a_thinned_curve_keeps_its_ends_and_its_area() -> None:
    random = np.random.default_rng(0)
    positive = random.random(30_000) < 0.02
    whole = roc(positive, random.random(30_000) + 1.5 * positive)
    drawn = thinned(whole, 300)
    assert len(drawn.x) <= 300
    assert (drawn.x[0], drawn.y[0], drawn.x[-1], drawn.y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(drawn.y, drawn.x) == pytest.approx(whole.area, abs=0.003)
    assert thinned(drawn, 300) is drawn


def test_of_many_classes_the_averages_and_the_worst_are_drawn() -> None:
    labels, table = seven_classes()
    names = tuple("abcdefg")
    predictions = Predictions(names, labels, table)
    f1 = f1_score(labels, predictions.best, average=None)
    shown = classes_to_draw(predictions)
    assert sorted(shown) == sorted(np.argsort(f1, kind="stable")[:3].tolist())
    assert list(roc_curves(predictions, shown)) == ["macro average", "micro average", *(names[at] for at in shown)]
    assert list(precision_recall_curves(predictions, ())) == ["micro average"]
    two = Predictions(("a", "b"), labels % 2, np.stack([1 - table[:, 0], table[:, 0]], axis=1))
    assert list(roc_curves(two, classes_to_draw(two))) == ["b"]
    six = Predictions(names[:6], labels % 6, table[:, :6])
    assert classes_to_draw(six) == tuple(range(6))


def test_the_areas_of_all_classes_at_once_are_those_of_each_resample() -> None:
    """With ties, and classes that a resample leaves without images."""
    labels, table = seven_classes(40)
    labels = np.where(labels == 6, 5, labels)
    areas, random = Areas(labels, table), np.random.default_rng(0)
    for rows in (np.arange(40), *random.integers(0, 40, (20, 40)), np.flatnonzero(labels != 2)):
        drawn = [areas.of(np.bincount(rows, minlength=40))[kind] for kind in (0, 1)]
        for at in range(7):
            side = labels[rows] == at, table[rows, at]
            np.testing.assert_allclose(drawn[0][at], roc(*side).area)
            np.testing.assert_allclose(drawn[1][at], precision_recall(*side).area)
