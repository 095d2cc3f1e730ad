"""One estimate for the whole run: it knows every step that follows, and shrinks as the run goes on."""

from typing import Any

import pytest

from core.runs.feature_plan import Workload
from core.runs.history import History
from core.runs.run import Run, create_run
from core.runs.settings import preset
from core.training.time_left import seconds_after_features, time_left
from tests.events import event


@pytest.fixture
def run() -> Run:
    return create_run("sample", preset("fast").changed(epochs=4), "run")


def progress(done: int, time: float) -> dict[str, Any]:
    return event("progress", time=time, done=done, total=100)


def test_while_features_are_extracted_it_counts_what_follows_too(run: Run) -> None:
    history = History.of([event("phase", time=0, phase="features"), progress(10, 5), progress(20, 10)])
    assert time_left(run, history) is None, "a log of an older version does not say what follows"
    history.add(event("expected", time=0, seconds=30))
    assert time_left(run, history) == pytest.approx(40 + 30)
    history.add(progress(60, 20))
    assert time_left(run, history) == pytest.approx(40 * 15 / 50 + 30)


def test_the_pace_of_the_epochs_takes_the_place_of_the_guess(run: Run) -> None:
    history = History.of([event("expected", time=0, seconds=30), event("phase", time=0, phase="head")])
    assert time_left(run, history) == 30
    history.add(event("epoch", time=10, epoch=1, seconds=10.0))
    assert time_left(run, history) == pytest.approx(30 + 4, abs=1)
    history.add(event("epoch", time=20, epoch=2, seconds=10.0))
    assert time_left(run, history) == pytest.approx(20 + 4, abs=1)


def test_more_epochs_more_images_and_more_weights_take_longer() -> None:
    small, large = Workload(200, 100, 300), Workload(4000, 1000, 5000)
    fast = preset("fast")
    times = [
        seconds_after_features(small, fast),
        seconds_after_features(large, fast),
        seconds_after_features(large, fast.changed(epochs=100)),
        seconds_after_features(large, fast.changed(epochs=100, pooling="flatten")),
    ]
    assert times == sorted(set(times))
