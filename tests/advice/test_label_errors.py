"""Planted flips are found on real features, and what is sure is mostly right."""

from dataclasses import replace

import numpy as np

from core.advice.actions import relabel_gain
from core.advice.label_errors import DEALS, doubts, judged
from core.advice.material import Material
from core.datasets import Dataset, ImageRecord


def test_planted_flips_come_first(opened: dict[str, tuple[Dataset, Material]]) -> None:
    _, sample = opened["sample"]
    precision, recall = [], []
    for seed in range(3):
        wrong = np.random.default_rng(seed).permutation(len(sample)) < 24
        given = replace(sample, labels=np.where(wrong, 1 - sample.labels, sample.labels))
        found = doubts(sample.rows, given.labels, [given.folds(seed, deal) for deal in range(DEALS)], 2)
        order = found.order
        assert (np.diff(found.scores[order]) <= 0).all()
        assert (found.suggested != given.labels).all()
        precision.append(wrong[order[:24]].mean())
        recall.append(wrong[order[:48]].sum() / 24)
    assert np.mean(precision) > 0.5 and np.mean(recall) > 0.7  # the drawn animals are hard at 96 pixels


def test_confident_learning_by_hand() -> None:
    """Class 1 is usually predicted with 0.93: the image of class 0 that is given as much is an error, the other is only
    worth a look; so is the one of class 0 that is doubted a little."""
    probabilities = np.array([[0.9, 0.1], [0.05, 0.95], [0.08, 0.92], [0.4, 0.6], [0.07, 0.93]], np.float32)
    labels = np.array([0, 0, 0, 0, 1])
    found = judged(probabilities, labels)
    assert found.errors.tolist() == [False, True, False, False, False]
    assert found.order.tolist() == [1, 2, 3]
    np.testing.assert_allclose(found.scores[[1, 2, 3]], [0.95, 0.92, 0.6], atol=1e-6)
    doubtful = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], np.float32)
    assert not judged(doubtful, np.array([0, 0, 1])).errors.any()  # four times as probable: a hard image


def test_mending_flips_helps_where_classes_are_clear() -> None:
    random = np.random.default_rng(0)
    truth = np.arange(300) % 2
    rows = random.normal(0, 0.3, (300, 60)).astype(np.float32)
    rows[:, 0] += np.where(truth, 0.6, -0.6)
    wrong = random.permutation(300) < 45
    records = tuple(ImageRecord(f"train/{number}.jpg", "train", "a") for number in range(300))
    labels = np.where(wrong, 1 - truth, truth)
    gain = relabel_gain(Material(records, ("a", "b"), rows, labels, np.arange(300)))
    assert gain.low <= gain.difference <= gain.high
    assert gain.difference > 0.01
