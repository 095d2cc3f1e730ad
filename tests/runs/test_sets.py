"""Sets with a guarantee: the cutoff, what belongs to a set, and what is kept with the run."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.inference.classifier import Prediction
from core.runs.choices import LEVEL, LEVELS
from core.runs.limits import Limits, limits_of
from core.runs.run import Run
from core.runs.sets import PredictionSets, cutoff_of, sets_at
from core.runs.settings import TrainingConfig

probability = st.floats(0, 1, width=32)


@given(st.lists(probability, min_size=1, max_size=60), st.sampled_from(LEVELS), st.integers(0, 10**6))
def test_among_exchangeable_images_the_true_class_is_covered_as_often_as_promised(
    true: list[float], level: float, shift: int
) -> None:
    """Whichever of n + 1 images is the new one is chance, so its coverage is the mean over all of them: computed here
    for each, also with ties, which can only add to it."""
    images = np.array(true)
    cutoffs = [cutoff_of(np.delete(images, new), level) for new in range(len(images))]
    covered = sum(cutoff is None or image >= cutoff for image, cutoff in zip(images, cutoffs, strict=True))
    assert covered >= Fraction(str(level)) * len(images)
    if len(set(true)) == len(true) and cutoffs[0] is not None:  # and no more often than one image's share beyond it
        assert covered < Fraction(str(level)) * len(images) + 1


@pytest.mark.parametrize(("level", "enough"), [(0.9, 9), (0.95, 19), (0.99, 99)])
def test_the_cutoff_is_the_lowest_of_just_enough_images_and_there_is_none_with_one_fewer(
    level: float, enough: int
) -> None:
    images = np.random.default_rng(enough).random(enough)
    assert cutoff_of(images, level) == images.min()
    assert cutoff_of(images[1:], level) is None


@given(st.lists(probability, min_size=2, max_size=12), probability)
def test_a_set_is_what_reaches_the_cutoff_or_the_most_probable_class_alone(row: list[float], cutoff: float) -> None:
    sets = PredictionSets(0.9, cutoff)
    best = row.index(max(row))
    expected = {place for place, value in enumerate(row) if value >= cutoff or place == best}
    assert set(np.flatnonzero(sets.members(np.array([row]))[0]).tolist()) == expected
    prediction = Prediction({f"class {place}": value for place, value in enumerate(row)})
    likely = prediction.likely(Limits(sets=sets))
    assert likely is not None
    assert likely[0] == prediction.label
    assert {int(name.removeprefix("class ")) for name in likely} == expected
    values = [prediction.probabilities[name] for name in likely]
    assert values == sorted(values, reverse=True)
    assert prediction.likely(Limits()) is None


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of three classes with 20 validation images and an augmented copy of each, of which the model is surer."""
    summary = {"classes": ["a", "b", "c"], "counts": {}, "best_epoch": 1, "val_accuracy": 0.5, "val_loss": 1.0}
    (tmp_path / "run.json").write_text(json.dumps({**summary, "settings": {}}))
    labels = np.arange(20).repeat(2) % 3
    own = np.stack([np.linspace(0.4, 0.78, 20), np.full(20, 0.99)], axis=1).ravel()
    table = np.full((40, 3), 0.0, np.float32)
    table[:] = ((1 - own) / 2)[:, np.newaxis]
    table[np.arange(40), labels] = own
    np.savez(tmp_path / "validation.npz", labels=labels, probabilities=table)
    return Run(tmp_path, "", "sample", TrainingConfig(augment_validation=True, copies=1), 0.0)


def test_the_cutoff_is_of_the_images_themselves_not_of_their_copies(run: Run) -> None:
    sets = sets_at(run, 0.9)  # rank 19 of 20
    assert sets is not None
    assert sets.cutoff == pytest.approx(0.42)
    assert sets_at(run, 0.99) is None


def test_the_limits_have_the_level_that_was_chosen_and_follow_the_predictions(run: Run) -> None:
    sets = limits_of(run, None).sets
    assert sets is not None
    assert sets.level == LEVEL.default
    LEVEL.keep(run, 0.95)
    stricter = limits_of(run, None).sets
    assert stricter is not None
    assert stricter.level == 0.95
    assert stricter.cutoff == pytest.approx(0.4)
    (run.directory / "validation.npz").write_bytes(b"broken")
    assert limits_of(run, None).sets is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"level": 0.8}', '{"level": NaN}', '{"level": "x"}'])
def test_a_broken_file_is_the_usual_level_and_an_unknown_one_is_refused(run: Run, content: str) -> None:
    (run.directory / "sets.json").write_text(content)
    assert LEVEL.of(run) == LEVEL.default
    LEVEL.keep(run, 0.99)
    with pytest.raises(ConfigError, match=r"0\.9, 0\.95 or 0\.99"):
        LEVEL.keep(run, 0.8)
    assert LEVEL.of(run) == 0.99
