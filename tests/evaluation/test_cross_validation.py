"""Repeated cross-validation: scikit-learn's ridge regression fold by fold, folds that keep groups, a real run."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.stats import t
from sklearn.linear_model import Ridge

from core.errors import Cancelled, DatasetError
from core.evaluation import cross_validation
from core.evaluation.cross_validation import PENALTY, cross_validate, deal_folds, predict_folds
from core.evaluation.intervals import cross_validation_interval, student_quantile
from core.runs.run import Run
from tests.trained import copied, on_other_data


@pytest.mark.parametrize("num_features", [12, 200])  # fewer than images, and more
def test_each_fold_is_predicted_by_a_ridge_regression_on_the_others(num_features: int) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(90) % 3
    of_class = random.normal(0, 1, (3, num_features))[labels]
    features = (random.normal(0, 1, (90, num_features)) + of_class + 5).astype(np.float32)
    folds = random.permutation(np.arange(90) % 5)
    for fold, predictions in enumerate(predict_folds(features, labels, folds)):
        others, own = features[folds != fold].astype(np.float64), features[folds == fold]
        length = ((others - others.mean(axis=0)) ** 2).sum(axis=1).mean()
        ridge = Ridge(alpha=PENALTY * length).fit(others, np.eye(3)[labels[folds != fold]])
        np.testing.assert_array_equal(predictions, ridge.predict(own).argmax(axis=1))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 25)), min_size=6, max_size=80), st.integers(2, 5))
@settings(deadline=None)
def test_a_group_shares_a_fold(images: list[tuple[int, int]], num_folds: int) -> None:
    labels, groups = np.array(images).T
    folds = deal_folds(labels, groups, num_folds, np.random.default_rng(0))
    assert set(folds.tolist()) <= set(range(num_folds))
    for group in set(groups.tolist()):
        assert len(set(folds[groups == group].tolist())) == 1


def test_classes_are_spread_evenly_and_another_draw_deals_otherwise() -> None:
    labels = np.repeat([0, 1, 2], [50, 20, 5])
    deals = [deal_folds(labels, np.arange(75), 5, np.random.default_rng(seed)) for seed in (0, 1)]
    for folds in deals:
        for label, number in ((0, 10), (1, 4), (2, 1)):
            assert np.bincount(folds[labels == label]).tolist() == [number] * 5
    assert (deals[0] != deals[1]).any()


def test_the_interval_is_nadeau_and_bengios() -> None:
    scores = np.random.default_rng(0).normal(0.9, 0.02, 50)
    reach = t.ppf(0.975, 49) * np.sqrt((1 / 50 + 1 / 4) * scores.var(ddof=1))
    low, high = cross_validation_interval(scores.tolist(), 5)
    assert (low, high) == pytest.approx((scores.mean() - reach, scores.mean() + reach), abs=1e-6)
    assert student_quantile(0.975, 9) == pytest.approx(t.ppf(0.975, 9), abs=1e-3)
    assert np.isnan(cross_validation_interval([0.9] * 10, 5)).all()


def test_a_run_is_cross_validated_with_copies_in_one_fold(
    trained: Run, ready_home: Path, drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a run whose data have an image twice, and once more smaller, in training and validation; and a burst."""
    pets = shutil.copytree(drawn, tmp_path / "pets")
    shutil.copy(pets / "train" / "cats" / "cat.0001.jpg", pets / "validation" / "cats" / "same.jpg")
    with Image.open(pets / "train" / "cats" / "cat.0001.jpg") as cat:
        cat.resize((cat.width * 3 // 4, cat.height * 3 // 4)).save(pets / "train" / "cats" / "near.jpg")
    for number in (2, 3):
        cats = pets / "train" / "cats"
        (cats / f"cat.000{number}.jpg").rename(cats / f"pawlab-20261129-223510-a1b2c3-000{number}.jpg")
    run = on_other_data(copied(trained, ready_home), pets)
    dealt: list[np.ndarray] = []

    def deal(labels: np.ndarray, groups: np.ndarray, *more: Any) -> np.ndarray:
        dealt.append(groups)
        return deal_folds(labels, groups, *more)

    monkeypatch.setattr(cross_validation, "deal_folds", deal)
    result = cross_validate(run, 2)
    assert (result.num_images, result.num_folds, len(result.each)) == (58, 5, 2)
    assert 0.5 < result.accuracy.value <= 1
    assert result.accuracy.value == pytest.approx(np.mean(result.each))
    assert sorted(np.unique(dealt[0], return_counts=True)[1].tolist()) == [1] * 53 + [2, 3]
    assert cross_validate(run, 2) == result

    def stop(phase: str, done: int, total: int) -> None:
        if phase == "cross-validate" and done:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        cross_validate(run, progress=stop)
    monkeypatch.setattr(cross_validation, "MOST_IMAGES", 57)
    with pytest.raises(DatasetError, match="58 training and validation images"):
        cross_validate(run)
