"""Class weights are scikit-learn's, and what they change is measured on the smallest class first."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_sample_weight

from core.advice.class_weights import balanced, class_weights, is_imbalanced
from core.advice.head import PRIOR, fit, principal
from core.advice.material import Material
from core.datasets import Dataset


def test_a_weighted_head_is_scikit_learns() -> None:
    random = np.random.default_rng(0)
    labels = random.choice(3, 240, p=(0.7, 0.2, 0.1))
    features = random.gamma(0.5, size=(240, 60)) + random.gamma(0.5, size=(3, 60))[labels]
    rows = principal(features.astype(np.float32), 40)
    weights = balanced(labels, 3)
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", labels), rtol=1e-6)
    oracle = LogisticRegression(C=1 / PRIOR, max_iter=5000, tol=1e-8, class_weight="balanced").fit(rows, labels)
    probabilities = fit(rows, labels, 3, weights=weights).probabilities(rows)
    np.testing.assert_allclose(probabilities, oracle.predict_proba(rows), atol=0.02)


def test_weights_help_the_small_class_at_the_cost_of_the_large(opened: dict[str, tuple[Dataset, Material]]) -> None:
    _, sample = opened["sample"]
    assert not is_imbalanced(sample)
    dogs = np.flatnonzero(sample.labels == 1)
    thinned = sample.part(~np.isin(np.arange(len(sample)), dogs[len(dogs) // 6 :]))
    assert is_imbalanced(thinned)
    found = class_weights(thinned)
    small, large = found.recalls
    assert (small.name, large.name) == (sample.classes[1], sample.classes[0])
    assert small.low < small.change < small.high and small.change > 0 > large.change
    assert f"recall of {small.name} by +" in found.in_words()
    assert found == class_weights(thinned)
