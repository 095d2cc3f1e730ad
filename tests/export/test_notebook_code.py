"""The exported notebook's training cell does what the run did: as many steps, and the same learning rates."""

from typing import Any

import numpy as np
import pytest

from core.export.notebook_code import training
from core.runs.settings import preset


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
