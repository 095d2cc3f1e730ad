"""The head of advice: scikit-learn's logistic regression is the oracle."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.advice.head import MANY, PRIOR, fit, held_out, principal


@pytest.mark.parametrize(("number", "classes"), [(12, 2), (150, 3), (400, 10), (MANY + 500, 2), (MANY + 500, 3)])
def test_probabilities_are_scikit_learns(number: int, classes: int) -> None:
    random = np.random.default_rng(number)
    labels = np.arange(number) % classes
    features = random.gamma(0.5, size=(number, 60)) + random.gamma(0.5, size=(classes, 60))[labels]
    rows = principal(features.astype(np.float32), 40)
    assert np.mean(np.vecdot(rows, rows)) == pytest.approx(1, abs=1e-4)
    strength = (2 if classes == 2 else 1) / PRIOR  # of two classes scikit-learn has one vector of weights, we have two
    oracle = LogisticRegression(C=strength, max_iter=5000, tol=1e-8).fit(rows, labels)
    np.testing.assert_allclose(fit(rows, labels, classes).probabilities(rows), oracle.predict_proba(rows), atol=0.02)


def test_a_class_without_images_is_never_predicted() -> None:
    rows = np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)
    probabilities = fit(rows, np.arange(20) % 2, 3).probabilities(rows)
    assert (probabilities[:, 2] == 0).all() and np.isfinite(probabilities).all()


def test_an_image_has_no_say_in_its_own_prediction() -> None:
    random = np.random.default_rng(0)
    rows, folds = random.normal(size=(60, 8)).astype(np.float32), np.arange(60) % 3
    labels = random.integers(0, 2, 60)
    changed = np.where(folds == 1, 1 - labels, labels)
    before, after = (held_out(rows, given, folds, 2) for given in (labels, changed))
    np.testing.assert_array_equal(before[folds == 1], after[folds == 1])
    assert (before[folds != 1] != after[folds != 1]).any()
