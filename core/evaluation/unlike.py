"""How well a run tells images unlike its training images, at each cut; and the reference set for a run without one.

The distance is that of `core.backbone.neighbours`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.backbone.neighbours import ENOUGH, NEVER, Neighbours
from core.errors import PawlabError, RunError
from core.evaluation.confusion import Score
from core.evaluation.curves import roc
from core.evaluation.robustness import training_dataset
from core.evaluation.words import as_percent, confidence_interval, percent
from core.jobs.progress import Progress, silent
from core.runs.run import Run

REJECTIONS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2)
UNLIKE = "Unlike the training images"
LIMITS = (
    "It compares the features of the frozen base with those of training images, and says only that the image is unlike "
    "them, never what it does not show. It has two limits. Unknown things that resemble a class pass: with one kind of "
    "garment left out of training, it ranked that garment hardly better than by chance (area under the ROC curve "
    "0.67). And unfamiliar members of a class may be flagged: of photos of 118 breeds of dogs, 8% were, at a cut of 1%."
)


@dataclass(frozen=True)
class Cut:
    """One cut: the share of images like the training images that it may reject, its distance, and what was measured:
    the share of validation images that it calls unlike, and that of other images, whose score is not known where there
    are none."""

    rejection: float
    distance: float
    validation: Score
    others: Score


def cut_at(neighbours: Neighbours, rejection: float, others: NDArray[np.float32] | None = None) -> Cut:
    """Args:
    others: float32 (images,), distances of other images, such as photos of unknown things.
    """
    distance = neighbours.cut(rejection)
    known, unknown = neighbours.validation, np.empty(0, np.float32) if others is None else others
    return Cut(
        rejection,
        distance,
        Score.of(int((known > distance).sum()), len(known)),
        Score.of(int((unknown > distance).sum()), len(unknown)),
    )


def separation(neighbours: Neighbours, others: NDArray[np.float32]) -> float:
    """Area under the ROC curve, 0..1, by which the distance tells other images from the validation images; NaN without
    any of either."""
    distances = np.concatenate([neighbours.validation, others])
    return roc(np.arange(len(distances)) >= len(neighbours.validation), distances).area


def basis_in_words(neighbours: Neighbours) -> str:
    """What the cut rests on, and how little where that is so."""
    number, rows = len(neighbours.held_out), len(neighbours.features)
    if len(neighbours.validation) >= ENOUGH:
        words = f"The cut is chosen by the distances of {number:,} validation images to {rows:,} training images."
    else:
        words = (
            f"{len(neighbours.validation):,} validation images are too few to know the largest 1% of their distances. "
            f"So the cut is chosen by the distance of each of {number:,} training images to the others: the base has "
            "learned from none of them. Copies and bursts among them make it too strict."
        )
    if number < ENOUGH - 1:
        words += f" {number:,} distances allow no smaller share than {as_percent(1 / (number + 1))}."
    return words


def cut_in_words(cut: Cut) -> str:
    """What the cut does to validation images."""
    if cut.distance == NEVER:
        return "No image is called unlike the training images."
    return (
        f"Beyond a distance of {cut.distance:.3f}, an image is called unlike the training images. Of the validation "
        f"images it calls {percent(cut.validation)} so ({confidence_interval(cut.validation)})."
    )


def add_neighbours(run: Run, progress: Progress = silent) -> Neighbours:
    """Makes the reference set of a run that has none, and keeps it with the run. Images whose features are cached do
    not pass the base again.

    Args:
        progress: Reports the phases of `open_dataset`, "weights" and "features".

    Raises:
        RunError: The run has no model, or was trained on another base than the one at hand.
        DatasetError: Its images are gone or have changed.
        PawlabError: The disk refuses.
        Cancelled: From `progress`.
    """
    # Here, for they bring HDF5 and ONNX: 25 MB that a server does not need otherwise.
    from core.backbone.graph import cached_base
    from core.backbone.weights import resolve_weights
    from core.training.reference_set import keep_neighbours, make_neighbours

    digest = run.summary().get("weights", {}).get("digest")
    dataset = training_dataset(run, progress)
    weights = resolve_weights(progress)
    if weights.provenance.digest != digest:
        raise RunError(
            f"“{run.name}” was trained on other weights of the base than those at hand",
            f"weights with the digest {digest}",
            "Set PAWLAB_WEIGHTS to the file that they came from, or train again",
        )
    base = cached_base(weights)
    neighbours = make_neighbours(dataset, run.config, base, weights.provenance.digest, progress)
    try:
        keep_neighbours(run, neighbours, base)
    except OSError as error:
        raise PawlabError(f"The run's folder cannot be written: {error.strerror}") from error
    return neighbours
