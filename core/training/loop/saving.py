"""What a run leaves: both models, checked against each other, the validation answers and the summary."""

import io
import os
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.backbone.architecture import IMAGE
from core.backbone.arrays import Arrays, digest_of
from core.backbone.session import open_session
from core.backbone.weights import Weights
from core.datasets import Dataset
from core.datasets.actions import count_edits
from core.files import write_atomic
from core.images import load_image
from core.training.checkpoint import Best, State
from core.training.keras_process import KerasProcess
from core.training.onnx_model import PROBABILITIES, classifier_graph
from core.training.runs import Run
from core.training.sweep import Floats

VERIFIED_IMAGES = 8  # validation pictures on which model.keras and model.onnx are compared


@dataclass(frozen=True)
class Trained:
    """What a stage ended with: its state, the labels of the validation rows, the base's weights at its beginning, and
    what the summary says besides."""

    state: State
    labels: NDArray[np.int64]
    weights: Weights
    facts: dict[str, Any] = field(default_factory=dict)


def save_run(run: Run, dataset: Dataset, trained: Trained, best: Best, keras: KerasProcess | None) -> dict[str, Any]:
    """Writes `model.keras`, `model.onnx` and `validation.npz` into the run's folder.

    Args:
        best: Of `trained`.
        keras: The process that saves `model.keras`; without one it is saved here, by TensorFlow.

    Returns:
        The summary, but for how the run ended and what it took.

    Raises:
        PawlabError: The models do not agree, or the process with TensorFlow is gone.
        OSError: The disk is full.
    """
    arrays = trained.weights.arrays
    changed = {name: values for name, values in best.weights.items() if name in arrays}
    base = {**arrays, **changed}
    graph = classifier_graph(base, best.weights, run.config.pooling).SerializeToString()
    images = _verified_images(run, dataset)
    answers = open_session(graph, threads=os.cpu_count() or 1).run([PROBABILITIES], {IMAGE: images})[0]
    difference = _save_keras(run, base, best.weights, images, answers, keras)
    # Side by side with the first: a run that was stopped has the three already, and they must belong together.
    write_atomic(run.directory / "model.onnx", graph)
    write_atomic(run.directory / "validation.npz", _validation(dataset, trained, best))
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
        "keras_onnx_difference": difference,
        "settings": run.config.model_dump(mode="json"),
        "weights": asdict(trained.weights.provenance),
        "versions": {name: version(name) for name in ("tensorflow", "keras", "onnxruntime", "numpy", "pillow")}
        | {"python": platform.python_version()},
        **trained.facts,
        **({"fine_tuned_digest": digest_of(base)} if changed else {}),
    }


def _verified_images(run: Run, dataset: Dataset) -> Floats:
    """Validation pictures from all over the dataset, float32 (pictures, size, size, 3), 0..255."""
    records, size = dataset.usable("validation"), run.config.image_size
    chosen = np.unique(np.linspace(0, len(records) - 1, VERIFIED_IMAGES).astype(int))
    return np.stack([load_image(dataset.file(records[place]), size) for place in chosen]).astype(np.float32)


def _validation(dataset: Dataset, trained: Trained, best: Best) -> bytes:
    """`validation.npz`: the answers, the true classes, and the pictures' digests, which tell runs what they share."""
    records = dataset.usable("validation")
    digests = b"".join(bytes.fromhex(record.digest) for record in records)
    pictures = np.frombuffer(digests, np.uint8).reshape(len(records), -1)
    told = io.BytesIO()
    np.savez(told, probabilities=best.probabilities, labels=trained.labels, pictures=pictures)
    return told.getvalue()


def _save_keras(
    run: Run, base: Arrays, head: dict[str, Floats], images: Floats, answers: Floats, keras: KerasProcess | None
) -> float:
    """Gives the greatest difference of a probability from `answers`, the ONNX model's."""
    if keras:
        return keras.save(base, head, images, answers)
    from core.training.keras_model import build_classifier, save_verified

    unfrozen = run.fine_tuning.settings.layers if run.fine_tuning else 0
    model = build_classifier(base, head, run.config, unfrozen)
    return save_verified(model, run.directory / "model.keras", images, answers)
