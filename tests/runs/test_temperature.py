"""Temperature scaling: the T that is fitted, and what dividing by it does and does not change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from core.runs.settings import TrainingConfig, preset
from core.runs.temperature import (
    ENOUGH,
    HIGHEST,
    LOWEST,
    fit_temperature,
    temperature_for,
    temperature_in_words,
    temperature_of,
    with_temperature,
)

Table = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Labels = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def as_probabilities(logits: Table) -> Table:
    """As a head gives them: of one logit an image by a sigmoid, of several by softmax."""
    if logits.shape[1] == 1:
        return 1 / (1 + np.exp(-logits))
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def drawn_labels(probabilities: Table, seed: int) -> Labels:
    """True classes that come up as often as the probabilities say."""
    table = both(probabilities)
    uniform = np.random.default_rng(seed).random((len(table), 1))
    return np.asarray(np.minimum((table.cumsum(axis=1) < uniform).sum(axis=1), table.shape[1] - 1), np.int64)


def both(probabilities: Table) -> Table:
    if probabilities.shape[1] > 1:
        return probabilities
    return np.concatenate([1 - probabilities, probabilities], axis=1)


def log_loss(labels: Labels, probabilities: Table) -> float:
    own = both(probabilities)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(own, 1e-300)).mean())


@pytest.mark.parametrize("columns", [1, 3, 40])
@pytest.mark.parametrize("true", [0.6, 1.0, 2.5])
def test_it_recovers_the_temperature_that_the_labels_were_drawn_at(columns: int, true: float) -> None:
    logits = np.random.default_rng(columns).normal(0, 3, (20_000, columns))
    labels = drawn_labels(as_probabilities(logits / true), seed=1)
    assert fit_temperature(labels, as_probabilities(logits)) == pytest.approx(true, rel=0.06)


@given(st.integers(0, 10**6), st.sampled_from([1, 2, 5]), st.floats(0.3, 4), st.floats(0.3, 3))
def test_the_loss_never_rises_is_the_lowest_and_no_predicted_class_changes(
    seed: int, columns: int, spread: float, true: float
) -> None:
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, spread, (40, columns))
    table = as_probabilities(logits)
    labels = drawn_labels(as_probabilities(logits / true), seed)
    temperature = fit_temperature(labels, table)
    scaled = with_temperature(table, temperature)
    assert LOWEST <= temperature <= HIGHEST
    assert log_loss(labels, scaled) <= log_loss(labels, table) + 1e-12
    assert (both(scaled).argmax(axis=1) == both(table).argmax(axis=1)).all()
    if (both(table).argmax(axis=1) != labels).any():
        oracle = minimize_scalar(
            lambda one: log_loss(labels, as_probabilities(logits / one)), bounds=(LOWEST, HIGHEST), method="bounded"
        )
        assert log_loss(labels, scaled) <= oracle.fun + 1e-9
    np.testing.assert_allclose(scaled, as_probabilities(logits / temperature), atol=1e-6)
    if temperature > 0.5:  # a lower one leaves less to small probabilities than floats can hold
        np.testing.assert_allclose(with_temperature(scaled, 1 / temperature), table, atol=1e-6)


def test_where_every_prediction_is_right_or_all_are_sure_and_wrong_it_stays_within_its_bounds() -> None:
    table = as_probabilities(np.random.default_rng(0).normal(0, 3, (50, 4)))
    assert fit_temperature(table.argmax(axis=1), table) == 1
    assert fit_temperature(table.argmin(axis=1), table) == pytest.approx(HIGHEST)
    sure = np.where(np.arange(50) < 25, 0.0, 1.0)[:, np.newaxis]
    labels = np.arange(50) % 2
    assert np.isfinite(with_temperature(sure, fit_temperature(labels, sure))).all()


@pytest.mark.parametrize("copies", [0, 2])
def test_a_run_fits_it_on_enough_images_and_not_on_their_copies(copies: int) -> None:
    """Of copies that the model gets all wrong, none counts."""
    config = preset("fast").changed(copies=copies, augment_validation=True)
    own = as_probabilities(np.random.default_rng(0).normal(0, 3, (ENOUGH, 3)))
    labels = drawn_labels(own, seed=2)
    table = own.repeat(1 + copies, axis=0)
    for copy in range(1, 1 + copies):
        table[copy :: 1 + copies] = 0.98 * np.eye(3)[(labels + 1) % 3] + 0.02 / 3
    rows = labels.repeat(1 + copies)
    assert temperature_for(config, rows, table) == fit_temperature(labels, own) != 1
    assert temperature_for(config, rows[: -1 - copies], table[: -1 - copies]) == 1
    assert temperature_for(config.changed(temperature_scaling=False), rows, table) == 1


def test_a_run_says_what_was_done_to_it() -> None:
    def words(images: int, **summary: float) -> str:
        return temperature_in_words(preset("fast"), {"counts": {"validation": {"a": images, "b": 0}}, **summary})

    assert "T = 1.80" in words(ENOUGH, temperature=1.8)
    assert "takes 100 validation images, and there are 99" in words(ENOUGH - 1, temperature=1.0)
    assert "every validation image is classified correctly" in words(ENOUGH, temperature=1.0)
    assert words(ENOUGH) == "", "a run from before there was one"
    assert temperature_in_words(TrainingConfig(), {"counts": {"validation": {"a": 500}}, "temperature": 1.0}) == ""
    assert temperature_of({}) == 1
