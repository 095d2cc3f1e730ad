"""Pawlab for notebooks and scripts: `import pawlab`, then `pawlab.train("sample")`.

Nothing here prints. A failure is an exception from `core.errors` that says what was received, what was expected and how
to fix it. Runs are those of the app and of the command line: what one starts, the others show.
"""

import hashlib
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from core.datasets import Dataset, open_dataset
from core.datasets.source import resolve_source
from core.errors import ConfigError, ImageError, PawlabError
from core.jobs.progress import Progress, silent
from core.runs.run import Run
from core.runs.store import find_run as load_run

if TYPE_CHECKING:
    from core.datasets.quality.report import Report
    from core.evaluation.predictions import Predictions
    from core.evaluation.splits import SplitSummary
    from core.export.bundle import Bundle
    from core.images.crop import Crop
    from core.inference.classifier import Prediction

ImageLike = str | Path | NDArray[np.uint8] | Image.Image
"""A file's path; uint8 (height, width, 3), RGB, or (height, width), grey, 0..255; or a PIL image of any mode."""

__all__ = [
    "augment",
    "evaluate",
    "export",
    "find_problems",
    "load_run",
    "open_dataset",
    "predict",
    "train",
    "validation_predictions",
]


def train(
    source: str | Path | Dataset,
    *,
    preset: str = "notebook",
    name: str = "",
    progress: Progress = silent,
    on_epoch_end: Callable[[int, dict[str, float]], object] = lambda epoch, logs: None,
    **settings: Any,
) -> Run:
    """Train a classifier and wait for it. Other runs that are at work or wait come first.

    The training has a process of its own. An exception from a callback, or Ctrl-C, stops it and is raised again at
    once; meanwhile the best model so far is saved, and `load_run` finds it.

    Args:
        source: As `open_dataset` takes it, or a dataset that it gave.
        preset: "notebook" (Flatten, as taught) or "fast" (average pooling, 25 times fewer weights).
        name: A name for the run, made up when left out.
        progress: Called as `progress(phase, done, total)` while images are scanned and features extracted.
        on_epoch_end: Called as Keras calls it, with the epoch from 1 and its loss, accuracy, val_loss, val_accuracy
            and learning_rate.
        settings: Any field of `TrainingConfig`, such as `epochs=5`, `seed=1` or
            `augmentation={"rotation_range": 20}`.

    Raises:
        ConfigError: A setting is unknown or out of its range.
        DatasetError: The source holds no dataset to train on.
        PawlabError: The training failed, or its process died.

    Example:
        >>> run = train("sample", preset="fast", name="first try", epochs=2, image_size=96)
        >>> run.status()
        'finished'
    """
    from core.datasets.loading import prepare_source
    from core.runs.follow import follow_events
    from core.runs.history import History
    from core.runs.run import create_run
    from core.runs.settings import preset as preset_named
    from core.runs.start import reason, start_run, wait_until_gone

    if preset not in ("notebook", "fast"):
        raise ConfigError(f"Received {preset!r} for preset", "notebook or fast")
    config = preset_named("fast" if preset == "fast" else "notebook").changed(**settings)
    resolved = source.source if isinstance(source, Dataset) else resolve_source(source)
    run = create_run(prepare_source(resolved, progress), config, name or preset)
    start_run(run)
    history = History()
    try:
        for event in follow_events(run):
            history.add(event)
            if event["event"] == "progress":
                progress(event["phase"], event["done"], event["total"])
            elif event["event"] == "epoch":
                keys = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
                on_epoch_end(event["epoch"], {key: event[key] for key in keys})
    except BaseException:
        run.cancel()
        raise
    wait_until_gone(run)
    if run.status() != "finished" and not run.has_model():
        raise (ConfigError if history.bad_input else PawlabError)(reason(run, history))
    return run


def find_problems(dataset: Dataset, progress: Progress = silent) -> "Report":
    """Everything that is wrong with a dataset: leaks, label conflicts, exact and near duplicates, damaged or odd files.

    Args:
        dataset: From `open_dataset`.
        progress: Called as `progress(phase, done, total)`.

    Returns:
        A report whose `rows` have a `title`, a `why`, their `records` and a `count`; `report.row("leaks")` is one.

    Example:
        >>> dataset = open_dataset("sample")
        >>> dataset.counts()["validation"]
        {'cats': 80, 'dogs': 80}
        >>> find_problems(dataset).row("leaks").count
        0
    """
    from core.datasets.quality.report import make_report

    return make_report(dataset, progress)


def augment(
    image: ImageLike,
    copies: int = 1,
    *,
    image_size: int = 160,
    crop: "Crop" = "squeeze",
    seed: int = 0,
    **changes: Any,
) -> np.ndarray:
    """Augmented copies of one image, drawn as training draws them.

    Args:
        image: A path, an array or a PIL image.
        copies: How many, 1 or more.
        image_size: Side of the square that the image is resized to first, in pixels.
        crop: "squeeze", which keeps the whole image and distorts it, or "center", the largest centred square.
        seed: The same seed, image and changes give the same copies.
        changes: Fields of `AugmentationConfig`, which has the names of Keras' ImageDataGenerator; what is not named
            does not happen.

    Returns:
        uint8 (copies, image_size, image_size, 3), RGB, 0..255.

    Raises:
        ConfigError: A change is unknown or out of its range.
        ImageError: The image cannot be decoded.

    Example:
        >>> dataset = open_dataset("sample")
        >>> photo = dataset.file(dataset.records[0])
        >>> augment(photo, copies=4, rotation_range=20, horizontal_flip=True).shape
        (4, 160, 160, 3)
    """
    from core.augmentation import augment as augmented
    from core.augmentation import preset
    from core.images.crop import Crop
    from core.images.isolated import load_image

    if copies < 1:
        raise ConfigError(f"Received {copies} for copies", "1 or more")
    if crop not in get_args(Crop):
        raise ConfigError(f"Received {crop!r} for crop", " or ".join(get_args(Crop)))
    config = preset("none").changed(**changes)
    square = load_image(_content(image), image_size, crop=crop)
    digest = hashlib.sha256(square.tobytes()).hexdigest()
    return np.stack([augmented(square, config, seed, digest, copy)[0] for copy in range(copies)])


def predict(run: Run, images: Iterable[ImageLike]) -> "list[Prediction]":
    """The run's predictions, on all cores.

    Args:
        run: A run with a model, from `train` or `load_run`.
        images: Paths, arrays and PIL images, of any size.

    Returns:
        For each image, in order, a prediction with its `label`, `confidence`, 0..1, `probabilities` by class, and
        `distance` to the run's training images, 0..1 (None for a run from before version 0.2).

    Raises:
        RunError: The run has no model.
        ImageError: An image cannot be decoded; the message says which.

    Example:
        >>> run = load_run("first try")
        >>> dogs = [dataset.file(record) for record in dataset.usable("validation") if record.label == "dogs"]
        >>> labels = [prediction.label for prediction in predict(run, dogs)]
        >>> labels.count("dogs") > labels.count("cats")
        True
        >>> predict(run, [np.zeros((480, 640, 3), np.uint8)])[0].confidence > 0.5
        True
    """
    from core.inference.classifier import Classifier

    if isinstance(images, str | Path | Image.Image | np.ndarray):
        raise ConfigError(f"Received one {type(images).__name__} for images", "a list", "Put it into brackets")
    predictions: list[Prediction] = []
    for number, prediction in enumerate(Classifier.open(run).classify_all(map(_content, images)), 1):
        if isinstance(prediction, ImageError):
            raise ImageError(f"Image {number}: {prediction.received}", prediction.expected, "Leave it out")
        predictions.append(prediction)
    return predictions


def evaluate(run: Run, on: str | Path = "validation", *, progress: Progress = silent) -> "SplitSummary":
    """The run's scores on labelled images, each as a `value` with its 95% confidence interval, `low` to `high`.

    Args:
        run: A run with a model.
        on: "validation", "test", or other labelled images as `open_dataset` takes them, all of which count. Their
            classes are the run's of the same name. A folder that is called test is `Path("test")`.
        progress: Called as `progress(phase, done, total)`.

    Returns:
        `accuracy`, `macro_f1`, `calibration_error` and `top_k` (by k, where there are more than five classes); for each
        of `classes` its `scores` (precision, recall), `f1`, `roc_area` and `average_precision`; `clean`, the `accuracy`
        without images that the run was trained on too, and how many `leaks` there are (None where that is not known);
        `notes`, what was left out or is missing, in sentences; and `predictions`, as `validation_predictions` has them.

    Raises:
        RunError: The run has no model.
        DatasetError: There is no such split or source, or none of its classes is the run's.

    Example:
        >>> accuracy = evaluate(run).accuracy
        >>> accuracy.low < accuracy.value <= accuracy.high
        True
        >>> evaluate(run, dataset.root / "validation").clean.leaks
        0
    """
    from core.evaluation.splits import evaluate_on

    return evaluate_on(run, on, progress)


def validation_predictions(run: Run) -> "Predictions":
    """What the run predicted for each validation image, for scores of your own.

    Returns:
        `labels`, int64 (images,); `probabilities`, float64 (images, classes), 0..1; `classes`, their names; and
        `matrix()`, the confusion matrix, int64 (classes, classes), true classes in rows.

    Raises:
        RunError: The run has no model.

    Example:
        >>> predictions = validation_predictions(run)
        >>> predictions.probabilities.shape
        (160, 2)
        >>> int(predictions.matrix().sum())
        160
    """
    from core.evaluation.predictions import load_predictions

    return load_predictions(run)


def export(run: Run, target: str | Path, *, litert: bool = True, progress: Progress = silent) -> "Bundle":
    """Write a run as one zip that works without Pawlab, and try it out in fresh processes first.

    Args:
        run: A run with a model.
        target: The zip to write; one that stands there is replaced.
        litert: Whether to try for a LiteRT file too, which takes half a minute.
        progress: Called as `progress(phase, done, total)`.

    Returns:
        What the bundle holds, and how far its predictions are from the app's at most.

    Raises:
        RunError: The run has no model.
        ExportError: The exported model does not give the app's predictions; nothing is written.

    Example:
        >>> bundle = export(run, "model.zip", litert=False)
        >>> "predict.py" in bundle.files, bundle.difference < 1e-4
        (True, True)
    """
    from core.export.bundle import make_bundle

    return make_bundle(run, Path(target), progress, litert=litert)


def _content(image: ImageLike) -> bytes | Path:
    """What the one decoder takes: pixels become a PNG, which loses nothing."""
    if isinstance(image, str | Path):
        return Path(image)
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
            raise ImageError(
                f"Received an array of {image.dtype} {image.shape}", "uint8 (height, width, 3) or (height, width)"
            )
        image = Image.fromarray(image)
    upright = ImageOps.exif_transpose(image)
    if upright.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        upright = upright.convert("RGB")
    png = io.BytesIO()
    upright.save(png, "PNG", compress_level=0)
    return png.getvalue()
