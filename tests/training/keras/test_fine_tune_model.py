"""The last layers in Keras: that they answer and learn like the whole network, with the whole network as the oracle."""

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from core.backbone.architecture import IMAGE
from core.backbone.graph import base_graph
from core.runs.fine_tuning import FineTuning, FineTuningConfig
from core.runs.settings import Pooling, TrainingConfig
from core.runs.temperature import fold
from core.training.head.head import Head
from core.training.keras.fine_tune_fit import fine_tune, first_state
from core.training.loop.checkpoint import Best
from core.training.loop.epochs import Features, TrainingCallbacks
from tests.backbone.weight_files import real_weights

# of Keras reading its own variables under NumPy 2
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIDE, IMAGES = 64, 8
Images = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


class Maps:
    """Features in memory, read like those on disk."""

    def __init__(self, maps: Images, labels: list[int]) -> None:
        self._maps, self.labels, self.rows = maps.reshape(len(maps), -1), np.array(labels), len(maps)

    def read(self, rows: Any) -> Any:
        from core.backbone.rows import SparseRows

        return SparseRows.of(self._maps[rows])


def images() -> Images:
    return np.random.default_rng(1).integers(0, 256, (IMAGES, SIDE, SIDE, 3)).astype(np.float32)


def classifier(folder: Path, pooling: Pooling, classes: int) -> tuple[Path, TrainingConfig]:
    """A saved classifier with a head that has not learned, but whose normalisation is not the identity."""
    from core.training.keras.model import build_classifier

    config = TrainingConfig(image_size=SIDE, pooling=pooling, units=16, dropout=0.0, batch_size=IMAGES)
    inputs = 1280 * (4 if pooling == "flatten" else 1)
    head = Head(inputs, classes, config.units, config.l2, config.dropout, seed=0).weights()
    draw = np.random.default_rng(zlib.crc32(pooling.encode()))
    for name in ("gamma", "beta", "moving_mean", "moving_variance"):
        head[name] = draw.uniform(0.5, 2, config.units).astype(np.float32)
    path = folder / "model.keras"
    build_classifier(real_weights().arrays, head, config).save(path)
    return path, config


def maps_of(settings: FineTuningConfig) -> Images:
    session = onnxruntime.InferenceSession(base_graph(real_weights().arrays, settings.blocks).SerializeToString())
    maps: Images = session.run(None, {IMAGE: images()})[0]
    return maps


@pytest.mark.parametrize(("layers", "pooling", "classes"), [(20, "flatten", 3), (150, "average", 2)])
def test_it_begins_as_the_whole_model_and_one_step_changes_it_as_the_whole_would(
    tmp_path: Path, layers: int, pooling: Pooling, classes: int
) -> None:
    import keras

    from core.training.keras.fine_tune_model import LastLayers
    from core.training.keras.model import base_of, unfreeze

    path, config = classifier(tmp_path, pooling, classes)
    settings = FineTuningConfig(layers=layers, learning_rate=1e-3)
    labels = np.arange(IMAGES) % classes
    ours, maps = LastLayers(path, config, settings), maps_of(settings)
    whole = keras.models.load_model(path)
    unfreeze(base_of(whole), layers)
    whole.get_layer("normalization").trainable = False
    _, predictions = ours.evaluate(maps, labels)
    np.testing.assert_allclose(predictions, np.asarray(whole(images(), training=False)), atol=1e-4)

    before = {weight.path: np.array(weight) for weight in whole.weights}
    kind = "binary_crossentropy" if classes == 2 else "sparse_categorical_crossentropy"
    whole.compile(keras.optimizers.SGD(1e-3), kind, run_eagerly=True)  # one step: compiling it would take longest
    ours.begin_epoch(0, 1, 1e-3)
    ours._optimizer = keras.optimizers.SGD(1e-3)  # Adam's first step only has a sign: it would hide a wrong gradient
    ours._optimizer.build(ours._tail.trainable_variables)
    loss = whole.train_on_batch(images(), labels)
    batch = ours.step(maps, labels)
    assert batch.crossentropy + batch.penalty == pytest.approx(float(loss), rel=1e-3)
    theirs = {f"{layer.name}/{weight.name}": weight for layer in base_of(whole).layers for weight in layer.weights}
    moved = 0
    for layer in ours.base.layers:
        for weight in layer.weights:
            name = f"{layer.name}/{weight.name}"
            start, now = before[theirs[name].path], np.array(weight)
            step = np.abs(np.array(theirs[name]) - start).max()
            assert np.abs(now - np.array(theirs[name])).max() <= 0.02 * step + 1e-7, name
            moved += bool(step)
    assert moved == len([name for name in ours.weights() if "/" in name]) >= 1


def test_steps_that_go_much_too_far_leave_the_first_stage_as_the_best(tmp_path: Path) -> None:
    from core.training.keras.fine_tune_model import LastLayers

    path, config = classifier(tmp_path, "average", 2)
    settings = FineTuningConfig(layers=3, epochs=2, learning_rate=1.0)
    layers = LastLayers(path, config, settings)
    maps = Maps(maps_of(settings), [row % 2 for row in range(IMAGES)])
    score, predictions = layers.evaluate(maps_of(settings), maps.labels)
    start = Best(4, layers.weights(), predictions)
    loss = score.crossentropy + score.penalty
    events: list[dict[str, Any]] = []
    callbacks = TrainingCallbacks(lambda event, **fields: events.append({"event": event, **fields}), lambda: False)
    state = first_state(config, FineTuning(run="first", name="first", epochs=7, settings=settings), start, loss)
    features: Any = maps
    state = fine_tune(tmp_path, layers, Features(features, features), config, state, 9, callbacks)
    epochs = [event for event in events if event["event"] == "epoch"]
    assert [event["epoch"] for event in epochs] == [8, 9]
    assert all(event["val_loss"] > loss and not event["best"] for event in epochs)
    assert state.best is not None
    assert state.best.epoch == 4
    assert any(np.abs(layers.weights()[name] - start.weights[name]).max() > 0.1 for name in start.weights)


def test_a_scaled_model_takes_the_same_first_step_as_the_unscaled_one(tmp_path: Path) -> None:
    import keras

    from core.training.keras.fine_tune_model import LastLayers

    path, config = classifier(tmp_path, "average", 3)
    model = keras.models.load_model(path)
    last = model.get_layer("probabilities")
    names = ("output_kernel", "output_bias")
    last.set_weights(list(fold(dict(zip(names, last.get_weights(), strict=True)), 1.7).values()))
    model.save(scaled := tmp_path / "scaled.keras")
    settings = FineTuningConfig(layers=3, learning_rate=1e-3)
    labels, maps = np.arange(IMAGES) % 3, maps_of(settings)
    starts: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    for file, temperature in ((path, 1.0), (scaled, 1.7)):
        layers = LastLayers(file, config, settings, temperature)
        layers.begin_epoch(0, 1, 1e-3)
        layers._optimizer = keras.optimizers.SGD(1.0)  # Adam's first step only has a sign
        layers._optimizer.build(layers._tail.trainable_variables)
        starts.append(layers.weights())
        layers._trained(maps, labels)  # as it is: compiling it would take longest
        steps.append({name: values - starts[-1][name] for name, values in layers.weights().items()})
    for name, values in starts[0].items():
        np.testing.assert_allclose(starts[1][name], values, rtol=1e-6, err_msg=name)
        np.testing.assert_allclose(steps[1][name], steps[0][name], atol=1e-5, err_msg=name)
    assert np.abs(steps[0]["output_kernel"]).max() > 1e-3
