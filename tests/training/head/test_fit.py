"""Training the head on features in memory: on few images it learns to its end, and a killed run goes on the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.backbone.rows import SparseRows
from core.runs.settings import TrainingConfig, preset
from core.training.head.fit import fit
from core.training.loop.checkpoint import State
from core.training.loop.epochs import Features, TrainingCallbacks

WIDTH = 400
FAST = preset("fast").changed(units=64, copies=0)


class Rows:
    """As much of a `FeatureArray` as training reads: two classes, alike but in a tenth of their features."""

    def __init__(self, images: int, seed: int) -> None:
        generator = np.random.default_rng(seed)
        self.width, self.rows = WIDTH, images
        self.labels: NDArray[np.int64] = np.arange(images) % 2
        self._dense = np.maximum(generator.normal(0.4, 0.6, (images, WIDTH)), 0).astype(np.float32)
        self._dense[self.labels == 1, : WIDTH // 10] += 0.8

    def read(self, rows: NDArray[np.int64]) -> SparseRows:
        return SparseRows.of(self._dense[rows])


def train(
    directory: Path, config: TrainingConfig, validation: Rows, stop_after: int = 1000
) -> tuple[State, list[dict[str, Any]]]:
    """Trains on 16 images; stops where so many epochs have ended."""
    events: list[dict[str, Any]] = []
    callbacks = TrainingCallbacks(
        lambda kind, **fields: events.append({"event": kind, **fields}),
        lambda: sum(event["event"] == "epoch" for event in events) >= stop_after,
    )
    features = Features(Rows(16, 1), validation)  # type: ignore[arg-type]
    return fit(directory, features, 2, config, callbacks), events


def scores(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The epochs, without their times."""
    return [
        {name: value for name, value in event.items() if name != "seconds"}
        for event in events
        if event["event"] == "epoch"
    ]


def test_on_few_images_fast_learns_and_the_notebooks_schedule_does_not(tmp_path: Path) -> None:
    """An epoch of 16 images is one step: ten of them leave BatchNormalization's averages at a tenth of their way."""
    held_out = Rows(400, 2)
    _, fast = train(tmp_path / "fast", FAST, held_out)
    _, short = train(tmp_path / "short", FAST.changed(min_steps=0, schedule="plateau"), held_out)
    assert scores(fast)[-1]["val_accuracy"] > 0.9
    assert max(epoch["val_accuracy"] for epoch in scores(short)) < scores(fast)[-1]["val_accuracy"] - 0.05


@pytest.mark.parametrize(("images", "schedule"), [(29, "cosine"), (30, "cosine"), (29, "plateau")])
def test_fewer_than_thirty_validation_images_choose_no_epoch(tmp_path: Path, images: int, schedule: str) -> None:
    """Validation labels are the wrong ones, so that the loss grows once the head has learned something."""
    config = FAST.changed(schedule=schedule, min_steps=50, epochs=4, l2=0.0, early_stopping_patience=2)
    validation = Rows(images, 3)
    validation.labels = 1 - validation.labels
    state, events = train(tmp_path, config, validation)
    chooses = images >= 30 or schedule == "plateau"
    assert state.best is not None
    assert (state.best.epoch < 3) if chooses else (state.best.epoch == state.epoch == 4)
    assert events[0] == {"event": "start", "epoch": 1, "chooses": chooses}
    assert all(epoch["best"] for epoch in scores(events)) is not chooses


@pytest.mark.parametrize("schedule", ["cosine", "plateau"])
def test_a_resumed_run_has_the_history_of_one_that_was_not_stopped(tmp_path: Path, schedule: str) -> None:
    config, validation = FAST.changed(schedule=schedule, epochs=5), Rows(40, 4)
    state, whole = train(tmp_path / "whole", config, validation)
    train(tmp_path / "stopped", config, validation, stop_after=2)
    resumed, rest = train(tmp_path / "stopped", config, validation)
    assert rest[0]["epoch"] > 1, "it went on from a checkpoint"
    assert scores(rest) == scores(whole)[rest[0]["epoch"] - 1 :]
    assert state.best is not None
    assert resumed.best is not None
    assert resumed.best.weights["hidden_kernel"].tobytes() == state.best.weights["hidden_kernel"].tobytes()


def test_with_cosine_decay_the_learning_rate_falls_in_every_epoch_to_about_nothing(tmp_path: Path) -> None:
    _, events = train(tmp_path, FAST.changed(epochs=4), Rows(30, 5))
    rates = [epoch["learning_rate"] for epoch in scores(events)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] < FAST.learning_rate
    assert rates[-1] < 1e-3 * FAST.learning_rate
    assert not [event for event in events if event["event"] == "reduce_lr"]
    assert sum(event["event"] == "batch" for event in events) == 4 * 50
