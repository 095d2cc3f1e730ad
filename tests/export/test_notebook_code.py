"""The exported notebook's cells do what the run did: as many steps, the same learning rates, the same temperature."""

from typing import Any

import numpy as np
import pytest

from core.export.notebook_code import temperature, training
from core.runs.settings import preset
from core.runs.temperature import fit_temperature, with_temperature


@pytest.mark.parametrize(("validation_images", "stops"), [(12, 0), (30, 1)])
def test_the_cell_of_fast_makes_its_steps_down_to_a_learning_rate_of_0(
    keras: Any, validation_images: int, stops: int
) -> None:
    config = preset("fast").changed(epochs=2, batch_size=8, min_steps=5)
    keras.utils.set_random_seed(0)  # asked for where another test has made TensorFlow deterministic
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    images, labels = np.random.default_rng(0).random((17, 3), np.float32), np.arange(17) % 2
    data = {"train": (images, labels), "validation": (images[:4], labels[:4])}
    cell = {"keras": keras, "np": np, "model": model, "data": data, "BATCH_SIZE": 8, "EPOCHS": 2}
    exec(training(config, 2, validation_images), cell)
    assert int(model.optimizer.iterations) == 2 * 5, "17 images, twice, in batches of 8"
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-9)
    assert len(cell["callbacks"]) == stops
    assert len(data["train"][1]) == 17, "fine-tuning, which comes next, passes once"


@pytest.mark.parametrize(("copies", "classes"), [(0, 2), (2, 3)])
def test_the_cell_of_temperature_scaling_does_what_the_run_did(keras: Any, copies: int, classes: int) -> None:
    config = preset("fast").changed(copies=copies, augment_validation=True)
    keras.utils.set_random_seed(0)
    last = keras.layers.Dense(1 if classes == 2 else classes, activation="sigmoid" if classes == 2 else "softmax")
    model = keras.Sequential([keras.Input((3,)), last])
    generator = np.random.default_rng(1)
    own = generator.normal(0, 2, (60, 3)).astype(np.float32)
    targets = generator.integers(0, classes, 60)
    images = np.concatenate([own, *[generator.normal(0, 9, own.shape).astype(np.float32)] * copies])
    before = model.predict(own, verbose=0)
    cell = {"np": np, "model": model, "BATCH_SIZE": 8, "COPIES": copies}
    cell["data"] = {"validation": (images, np.tile(targets, 1 + copies))}
    exec(temperature(config), cell)
    expected = fit_temperature(targets, before)
    assert cell["T"] == pytest.approx(expected, rel=1e-3)
    np.testing.assert_allclose(model.predict(own, verbose=0), with_temperature(before, expected), atol=1e-3)
