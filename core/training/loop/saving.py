"""Saves a run: both models, checked against each other, the validation predictions, the reference set of training
images and the summary."""

import io
import os
import platform
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.backbone.architecture import IMAGE
from core.backbone.arrays import Arrays, digest_of
from core.backbone.graph import cached_base
from core.backbone.session import open_session
from core.backbone.weights import Weights
from core.datasets import Dataset
from core.datasets.edits.apply import count_edits
from core.errors import DatasetError, ImageError, PawlabError
from core.images.isolated import load_scanned_image
from core.runs.run import Run
from core.runs.temperature import fold, temperature_for, with_temperature
from core.storage.files import write_atomic
from core.training.head.fused_step import Floats
from core.training.keras.process import KerasProcess
from core.training.loop.checkpoint import Best, State
from core.training.loop.onnx_model import PROBABILITIES, classifier_graph
from core.training.reference_set import keep_neighbours, make_neighbours

VERIFIED_IMAGES = 8  # validation images on which model.keras and model.onnx are compared


@dataclass(frozen=True)
class Trained:
    """What a stage ended with: its state, the labels of the validation rows, the base's weights at its beginning, and
    what the summary says besides."""

    state: State
    labels: NDArray[np.int64]
    weights: Weights
    facts: dict[str, Any] = field(default_factory=dict)


def save_run(run: Run, dataset: Dataset, trained: Trained, best: Best, keras: KerasProcess | None) -> dict[str, Any]:
    """Writes `model.keras`, `model.onnx`, `validation.npz` and `neighbours.npz` into the run's folder.

    Args:
        best: Of `trained`.
        keras: The process that saves `model.keras`; without one it is saved here, by TensorFlow.

    Returns:
        The summary, without the status and the time taken.

    Raises:
        PawlabError: The models do not agree, or the process with TensorFlow is gone.
        OSError: The disk is full.
    """
    temperature = temperature_for(run.config, trained.labels, best.probabilities)
    if temperature != 1:
        table = with_temperature(best.probabilities, temperature)
        best = Best(best.epoch, fold(best.weights, temperature), table)  # the checkpoint keeps what was trained
    arrays = trained.weights.arrays
    changed = {name: values for name, values in best.weights.items() if name in arrays}
    base = {**arrays, **changed}
    graph = classifier_graph(base, best.weights, run.config.pooling).SerializeToString()
    images = _verified_images(run, dataset)
    predictions = open_session(graph, threads=os.cpu_count() or 1).run([PROBABILITIES], {IMAGE: images})[0]
    difference = _save_keras(run, base, best.weights, images, predictions, keras)
    # Side by side with the first: a run that was stopped has the three already, and they must belong together.
    write_atomic(run.directory / "model.onnx", graph)
    write_atomic(run.directory / "validation.npz", _validation(dataset, trained, best))
    _save_neighbours(run, dataset, trained.weights)
    epochs = run.history().epochs
    point = epochs[best.epoch - 1]
    return {
        "run": run.id,
        "directory": str(run.directory),
        "name": run.name,
        "source": run.source,
        "classes": list(dataset.classes),
        "counts": dataset.counts(),
        "edits": count_edits(dataset),
        "fingerprint": dataset.fingerprint,
        "best_epoch": best.epoch,
        "epochs": len(epochs),
        "val_accuracy": point["val_accuracy"],
        "val_loss": point["val_loss"],
        "temperature": temperature,
        "keras_onnx_difference": difference,
        "settings": run.config.model_dump(mode="json"),
        "weights": asdict(trained.weights.provenance),
        "versions": {name: version(name) for name in ("tensorflow", "keras", "onnxruntime", "numpy", "pillow")}
        | {"python": platform.python_version()},
        **trained.facts,
        **({"fine_tuned_digest": digest_of(base)} if changed else {}),
    }


def _verified_images(run: Run, dataset: Dataset) -> Floats:
    """Validation images from all over the dataset, float32 (images, size, size, 3), 0..255. Files may have gone since
    training began: others take their places. Of a folder of features, noise does where no image is at hand.

    Raises:
        PawlabError: None of them can be read any more.
    """
    records = dataset.usable("validation")
    spread = np.unique(np.linspace(0, len(records) - 1, VERIFIED_IMAGES).astype(int))
    images: list[NDArray[np.uint8]] = []
    for place in dict.fromkeys([*spread, *range(len(records))]):
        with suppress(ImageError):
            file = dataset.file(records[place])
            images.append(load_scanned_image(file, run.config.image_size, crop=run.config.crop))
        if len(images) == len(spread):
            break
    if not images and dataset.source.kind == "features":  # they may lie where this machine cannot reach them
        side = run.config.image_size
        return np.random.default_rng(0).uniform(0, 255, (len(spread), side, side, 3)).astype(np.float32)
    if not images:
        raise PawlabError(
            f"The models cannot be checked: {dataset.file(records[0])} and all other validation images are gone",
            "the images as they were when training began",
            "Put them back and resume the run: its epochs are kept",
        )
    return np.stack(images).astype(np.float32)


def _validation(dataset: Dataset, trained: Trained, best: Best) -> bytes:
    """`validation.npz`: the predictions, the true classes, and the images' digests, by which runs are
    compared."""
    records = dataset.usable("validation")
    digests = b"".join(bytes.fromhex(record.digest) for record in records)
    images = np.frombuffer(digests, np.uint8).reshape(len(records), -1)
    content = io.BytesIO()
    np.savez(content, probabilities=best.probabilities.astype(np.float32), labels=trained.labels, pictures=images)
    return content.getvalue()


def _save_neighbours(run: Run, dataset: Dataset, frozen: Weights) -> None:
    base = cached_base(frozen)
    with suppress(DatasetError):  # images have gone, and their features with them: the model is saved all the same
        keep_neighbours(run, make_neighbours(dataset, run.config, base, frozen.provenance.digest), base)


def _save_keras(
    run: Run, base: Arrays, head: dict[str, Floats], images: Floats, predictions: Floats, keras: KerasProcess | None
) -> float:
    """Returns the largest difference of a probability from `predictions`, the ONNX model's."""
    if keras:
        return keras.save(base, head, images, predictions)
    from core.training.keras.model import build_classifier, save_verified

    unfrozen = run.fine_tuning.settings.layers if run.fine_tuning else 0
    model = build_classifier(base, head, run.config, unfrozen)
    return save_verified(model, run.directory / "model.keras", images, predictions)
