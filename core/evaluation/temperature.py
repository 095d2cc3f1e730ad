"""What temperature scaling (`core.runs.temperature`) did to a run's calibration, in figures and in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import PawlabError
from core.evaluation.calibration import calibration_error
from core.evaluation.words import DECIMAL
from core.runs.feature_plan import copies_of
from core.runs.run import Run
from core.runs.settings import TrainingConfig
from core.runs.temperature import fit_temperature, temperature_in_words, temperature_of, with_temperature
from core.runs.validation import VALIDATION, validation_predictions
from core.storage.files import stamp_of

Labels = NDArray[np.int64]
Table = NDArray[np.float64]


@dataclass(frozen=True)
class CrossFitted:
    """The expected calibration error of some images at T = 1, and that with temperature scaling, 0..1."""

    before: float
    after: float


def cross_fit(labels: Labels, probabilities: Table, seed: int = 0) -> CrossFitted:
    """Scores each half of the images with the T that the other half gave: one that had seen them would flatter.

    Args:
        labels: int64 (images,), the true classes.
        probabilities: float64 (images, classes), at any temperature that all share.
        seed: Of the halves.
    """
    halves = np.array_split(np.random.default_rng(seed).permutation(len(labels)), 2)
    after = np.empty_like(probabilities)
    for scored, fitted in (halves, halves[::-1]):
        temperature = fit_temperature(labels[fitted], probabilities[fitted])
        after[scored] = with_temperature(probabilities[scored], temperature)
    return CrossFitted(_error(labels, probabilities), _error(labels, after))


def scaling_in_words(config: TrainingConfig, summary: Mapping[str, Any], labels: Labels, probabilities: Table) -> str:
    """T and the calibration error without and with it, in two sentences; "" where the settings ask for no scaling.

    Args:
        summary: Of run.json, at least its `counts` and `temperature`.
        labels, probabilities: As `core.runs.validation.validation_predictions` gives them.
    """
    words, temperature = temperature_in_words(config, summary), temperature_of(summary)
    if not words or temperature == 1:
        return words
    own = slice(None, None, 1 + copies_of(config, "validation"))
    errors = cross_fit(labels[own], with_temperature(probabilities[own], 1 / temperature))
    return (
        f"{words} Measured by cross-fitting, where T of one half of them scores the other, their expected calibration "
        f"error is {errors.before:{DECIMAL}} without it and {errors.after:{DECIMAL}} with it."
    )


def run_scaling_in_words(run: Run) -> str:
    """The same of a run; without figures where its validation predictions cannot be read. Raises `RunError`: it has no
    model."""
    return _in_words(run, stamp_of(run.directory / VALIDATION), stamp_of(run.directory / "run.json"))


@lru_cache(8)
def _in_words(run: Run, *stamps: tuple[int, ...]) -> str:
    summary = run.summary()
    try:
        return scaling_in_words(run.config, summary, *validation_predictions(run))
    except PawlabError:  # who shows its validation images says what is wrong
        return temperature_in_words(run.config, summary)


def _error(labels: Labels, probabilities: Table) -> float:
    correct = probabilities.argmax(axis=1) == labels
    return calibration_error(correct, probabilities.max(axis=1), probabilities.shape[1])
