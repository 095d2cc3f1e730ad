"""A run against the instant model: on the same images, by bursts, and never with images that one has seen."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Cancelled
from core.evaluation.intervals import paired_difference_interval
from core.evaluation.predictions import load_predictions
from core.instant.against_run import against_run, paired
from core.runs.run import Run

IMAGES = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 6)), min_size=1, max_size=60)


@given(IMAGES)
def test_differences_are_those_of_the_shares_of_bursts(images: list[tuple[bool, bool, int]]) -> None:
    instant, run, bursts = (np.array(column) for column in zip(*images, strict=True))
    compared = paired(instant, run, bursts)
    shares = [(run[bursts == one].mean(), instant[bursts == one].mean()) for one in np.unique(bursts)]
    wanted = np.mean([first - second for first, second in shares])
    assert compared.difference == pytest.approx(wanted, abs=1e-9)
    assert compared.run.value - compared.instant.value == pytest.approx(wanted, abs=1e-9)
    assert -1 - 1e-9 <= compared.low <= compared.difference + 1e-9 and compared.difference <= compared.high + 1e-9
    assert compared.num_bursts == len(shares) and compared.num_images == len(images)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40), st.integers(1, 9))
def test_without_bursts_it_is_newcombes_interval_and_frames_add_nothing(
    pairs: list[tuple[bool, bool]], frames: int
) -> None:
    instant, run = (np.array(column) for column in zip(*pairs, strict=True))
    table = [int(mask.sum()) for mask in (instant & run, instant & ~run, ~instant & run, ~instant & ~run)]
    repeated = paired(*(np.repeat(part, frames) for part in (instant, run, np.arange(len(run)))))
    assert (repeated.low, repeated.high) == pytest.approx(paired_difference_interval(*table), abs=1e-6)


def test_a_finished_run_is_compared_on_its_validation_images(trained: Run, ready_home: Path) -> None:
    compared = against_run(trained)
    predictions = load_predictions(trained)
    assert compared.num_images == compared.num_bursts == len(predictions)
    assert compared.run.value == pytest.approx(predictions.correct.mean())
    assert compared.instant.value > 0.7
    assert "instant model" in compared.verdict and "95% CI" in compared.verdict


def test_it_can_be_stopped(trained: Run, ready_home: Path) -> None:
    def stop(phase: str, done: int, total: int) -> None:
        if phase == "features":
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        against_run(trained, stop)
