"""Heads on banked features against scikit-learn on the copies themselves, and the bank's interpolation."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from core.augmentation import PRESETS, AugmentationConfig
from core.bank.bank import Bank
from core.bank.heads import Heads, paired_change
from core.bank.predict import Predictor
from core.bank.search import propose
from core.bank.strengths import amount_of, changes, combined, entries
from core.evaluation.cross_validation import PENALTY

CONFIG = AugmentationConfig()
ENTRIES = [(name, place) for name in changes() for place in range(len(entries(CONFIG, name)))]


def random_bank(images: int = 60, width: int = 12, spread: float = 1.0) -> Bank:
    random = np.random.default_rng(0)
    labels = np.arange(images) % 3
    originals = (random.normal(0, 1, (images, width)) + random.normal(0, 1, (3, width))[labels]).astype(np.float32)
    banked = {name: entries(CONFIG, name) for name in changes()}
    shifts = {
        name: random.normal(0, spread, (len(strengths), images, width)).astype(np.float32)
        for name, strengths in banked.items()
    }
    return Bank(originals, labels, np.arange(images), ("a", "b", "c"), banked, shifts, CONFIG, images)


@pytest.mark.parametrize("num_copies", [1, 3])
def test_a_combination_equals_ridge_regression_on_its_copies(num_copies: int) -> None:
    bank, folds = random_bank(), np.random.default_rng(1).permutation(np.arange(60) % 5)
    parts = {name: bank.entries[name][-1] for name in ("rotation_range", "horizontal_flip", "noise_range")}
    copies = bank.originals + sum(bank.shifts[name][-1] for name in parts)
    scores = Heads(bank.originals, bank.labels, folds).scores(bank.copies(combined(parts, CONFIG)), num_copies)
    for fold in range(5):
        others, own = folds != fold, folds == fold
        rows = np.concatenate([bank.originals[others], copies[others]]).astype(np.float64)
        weight = np.repeat([1, num_copies], others.sum()) / (1 + num_copies)
        length = (weight[:, None] * (rows - np.average(rows, axis=0, weights=weight)) ** 2).sum() / weight.sum()
        ridge = Ridge(alpha=PENALTY * length).fit(rows, np.eye(3)[np.tile(bank.labels[others], 2)], weight)
        np.testing.assert_allclose(scores[own], ridge.predict(bank.originals[own]), atol=1e-5)


def test_copies_that_equal_their_originals_change_nothing() -> None:
    prediction = Predictor(random_bank()).together(PRESETS["none"], 1)
    assert prediction.change.difference == 0
    assert prediction.change.low < 0 < prediction.change.high


@pytest.mark.parametrize(("name", "place"), ENTRIES)
def test_nothing_is_interpolated_at_a_banked_strength(name: str, place: int) -> None:
    bank = random_bank()
    config = bank.entries[name][place].config
    assert bank.is_banked(config)
    np.testing.assert_array_equal(bank.copies(config), bank.originals + bank.shifts[name][place])


def test_between_two_strengths_each_image_takes_one_of_both() -> None:
    bank = random_bank()
    (low, high), shifts = bank.entries["rotation_range"][:2], bank.shifts["rotation_range"]
    config = PRESETS["none"].changed(rotation_range=low.amount + 0.75 * (high.amount - low.amount))
    assert not bank.is_banked(config)
    copies = bank.copies(config)
    takes = [(copies == bank.originals + shift).all(axis=1) for shift in shifts[:2]]
    assert [int(each.sum()) for each in takes] == [15, 45]


def test_a_range_to_one_side_goes_as_far_as_its_longer_way() -> None:
    assert amount_of(PRESETS["none"].changed(brightness_range=(0.8, 1.5)), "brightness_range") == 0.5
    assert amount_of(PRESETS["none"].changed(brightness_range=(1.0, 1.0)), "brightness_range") == 0


def test_a_range_without_the_unchanged_image_is_called_rough() -> None:
    predictor = Predictor(random_bank())
    for limits, is_rough in (((0.3, 0.8), True), ((0.3, 1.0), False)):
        prediction = predictor.together(PRESETS["none"].changed(crop_scale=limits), 1)
        assert prediction.in_words().endswith("rough") == is_rough


def test_an_image_counts_once_however_often_it_was_predicted() -> None:
    random = np.random.default_rng(0)
    before, after = random.random((1, 200)) < 0.9, random.random((1, 200)) < 0.8
    once, often = paired_change(before, after), paired_change(before.repeat(9, axis=0), after.repeat(9, axis=0))
    assert (once.difference, once.low, once.high) == pytest.approx((often.difference, often.low, often.high))
    assert once.difference == pytest.approx(after.mean() - before.mean())


def test_of_changes_that_are_noise_nothing_helps() -> None:
    proposal = propose(random_bank(spread=0.3), 1)
    assert proposal.seen.difference >= 0
    assert not proposal.helps
    assert proposal.in_words().startswith("**Nothing helps**")


def test_a_change_that_undoes_what_is_only_loud_is_proposed() -> None:
    """One feature tells the classes apart, 39 louder ones do not: copies that turn these around say so."""
    random, images = np.random.default_rng(0), 120
    labels = np.arange(images) % 2
    originals = random.normal(0, 4, (images, 40)).astype(np.float32)
    originals[:, 0] = 1.5 * (2 * labels - 1) + random.normal(0, 1, images)
    shift = -2 * originals[np.newaxis]
    shift[..., 0] = 0
    bank = random_bank(images, 40, spread=0)
    bank = replace(bank, originals=originals, labels=labels, shifts={**bank.shifts, "horizontal_flip": shift})
    proposal = propose(bank, 1)
    assert proposal.helps
    assert proposal.config.horizontal_flip
    assert "should help" in proposal.in_words()
