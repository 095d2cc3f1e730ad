"""The closed forms: scikit-learn's ridge, and refits without each burst, give the same."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from core.instant import left_out
from core.instant.left_out import LeaveOneGroupOut, best_penalty, deal_rounds, held_out_scores
from core.instant.model import Examples, fit
from core.instant.update import Anchor
from core.jobs.parallel import one_core_for_blas
from tests.instant.drawn_features import examples

WIDTH = 12  # of features: fewer than some examples have images, more than others


def oracle(given: Examples, penalty: float, rows: np.ndarray, weights: np.ndarray) -> Ridge:
    one_hot = np.eye(given.num_classes)[given.labels]
    ridge = Ridge(alpha=penalty, solver="svd")
    return ridge.fit(given.features[rows].astype(np.float64), one_hot[rows], sample_weight=weights[rows])


@pytest.mark.parametrize("images", [1, 6, 40])
@pytest.mark.parametrize("penalty", [0.003, 0.3])
def test_head_is_ridge_regression_of_scikit_learn(images: int, penalty: float) -> None:
    """With fewer images than features, and with more."""
    given = examples(5, images, 1, size=50)
    head, ridge = fit(given, penalty), oracle(given, penalty, np.arange(len(given)), given.weights)
    wanted = ridge.predict(given.features)
    assert np.stack([head.scores(feature) for feature in given.features]) == pytest.approx(wanted, abs=1e-3)


def test_each_class_weighs_the_same_however_many_images_it_has() -> None:
    given = examples(2, 10, 1)
    rows = np.flatnonzero((given.labels == 0) | (given.groups == given.groups[given.labels == 1][0]))
    few = Examples(given.features[rows], given.labels[rows], given.groups[rows], 3)
    assert np.bincount(few.labels, few.weights) == pytest.approx([0.5, 0.5])
    repeated = np.concatenate([rows, *[rows[given.labels[rows] == 1]] * 7])
    again = Examples(given.features[repeated], given.labels[repeated], given.groups[repeated], 3)
    assert fit(again, 0.01).weights == pytest.approx(fit(few, 0.01).weights, abs=1e-4)


@st.composite
def bursts(draw: st.DrawFn) -> Examples:
    num_classes, number = draw(st.integers(2, 4)), draw(st.integers(4, 24))
    labels = draw(st.lists(st.integers(0, num_classes - 1), min_size=number, max_size=number))
    groups = draw(st.lists(st.integers(0, 2), min_size=number, max_size=number))
    if draw(st.booleans()):  # each burst of one class, as they are recorded
        groups = [3 * label + group for label, group in zip(labels, groups, strict=True)]
    random = np.random.default_rng(draw(st.integers(0, 99)))
    features = np.abs(random.normal(size=(number, WIDTH))).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return Examples(features, np.array(labels), np.array(groups), num_classes)


@settings(deadline=None, max_examples=60)
@given(bursts(), st.sampled_from([0.003, 0.03, 1.0]))
def test_scores_of_a_left_out_burst_are_those_of_a_model_without_it(given: Examples, penalty: float) -> None:
    """Whose classes weigh the same again."""
    without_group = LeaveOneGroupOut(given)
    parts = [given.part(given.groups != group) for group in np.unique(given.groups)]
    if not all(np.array_equal(np.unique(part.labels), np.unique(given.labels)) for part in parts):
        return
    scores = without_group.scores(penalty)
    for group, part in zip(np.unique(given.groups), parts, strict=True):
        own = given.groups == group
        without = oracle(part, penalty, np.arange(len(part)), part.weights)
        assert scores[own] == pytest.approx(without.predict(given.features[own].astype(np.float64)), abs=2e-4)


def test_a_class_with_one_burst_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match="one group"):
        LeaveOneGroupOut(examples(2, 1, 3, size=WIDTH)).scores(0.1)


def test_near_copies_do_not_judge_each_other() -> None:
    """Of classes that differ in nothing: frame by frame they would be told apart all the same."""
    given = examples(1, 16, 6, size=60)
    random = np.random.default_rng(0)
    given = replace(given, labels=random.permutation(np.arange(16) % 2)[given.groups], num_classes=2)
    alone = replace(given, groups=np.arange(len(given)))
    right = [(LeaveOneGroupOut(one).scores(0.001).argmax(axis=1) == given.labels).mean() for one in (alone, given)]
    assert right[0] > 0.9
    assert right[1] < 0.7


@settings(deadline=None)
@given(bursts())
def test_a_burst_is_left_out_whole_and_of_each_class_as_many(given: Examples) -> None:
    rounds = deal_rounds(given)
    for group in np.unique(given.groups):
        assert len(np.unique(rounds[given.groups == group])) == 1
    pairs = np.unique(np.stack([given.labels, given.groups, rounds]), axis=1)
    alone = all(len(np.unique(given.labels[given.groups == group])) == 1 for group in np.unique(given.groups))
    if alone:
        for label in np.unique(given.labels):
            counts = np.bincount(pairs[2][pairs[0] == label], minlength=rounds.max() + 1)
            assert counts.max() - counts.min() <= 1


def test_held_out_scores_are_of_models_without_the_burst() -> None:
    given = examples(3, 3, 2, size=30)
    scores, rounds = held_out_scores(given, 0.05), deal_rounds(given)
    for number in range(3):
        without = given.part(rounds != number)
        wanted = oracle(without, 0.05, np.arange(len(without)), without.weights)
        own = rounds == number
        assert scores[own] == pytest.approx(wanted.predict(given.features[own].astype(np.float64)), abs=2e-4)


def test_what_it_works_with_does_not_grow_with_the_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside their features."""
    monkeypatch.setattr(left_out, "MOST_COMPARED", 200)
    peaks = []
    for number in (1_000, 3_000):
        numbers = np.arange(number)
        features = np.random.default_rng(0).normal(size=(number, 256)).astype(np.float32)
        given = Examples(features, numbers % 2, numbers // 5, 2, numbers)
        tracemalloc.start()
        with one_core_for_blas():
            held_out_scores(given, best_penalty(given))
            Anchor.of(given, 0.1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_of_many_images_those_that_penalties_are_compared_by_are_of_all_classes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = examples(3, 12, 4, spread=3, size=40)
    of_all = best_penalty(given)
    monkeypatch.setattr(left_out, "MOST_COMPARED", 36)
    fewer = given.part(left_out._some_of_each_class(given))
    assert np.bincount(fewer.labels).tolist() == [12, 12, 12]
    assert fewer.looks.tolist() == [12, 12, 12]
    assert best_penalty(given) == of_all
