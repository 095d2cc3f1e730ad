"""The counters that a page shows are those by which training decides, and the time left follows the pace."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.runs.history import History
from core.runs.run import Run
from core.runs.settings import TrainingConfig
from core.training.patience import patience_of, seconds_left
from tests.events import event
from tests.training.test_schedule import KerasModel

# No subnormal numbers: TensorFlow makes this thread take them for 0, which the callbacks then see.
LOSSES = st.lists(st.floats(0, 3, allow_nan=False, width=32, allow_subnormal=False), min_size=1, max_size=25)


def points(losses: list[float]) -> list[dict[str, Any]]:
    best = [loss < min(losses[:number], default=math.inf) for number, loss in enumerate(losses)]
    return [
        event("epoch", epoch=number, val_loss=losses[number - 1], best=best[number - 1])
        for number in range(1, 1 + len(losses))
    ]


@given(losses=LOSSES, stop=st.integers(1, 6), drop=st.integers(1, 5))
def test_a_counter_that_is_full_is_when_keras_stops_and_drops(
    keras: Any, losses: list[float], stop: int, drop: int
) -> None:
    config = TrainingConfig(early_stopping_patience=stop, reduce_lr_patience=drop, reduce_lr_factor=0.5)
    stopping = keras.callbacks.EarlyStopping(monitor="val_loss", mode="min", patience=stop)
    plateau = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", mode="min", patience=drop, factor=0.5)
    model = KerasModel(config.learning_rate)
    for callback in (stopping, plateau):
        callback.set_model(model)
        callback.on_train_begin()
    for number, loss in enumerate(losses, 1):
        before = patience_of(points(losses[: number - 1]), config)
        for callback in (stopping, plateau):
            callback.on_epoch_end(number - 1, {"val_loss": loss})
        now = patience_of(points(losses[:number]), config)
        assert (now.waited, now.plateau_waited) == (stopping.wait, plateau.wait)
        assert now.learning_rate == pytest.approx(float(model.optimizer.learning_rate), rel=1e-9)
        if model.stop_training:
            assert before.waited == stop - 1
            break
        if now.learning_rate < before.learning_rate:
            assert before.plateau_waited == drop - 1


def test_a_run_that_trained_agrees_with_its_own_events(trained: Run) -> None:
    history, config = trained.history(), trained.config
    for number, point in enumerate(history.epochs):
        assert patience_of(history.epochs[:number], config).learning_rate == point["learning_rate"]
    best = history.best
    assert best is not None
    assert patience_of(history.epochs, config).waited == len(history.epochs) - best["epoch"]


def batch(epoch: int, number: int, time: float) -> dict[str, Any]:
    scores = {"loss": 1.0, "accuracy": 0.5}
    return event("batch", epoch=epoch, batch=number, batches=10, time=time, **scores)


def test_the_time_left_is_the_pace_times_what_is_left() -> None:
    history = History()
    assert seconds_left(history, 4) is None
    history.add(batch(1, 1, 100.0))
    assert seconds_left(history, 4) is None
    history.add(batch(1, 5, 104.0))  # a second a batch, 10 an epoch: 40 in all, half an epoch done
    assert seconds_left(history, 4) == pytest.approx(35)
    history.add(event("epoch", epoch=1, seconds=12.0, best=True))
    assert seconds_left(history, 4) == pytest.approx(36)
    history.add(batch(2, 5, 120.0))
    assert seconds_left(history, 4) == pytest.approx(30)
    assert seconds_left(history, 1) == 0


def test_the_second_stage_counts_anew_but_has_to_beat_the_first() -> None:
    config = TrainingConfig(early_stopping_patience=5, reduce_lr_patience=2)
    epochs = points([0.5, 0.3, 0.4, 0.45, 0.35])
    begins = event("fine_tune", epoch=5, layers=20, learning_rate=1e-5)
    now = patience_of(epochs, config, begins)
    assert (now.waited, now.plateau_waited, now.learning_rate) == (1, 1, 1e-5)
    assert patience_of(epochs[:4], config, begins).waited == 0
    assert patience_of([*epochs, *points([0.2] * 6)[5:]], config, begins).waited == 0


def test_the_time_left_of_the_second_stage_is_not_told_by_the_first() -> None:
    history = History.of([{**point, "seconds": 1.0, "best": True} for point in points([0.5, 0.4])])
    history.fine_tune = event("fine_tune", epoch=3, layers=20, learning_rate=1e-5)
    assert seconds_left(history, 5) is None
    history.epochs.append(event("epoch", epoch=3, val_loss=0.3, seconds=30.0))
    assert seconds_left(history, 5) == 60
