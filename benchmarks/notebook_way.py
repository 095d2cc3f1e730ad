"""The teaching notebook as a script: the peer of benchmarks/recipe.py, in a process of its own.

    python -m benchmarks.notebook_way ZIP WEIGHTS.npz OUT.keras EPOCHS TIMED_EPOCHS

Extracts the zip, decodes every image into arrays with ImageDataGenerator, draws the augmented copies once and adds
them, trains the whole network (base frozen) with `model.fit`, saves it. Only TIMED_EPOCHS are trained; the rest are
counted as long as the last one, and the output says so.
"""

import json
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

STARTED = time.perf_counter()

import keras  # noqa: E402
import numpy as np  # noqa: E402

SIZE, BATCH = 160, 32


def arrays(folder: Path, copies: bool) -> tuple[Any, Any]:
    """Every image of a split, and one augmented copy of each, scaled to 0..1."""
    image = keras.src.legacy.preprocessing.image.ImageDataGenerator
    plain = image(rescale=1 / 255)
    moving = image(
        rescale=1 / 255,
        rotation_range=40,
        width_shift_range=0.2,
        height_shift_range=0.2,
        shear_range=20,
        zoom_range=0.2,
    )
    features, labels = [], []
    for generator in (plain, moving) if copies else (plain,):
        flow = generator.flow_from_directory(
            str(folder), target_size=(SIZE, SIZE), batch_size=BATCH, class_mode="binary", shuffle=False
        )
        for number in range(len(flow)):
            images, classes = flow[number]
            features.append(images)
            labels.append(classes)
    return np.concatenate(features), np.concatenate(labels)


def build(weights: Path) -> Any:
    base = keras.applications.MobileNetV2(input_shape=(SIZE, SIZE, 3), include_top=False, weights=None)
    with np.load(weights, allow_pickle=False) as stored:
        for layer in base.layers:
            layer.set_weights([stored[f"{layer.name}/{weight.name}"] for weight in layer.weights])
    base.trainable = False
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            keras.layers.Rescaling(2, offset=-1),
            base,
            keras.layers.Flatten(),
            keras.layers.Dense(512, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01)),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-4), "binary_crossentropy", metrics=["accuracy"])
    return model


class Clock(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epochs.append(time.perf_counter() - self.began)


def main(archive: Path, weights: Path, out: Path, epochs: int, timed: int) -> None:
    clock = Clock()
    phases = {"imports": time.perf_counter() - STARTED}
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with zipfile.ZipFile(archive) as file:
            file.extractall(folder)
        root = next(Path(folder).rglob("train")).parent
        train = arrays(root / "train", copies=True)
        validation = arrays(root / "validation", copies=False)
        phases["decode"] = time.perf_counter() - began
        model = build(weights)
        callbacks = [
            keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True),
            keras.callbacks.ReduceLROnPlateau(patience=2, factor=0.2),
            clock,
        ]
        history = model.fit(
            *train, batch_size=BATCH, epochs=timed, validation_data=validation, callbacks=callbacks, verbose=0
        )
        began = time.perf_counter()
        model.save(out)
        phases["save"] = time.perf_counter() - began
    phases["fit"] = sum(clock.epochs) + (epochs - timed) * clock.epochs[-1]
    accuracy = history.history["val_accuracy"][-1]
    print(json.dumps({"phases": phases, "epochs": clock.epochs, "val_accuracy_of_timed_epochs": accuracy}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
