"""The predictions of the parts of a bundle, compared with the app's for the same images."""

import json
import math
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ExportError, ImageError
from core.export.load_img import LoadImgComparison, compare_load_img
from core.images.isolated import load_image
from core.inference.classifier import Classifier, Prediction
from core.jobs.process import module_command, module_environment
from core.jobs.progress import Progress
from core.jobs.subprocess_limits import run_bounded
from core.runs.limits import Limits

TOLERANCE = 1e-4
"""The largest accepted difference between two probabilities."""
PREDICT_SECONDS = 120.0
TENSORFLOW_SECONDS = 420.0
"""For importing TensorFlow, loading the model, converting it and running both, on a slow and busy machine."""

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Keras:
    """Result of TensorFlow's process: the largest differences to the app, or the reason why there is none.

    `litert` is the file for the bundle; None where it is left out, and `litert_reason` says why. `load_img` is what
    Keras' own decoder makes of the run's photos.
    """

    difference: float | None
    reason: str
    litert: Path | None
    litert_difference: float | None
    litert_reason: str
    load_img: LoadImgComparison | None = None


def compare_script(
    folder: Path,
    files: tuple[Path, ...],
    expected: list[Prediction | ImageError],
    limits: Limits,
    progress: Progress,
) -> float:
    """Runs the `predict.py` in `folder` in a fresh process on `files`, without access to this project.

    Returns:
        The largest difference between a confidence that it prints and the app's probability of that class, or between
        their distances to the training images.

    Raises:
        ExportError: It fails, differs by more than `TOLERANCE`, or refuses a file that the app
            classifies, or vice versa.
    """
    # -I: no variable, no folder of the user and not this project among the places that modules come from
    command = [sys.executable, "-I", str(folder / "predict.py"), *map(str, files)]
    try:
        # It ends with 1 because some of the files are no images; a crash prints too few lines.
        output = run_bounded(command, PREDICT_SECONDS, lambda: progress("predict", 0, 0), folder=folder, good=(0, 1))
        lines = [json.loads(line) for line in output.splitlines()]
    except (ExportError, ValueError) as error:
        raise _refused(f"predict.py of the bundle fails: {error}") from error
    if [line.get("path") for line in lines] != [str(file) for file in files]:
        raise _refused(f"predict.py gave {len(lines)} predictions for {len(files)} images")
    largest = 0.0
    for line, prediction, file in zip(lines, expected, files, strict=True):
        if isinstance(prediction, ImageError) or "error" in line:
            if not (isinstance(prediction, ImageError) and "error" in line):
                raise _refused(
                    f"predict.py gives {line.get('error') or line.get('label')!r} for {file.name}, unlike the app"
                )
            continue
        probability = prediction.probabilities.get(line["label"], math.nan)
        # Where two classes are nearly equal, either may come first.
        difference = max(abs(line["confidence"] - probability), prediction.confidence - probability)
        if not difference <= TOLERANCE:
            raise _refused(f"predict.py differs by {difference:.2g} in a probability of {file.name}")
        _check_set(line, prediction, limits, file)
        largest = max(largest, difference, _distance_difference(line, prediction, limits, file))
    return largest


def _distance_difference(line: dict[str, Any], prediction: Prediction, limits: Limits, file: Path) -> float:
    """Raises ExportError where the two say something else of the distance or of the image."""
    if prediction.distance is None:
        return 0.0
    difference = abs(float(line.get("distance", math.nan)) - prediction.distance)
    if not difference <= TOLERANCE:
        raise _refused(f"predict.py differs by {difference:.2g} in the distance of {file.name}")
    is_near = abs(prediction.distance - limits.cut) <= TOLERANCE  # either may be beyond the cut
    if line.get("unlike") is not prediction.is_unlike(limits) and not is_near:
        raise _refused(f"predict.py gives unlike {line.get('unlike')!r} for {file.name}, unlike the app")
    return difference


def _check_set(line: dict[str, Any], prediction: Prediction, limits: Limits, file: Path) -> None:
    """Raises ExportError where the two give other sets, but for a class whose probability is the cutoff."""
    likely = prediction.likely(limits)
    differing = set(line.get("set") or ()) ^ set(likely or ())
    cutoff = limits.sets.cutoff if limits.sets else math.nan
    if (likely is None) != ("set" not in line) or not all(
        abs(prediction.probabilities.get(name, math.nan) - cutoff) <= TOLERANCE for name in differing
    ):
        raise _refused(f"predict.py gives the set {line.get('set')!r} for {file.name}, unlike the app")


def compare_keras(
    model: Path,
    classifier: Classifier,
    files: tuple[Path, ...],
    folder: Path,
    progress: Progress,
    *,
    litert: bool,
    photos: tuple[Path, ...] = (),
) -> Keras:
    """Runs model.keras, and LiteRT if `litert`, in a process of its own.

    Args:
        files: Images that can be decoded.
        photos: Images that Keras' `load_img` reads too.
        folder: An empty folder to work in; the LiteRT file stays there.
        progress: Reports the phases "tensorflow", in steps, and "classify", in images.

    Raises:
        ExportError: model.keras differs from the app by more than `TOLERANCE`.
        Cancelled: From `progress`.
    """
    images = np.stack([load_image(file, classifier.image_size, crop=classifier.crop) for file in files])
    expected = classifier.predict(images).astype(np.float64)
    np.save(folder / "images.npy", images, allow_pickle=False)
    wanted = {"crop": classifier.crop, "paths": [str(photo) for photo in photos]}
    (folder / "photos.json").write_text(json.dumps(wanted))
    shutil.copyfile(model, folder / "model.keras")
    names = ["keras.npy", "load_img.npy", *(["model.tflite", "litert.npy"] if litert else [])]
    reason = ""

    def tick() -> None:
        progress("tensorflow", sum((folder / name).is_file() for name in names), len(names))

    try:
        command = module_command("core.export.keras_side", str(folder), "litert" if litert else "keras")
        env = module_environment(TF_CPP_MIN_LOG_LEVEL="2")
        run_bounded(command, TENSORFLOW_SECONDS, tick, env=env)
    except ExportError as error:
        reason = error.received
    difference, litert_difference = (difference_to(folder / name, expected) for name in ("keras.npy", "litert.npy"))
    if difference is not None and not difference <= TOLERANCE:
        raise _refused(f"model.keras differs by {difference:.2g} in a probability")
    passed = litert and litert_difference is not None and litert_difference <= TOLERANCE
    why = ""
    if not passed:
        why = (reason or "it gave no predictions") if litert else "it was not requested"
        if litert_difference is not None:
            why = f"its predictions differ by {litert_difference:.2g} in a probability"
    file = folder / "model.tflite" if passed else None
    load_img = compare_load_img(folder / "load_img.npy", photos, classifier, progress)
    return Keras(difference, reason if difference is None else "", file, litert_difference, why, load_img)


def difference_to(file: Path, expected: Rows) -> float | None:
    """The largest difference to the app, infinite for NaN; None where there are no predictions."""
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
        f"the app's predictions to within {TOLERANCE:g}",
        "The bundle was discarded. This is a bug in Pawlab: please report it, with the run's folder",
    )
