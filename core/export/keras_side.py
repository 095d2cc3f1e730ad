"""Runs model.keras and converts it to LiteRT: `python -m core.export.keras_side FOLDER [litert]`.

Reads `model.keras`, `images.npy`, uint8 (num, size, size, 3), and `photos.json`, their crop and a list of paths, in
FOLDER and writes there, one after the other, so that a crash loses only the files after it:

keras.npy       the probabilities of model.keras, float32 (num, outputs)
load_img.npy    the photos as Keras' `load_img` reads them, uint8 (photos, size, size, 3); black where it cannot
model.tflite    the same model for LiteRT
litert.npy      the probabilities of its interpreter
"""

import json
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from core.storage.files import atomic_file

BATCH = 4  # images at once: eager activations of more would be the peak of memory


def main(folder: Path, *, litert: bool) -> None:
    images = np.load(folder / "images.npy", allow_pickle=False).astype(np.float32)
    model = keras.models.load_model(folder / "model.keras", compile=False, safe_mode=True)
    batches = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
    _write(folder / "keras.npy", np.concatenate([np.asarray(model(batch, training=False)) for batch in batches]))
    photos = json.loads((folder / "photos.json").read_text())
    _write(folder / "load_img.npy", read_photos(photos["paths"], images.shape[1], photos["crop"]))
    if not litert:
        return
    content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    (folder / "model.tflite").write_bytes(content)
    _write(folder / "litert.npy", interpreted(content, images))


def read_photos(paths: Sequence[str], size: int, crop: str) -> NDArray[np.uint8]:
    photos = np.zeros((len(paths), size, size, 3), np.uint8)
    keep = crop == "center"
    for photo, path in zip(photos, paths, strict=True):
        with suppress(OSError, ValueError):  # a format that it does not read
            photo[:] = keras.utils.load_img(
                path, target_size=(size, size), interpolation="bilinear", keep_aspect_ratio=keep
            )
    return photos


def interpreted(content: bytes, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """The predictions of TensorFlow's interpreter with its default set-up, one image at a time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it will move to another package
        interpreter: Any = tf.lite.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    (entry,), (exit_,) = interpreter.get_input_details(), interpreter.get_output_details()
    rows = []
    for image in images:
        interpreter.set_tensor(entry["index"], image[np.newaxis])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(exit_["index"])[0].copy())
    return np.array(rows, np.float32)


def _write(path: Path, array: NDArray[Any]) -> None:
    """The file appears only when it is complete: the parent process looks for it."""
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        np.save(file, array, allow_pickle=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), litert="litert" in sys.argv[2:])
