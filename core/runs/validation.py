"""A run's validation.npz: what the model that it kept predicts on its validation images."""

import numpy as np
from numpy.typing import NDArray

from core.errors import RunError
from core.runs.run import Run
from core.storage.npz import load_npz

VALIDATION = "validation.npz"


def validation_predictions(run: Run) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The true classes, int64 (rows,), and the probabilities, float64 (rows, classes), 0..1: one row per validation
    image, in the dataset's order; with `augment_validation` its copies follow it.

    Raises:
        RunError: The run has no model, or the file is missing or not what Pawlab writes.
    """
    num_classes = len(run.summary()["classes"])
    try:
        labels, table = load_npz(run.directory / VALIDATION, "labels", "probabilities")
        if labels.dtype != np.int64 or table.dtype != np.float32 or table.ndim != 2 or labels.shape != table.shape[:1]:
            raise ValueError(f"labels {labels.dtype} {labels.shape}, probabilities {table.dtype} {table.shape}")
        table = table.astype(np.float64)  # in float32 the complement of a small probability is 1: a tie with others
        probabilities = np.concatenate([1 - table, table], axis=1) if table.shape[1] == 1 else table
        inside = labels.min(initial=0) >= 0 and labels.max(initial=0) < num_classes == probabilities.shape[1]
        shares = (table >= 0).all() and (table <= 1).all() and (np.abs(probabilities.sum(axis=1) - 1) < 1e-3).all()
        if not len(labels) or not inside or not shares:
            raise ValueError("labels or probabilities do not match the classes")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"The validation predictions of the run {run.id} cannot be read: {error}",
            f"{VALIDATION} as Pawlab wrote it",
            "Train again",
        ) from error
    return labels, probabilities
