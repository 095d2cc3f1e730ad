"""What temperature scaling did to a run, measured on images that did not choose T."""

import numpy as np

from core.evaluation.temperature import cross_fit, scaling_in_words
from core.runs.settings import preset
from core.runs.temperature import with_temperature


def overconfident(number: int, classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True classes, probabilities that keep their promise, and those at T = 1 / 2.5."""
    generator = np.random.default_rng(3)
    table = generator.dirichlet(np.full(classes, 0.6), number)
    labels = np.minimum((table.cumsum(axis=1) < generator.random((number, 1))).sum(axis=1), classes - 1)
    return labels, table, with_temperature(table, 1 / 2.5)


def test_an_overconfident_model_is_repaired_on_the_half_that_chose_nothing() -> None:
    labels, _, sure = overconfident(4000, 4)
    errors = cross_fit(labels, sure)
    assert errors.before > 0.1
    assert errors.after < 0.03


def test_each_half_is_scored_at_the_temperature_of_the_other() -> None:
    """One half is overconfident, the other underconfident: each makes the other worse, and itself better."""
    labels, true, sure = overconfident(4000, 3)
    half = np.array_split(np.random.default_rng(0).permutation(4000), 2)[0]
    table = with_temperature(true, 2)
    table[half] = sure[half]
    errors = cross_fit(labels, table)
    assert errors.after > errors.before + 0.05


def test_the_words_have_both_errors_of_the_images_themselves_at_the_temperatures_that_they_name() -> None:
    labels, _, sure = overconfident(300, 2)
    summary = {"counts": {"validation": {"a": 300}}, "temperature": 2.5}
    errors = cross_fit(labels, sure)
    config = preset("fast").changed(copies=1, augment_validation=True)
    saved = with_temperature(sure, 2.5).repeat(2, axis=0)
    saved[1::2] = 0.5  # copies, which do not count
    words = scaling_in_words(config, summary, labels.repeat(2), saved)
    assert "T = 2.50" in words
    assert f"error is {errors.before:.3f} without it and {errors.after:.3f} with it" in words
    assert scaling_in_words(preset("notebook"), summary, labels, sure) == ""
