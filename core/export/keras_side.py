"""Runs model.keras and converts it to LiteRT: `python -m core.export.keras_side FOLDER [litert]`.

Reads `model.keras` and `images.npy`, uint8 (num, size, size, 3), in FOLDER and writes there, one after the other, so
that a crash loses only the files after it:

keras.npy       the probabilities of model.keras, float32 (num, outputs)
model.tflite    the same model for LiteRT
litert.npy      the probabilities of its interpreter
"""

import sys
import warnings
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
    if not litert:
        return
    content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    (folder / "model.tflite").write_bytes(content)
    _write(folder / "litert.npy", interpreted(content, images))


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


def _write(path: Path, rows: Any) -> None:
    """The file appears only when it is complete: the parent process looks for it."""
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        np.save(file, np.asarray(rows, np.float32), allow_pickle=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), litert="litert" in sys.argv[2:])
