"""Planted flips are found on real features, and what is sure is mostly right."""

from dataclasses import replace

import numpy as np

from core.advice.actions import relabel_gain
from core.advice.label_errors import DEALS, doubts, judged
from core.advice.material import Material
from core.datasets import Dataset


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
    """Class 0 is usually predicted with 0.8, class 1 with 0.6: an image of class 0 counts as an error from 0.6 on."""
    probabilities = np.array([[0.9, 0.1], [0.95, 0.05], [0.35, 0.65], [0.4, 0.6]], np.float32)
    labels = np.array([0, 0, 0, 1])
    found = judged(probabilities, labels)
    assert found.errors.tolist() == [False, False, True, False]
    assert found.order.tolist() == [2]
    assert found.scores[2] == np.float64(probabilities[2, 1]) / probabilities[2].sum(dtype=np.float64)


def test_mending_flips_helps_where_there_are_many(opened: dict[str, tuple[Dataset, Material]]) -> None:
    _, sample = opened["sample"]
    wrong = np.random.default_rng(0).permutation(len(sample)) < 60
    spoilt = replace(sample, labels=np.where(wrong, 1 - sample.labels, sample.labels))
    gain = relabel_gain(spoilt)
    assert gain.low <= gain.difference <= gain.high
    assert gain.difference > 0
