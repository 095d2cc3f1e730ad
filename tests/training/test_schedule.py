"""EarlyStopping and ReduceLROnPlateau make the decisions of Keras' own callbacks, and survive a checkpoint."""

import json
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.training.schedule import CosineDecay, EarlyStopping, ReduceLROnPlateau, num_passes, num_steps

FINITE = st.floats(0, 3, allow_nan=False, width=32, allow_subnormal=False)
LOSSES = st.lists(FINITE | st.just(float("nan")), min_size=1, max_size=30)


class KerasModel:
    """As much of a Keras model as the two callbacks touch."""

    def __init__(self, learning_rate: float) -> None:
        self.optimizer = SimpleNamespace(learning_rate=learning_rate)
        self.stop_training = False
        self.metrics: list[object] = []

    def get_weights(self) -> list[object]:
        return []


@given(losses=LOSSES, patience=st.integers(0, 6))
def test_early_stopping_stops_when_keras_does(keras: Any, losses: list[float], patience: int) -> None:
    theirs = keras.callbacks.EarlyStopping(monitor="val_loss", mode="min", patience=patience, restore_best_weights=True)
    theirs.set_model(KerasModel(1e-3))
    theirs.on_train_begin()
    ours = EarlyStopping(patience)
    for epoch, loss in enumerate(losses, 1):
        theirs.on_epoch_end(epoch - 1, {"val_loss": loss})
        ours.update(epoch, loss)
        assert ours.stop == theirs.model.stop_training
        assert ours.best_epoch == theirs.best_epoch + 1
        if ours.stop:
            break


@given(losses=LOSSES, patience=st.integers(0, 5), factor=st.floats(0.1, 0.9))
def test_the_learning_rate_drops_when_keras_lowers_it(
    keras: Any, losses: list[float], patience: int, factor: float
) -> None:
    theirs = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", mode="min", patience=patience, factor=factor)
    theirs.set_model(KerasModel(1e-3))
    theirs.on_train_begin()
    ours = ReduceLROnPlateau(patience, factor, 1e-3)
    for epoch, loss in enumerate(losses, 1):
        theirs.on_epoch_end(epoch - 1, {"val_loss": loss})
        ours.update(loss)
        assert ours.learning_rate == pytest.approx(float(theirs.model.optimizer.learning_rate), rel=1e-9)


@given(losses=LOSSES, cut=st.integers(0, 30))
def test_counters_survive_being_saved_as_json(losses: list[float], cut: int) -> None:
    whole, resumed = EarlyStopping(3), EarlyStopping(3)
    whole_lr, resumed_lr = ReduceLROnPlateau(2, 0.5, 1e-3), ReduceLROnPlateau(2, 0.5, 1e-3)
    for epoch, loss in enumerate(losses, 1):
        if epoch == cut:
            resumed = EarlyStopping(**json.loads(json.dumps(asdict(resumed))))
            resumed_lr = ReduceLROnPlateau(**json.loads(json.dumps(asdict(resumed_lr))))
        for stopper in (whole, resumed):
            stopper.update(epoch, loss)
        for plateau in (whole_lr, resumed_lr):
            plateau.update(loss)
    assert repr(whole) == repr(resumed)
    assert repr(whole_lr) == repr(resumed_lr)


@given(epochs=st.integers(1, 50), steps=st.integers(1, 40), at=st.floats(0, 1), rate=st.floats(1e-6, 1))
def test_cosine_decay_is_that_of_keras(keras: Any, epochs: int, steps: int, at: float, rate: float) -> None:
    step = round(at * epochs * steps)
    theirs = keras.optimizers.schedules.CosineDecay(rate, epochs * steps)(step)
    ours = CosineDecay(rate, epochs).rate(step // steps + step % steps / steps)
    assert ours == pytest.approx(float(theirs), rel=1e-4, abs=1e-6 * rate)


@given(rows=st.integers(1, 500), batch_size=st.integers(1, 64), min_steps=st.integers(0, 100))
def test_an_epoch_has_its_steps_in_no_more_passes_than_that_takes(rows: int, batch_size: int, min_steps: int) -> None:
    passes = num_passes(rows, batch_size, min_steps)
    steps = num_steps(rows, batch_size, min_steps)
    assert steps == -(-passes * rows // batch_size) >= min_steps
    assert passes == 1 or -(-(passes - 1) * rows // batch_size) < min_steps
