"""What the parts of a bundle answer, beside what the app answers to the same pictures."""

import json
import math
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ExportError, ImageError
from core.export.bounded import run_bounded
from core.images import load_image
from core.inference.classifier import Answer, Classifier
from core.progress import Progress

TOLERANCE = 1e-4
"""The largest difference in a probability that is let through."""
PREDICT_SECONDS = 120.0
TENSORFLOW_SECONDS = 420.0
"""For importing TensorFlow, loading the model, converting it and asking both, on a slow and busy machine."""

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Keras:
    """What came out of TensorFlow's process: the largest differences to the app, or the reason why there is none.

    `litert` is the file to put into the bundle; None where it is left out, and `litert_reason` says why.
    """

    difference: float | None
    reason: str
    litert: Path | None
    litert_difference: float | None
    litert_reason: str


def compare_script(folder: Path, files: tuple[Path, ...], expected: list[Answer | ImageError], tell: Progress) -> float:
    """Runs the `predict.py` in `folder` in a fresh process on `files`, without this project in reach.

    Returns:
        The largest difference of a confidence that it prints to the app's probability of that class.

    Raises:
        ExportError: It fails, differs by more than `TOLERANCE`, or answers where the app refuses or vice versa.
    """
    # -I: no variable, no folder of the user and not this project among the places that modules come from
    command = [sys.executable, "-I", str(folder / "predict.py"), *map(str, files)]
    try:
        said = run_bounded(command, PREDICT_SECONDS, lambda: tell("predict", 0, 0), folder=folder)
        lines = [json.loads(line) for line in said.splitlines()]
    except (ExportError, ValueError) as error:
        raise _refused(f"predict.py of the bundle does not run: {error}") from error
    if [line.get("path") for line in lines] != [str(file) for file in files]:
        raise _refused(f"predict.py gave {len(lines)} answers to {len(files)} pictures")
    largest = 0.0
    for line, answer, file in zip(lines, expected, files, strict=True):
        if isinstance(answer, ImageError) or "error" in line:
            if not (isinstance(answer, ImageError) and "error" in line):
                raise _refused(
                    f"predict.py says {line.get('error') or line.get('label')!r} of {file.name}, the app not"
                )
            continue
        probability = answer.probabilities.get(line["label"], math.nan)
        # Where two classes are as good as equal, either may be called the most probable one.
        difference = max(abs(line["confidence"] - probability), answer.confidence - probability)
        if not difference <= TOLERANCE:
            raise _refused(f"predict.py differs by {difference:.2g} in a probability of {file.name}")
        largest = max(largest, difference)
    return largest


def compare_keras(
    model: Path, classifier: Classifier, files: tuple[Path, ...], folder: Path, litert: bool, tell: Progress
) -> Keras:
    """Asks model.keras, and LiteRT where it is wanted, in a process of TensorFlow's own.

    Args:
        files: Pictures that decode.
        folder: An empty one to work in; the LiteRT file stays there.
        tell: Told of the phase "tensorflow", in steps.

    Raises:
        ExportError: model.keras differs from the app by more than `TOLERANCE`.
        Cancelled: From `tell`.
    """
    images = np.stack([load_image(file, classifier.image_size) for file in files])
    expected = classifier.predict(images).astype(np.float64)
    np.save(folder / "images.npy", images, allow_pickle=False)
    shutil.copyfile(model, folder / "model.keras")
    names = ["keras.npy", "model.tflite", "litert.npy"] if litert else ["keras.npy"]
    reason = ""
    try:
        command = [sys.executable, "-m", "core.export.keras_side", str(folder), "litert" if litert else "keras"]
        env = {"TF_CPP_MIN_LOG_LEVEL": "2"}
        run_bounded(command, TENSORFLOW_SECONDS, lambda: tell("tensorflow", _count(folder, names), len(names)), env=env)
    except ExportError as error:
        reason = error.received
    found, found_litert = (difference_to(folder / name, expected) for name in ("keras.npy", "litert.npy"))
    if found is not None and not found <= TOLERANCE:
        raise _refused(f"model.keras differs by {found:.2g} in a probability")
    passed = litert and found_litert is not None and found_litert <= TOLERANCE
    why = ""
    if not passed:
        why = (reason or "it gave no answers") if litert else "it was not asked for"
        if found_litert is not None:
            why = f"its answers differ by {found_litert:.2g} in a probability"
    return Keras(found, reason if found is None else "", folder / "model.tflite" if passed else None, found_litert, why)


def _count(folder: Path, names: list[str]) -> int:
    return sum((folder / name).is_file() for name in names)


def difference_to(file: Path, expected: Rows) -> float | None:
    """The largest difference to the app; None where there are no answers. NaN is infinitely far."""
    try:
        rows = np.load(file, allow_pickle=False).astype(np.float64)
    except (OSError, ValueError):
        return None
    rows = np.concatenate([1 - rows, rows], axis=1) if rows.shape[1] == 1 else rows
    difference = float(np.abs(rows - expected).max()) if rows.shape == expected.shape else float("inf")
    return difference if np.isfinite(difference) else float("inf")


def _refused(received: str) -> ExportError:
    return ExportError(
        received,
        f"the app's answers to within {TOLERANCE:g}",
        "The bundle is not offered. Report this with the run's folder: it is a bug in Pawlab",
    )
