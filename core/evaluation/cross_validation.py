"""Repeated cross-validation: what a classifier on the frozen base reaches on images that chose nothing.

For data without a test split. The training and validation images are dealt into folds; each fold is predicted by a
classifier fitted to the others, and all of it is repeated with other folds. Identical and nearly identical images and
those of one burst share a fold, so none is predicted by a classifier that has seen it.

The classifier is ridge regression on the base's average-pooled features with one target per class (Rifkin, Yeo and
Poggio, "Regularized least-squares classification", 2003). It has a closed form: no epoch has to be chosen, which is
what the validation split is for, and fifty fits take seconds. It is not the run's head: it sees no augmented copies and
no fine-tuning.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.augmentation import AugmentationConfig
from core.backbone.features import FeaturePlan, extract_features
from core.datasets import Dataset, ImageRecord
from core.datasets.groups import group_keys
from core.datasets.quality.near_duplicates import same_photos
from core.errors import DatasetError
from core.evaluation.confusion import Score, confusion, macro_f1
from core.evaluation.intervals import cross_validation_interval
from core.evaluation.robustness import training_dataset
from core.images.crop import Crop
from core.jobs.progress import Progress, silent
from core.runs.feature_plan import TRAINED_SPLITS
from core.runs.run import Run

REPEATS, FOLDS = 10, 5
PENALTY = 1.0  # of the weights, as a multiple of the features' mean squared length
MOST_IMAGES = 20_000  # 100 MB of features; a data set of this size can spare a test split

Labels = NDArray[np.int64]
Features = NDArray[np.float32]


@dataclass(frozen=True)
class CrossValidation:
    """Means over all folds of all repetitions, with 95% intervals (`cross_validation_interval`); `each` is the mean
    accuracy of each repetition, `num_images` the number of images dealt into the folds."""

    accuracy: Score
    macro_f1: Score
    each: tuple[float, ...]
    num_folds: int
    num_images: int


def cross_validate(run: Run, repeats: int = REPEATS, seed: int = 0, progress: Progress = silent) -> CrossValidation:
    """Cross-validates the run's data, with the edits that it was trained with, at its image size and crop.

    Args:
        repeats: 1 or more.
        seed: Of the folds.
        progress: Told of the phases of `open_dataset`, "weights", "features", "compare", "verify" and
            "cross-validate", in fits. What it raises stops the work.

    Raises:
        RunError: The run has no model.
        DatasetError: Its images are gone or changed, too many, or a class has fewer than two different images or
            bursts.
        PawlabError: The weights cannot be had, or the disk is full.
        Cancelled: From `progress`.
    """
    dataset = training_dataset(run, progress)
    records = [record for split in TRAINED_SPLITS for record in dataset.usable(split)]
    if len(records) > MOST_IMAGES:
        raise DatasetError(
            f"{dataset.name} has {len(records):,} training and validation images",
            f"{MOST_IMAGES:,} at most: cross-validation is for data that can spare no test split",
            "Move some images into a folder test/ beside train/, and train again",
        )
    labels = np.array([dataset.classes.index(record.label) for record in records], np.int64)
    members = fold_members(records, same_photos(records, dataset.file, progress))
    num_folds = usable_folds(labels, members, len(dataset.classes))
    features = frozen_features(dataset, run.config.image_size, progress, crop=run.config.crop)
    accuracies: list[float] = []
    f1: list[float] = []
    total = repeats * num_folds
    progress("cross-validate", 0, total)
    for repeat in range(repeats):
        folds = deal_folds(labels, members, num_folds, np.random.default_rng([seed, repeat]))
        for fold, predictions in enumerate(predict_folds(features, labels, folds)):
            counts = confusion(labels[folds == fold], predictions, len(dataset.classes))
            accuracies.append(float(np.trace(counts) / counts.sum()))
            f1.append(macro_f1(counts))
            progress("cross-validate", len(accuracies), total)
    each = np.reshape(accuracies, (repeats, num_folds)).mean(axis=1)
    return CrossValidation(
        _mean(accuracies, num_folds), _mean(f1, num_folds), tuple(each.tolist()), num_folds, len(records)
    )


def fold_members(records: Sequence[ImageRecord], alike: Iterable[Sequence[ImageRecord]]) -> Labels:
    """int64 (images,): the same number for images that must share a fold, because they have the same bytes, show the
    same photo (`alike`, as `same_photos` groups them), or are of one burst."""
    keys = group_keys(records, [[record.digest for record in group] for group in alike])
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys], np.int64)


def usable_folds(labels: Labels, members: Labels, num_classes: int, most: int = FOLDS) -> int:
    """How many folds can each have every class, `most` at most.

    Raises:
        DatasetError: A class cannot be in two.
    """
    num_folds = min(most, *(len(np.unique(members[labels == label])) for label in range(num_classes)))
    if num_folds < 2:
        raise DatasetError(
            "A class has fewer than two different images or bursts, so it cannot be in two folds",
            "two or more different images of each class, not of one burst",
            "Add images, or record the class a second time",
        )
    return num_folds


def frozen_features(
    dataset: Dataset, image_size: int, progress: Progress = silent, *, crop: Crop = "squeeze"
) -> Features:
    """float32 (images, 1280): the average-pooled features of the training images, then those of the validation images,
    from the cache where they are there. Errors as `extract_features`."""
    from core.backbone.graph import cached_base  # here, as in `core.backbone.feature_map`
    from core.backbone.weights import resolve_weights

    weights = resolve_weights(progress)
    base, digest = cached_base(weights), weights.provenance.digest
    plan = FeaturePlan(image_size, "average", 0, AugmentationConfig(), 0, crop=crop)
    parts = []
    for split in TRAINED_SPLITS:
        with closing(extract_features(dataset, split, plan, base, digest, progress)) as array:
            parts.append(array.read(np.arange(array.rows)).dense())
    return np.concatenate(parts)


def deal_folds(labels: Labels, groups: Labels, num_folds: int, random: np.random.Generator) -> Labels:
    """int64 (images,), the fold of each image, 0..num_folds - 1: a group stays together, and each class is spread as
    evenly as its groups allow.

    Args:
        labels: int64 (images,), the classes.
        groups: int64 (images,); images with the same number share a fold.
        num_folds: 2 or more.
        random: Draws the order in which groups are dealt; large ones come first, while there is room to even out.
    """
    rows = np.split(np.argsort(groups, kind="stable"), np.cumsum(np.unique(groups, return_counts=True)[1])[:-1])
    shuffled = [rows[place] for place in random.permutation(len(rows))]
    counts = np.zeros((num_folds, labels.max() + 1), np.int64)
    folds = np.empty(len(labels), np.int64)
    for members in sorted(shuffled, key=len, reverse=True):
        own = np.bincount(labels[members], minlength=counts.shape[1])
        load = np.stack([counts[:, own > 0].sum(axis=1), counts.sum(axis=1)])
        fold = int(np.lexsort(load[::-1])[0])  # the fewest images of these classes, then the fewest of all
        folds[members] = fold
        counts[fold] += own
    return folds


def predict_folds(features: Features, labels: Labels, folds: Labels) -> Iterator[Labels]:
    """For each fold in turn int64 (its images,): the classes predicted by a classifier fitted to the other folds.

    The sums that ridge regression needs are made once for each fold; those of the others are what is left of the total.
    """
    num_classes, num_folds = int(labels.max()) + 1, int(folds.max()) + 1
    centred = features - features.mean(axis=0)  # for the numbers' sake: each fit has a mean of its own
    if len(centred) < centred.shape[1]:
        centred = _turned(centred)
    targets = np.eye(num_classes, dtype=np.float32)[labels]
    sums = [_sums(centred[folds == fold], targets[folds == fold]) for fold in range(num_folds)]
    total = [sum(parts) for parts in zip(*sums, strict=True)]
    for fold in range(num_folds):
        number, x, y, xx, xy = (whole - part for whole, part in zip(total, sums[fold], strict=True))
        mean_x, mean_y = x / number, y / number
        covariance = xx - np.outer(x, mean_x)
        penalty = PENALTY * np.trace(covariance) / number
        covariance[np.diag_indices_from(covariance)] += max(penalty, 1e-9)
        weights = np.linalg.solve(covariance, xy - np.outer(x, mean_y))
        scores = (centred[folds == fold] - mean_x) @ weights + mean_y
        yield np.asarray(scores.argmax(axis=1), np.int64)


def _turned(rows: Features) -> Features:
    """The rows with as few columns as there are rows: turned to where the others are zeros, which changes no distance
    and so no fit."""
    return np.asarray(np.linalg.qr(rows.T.astype(np.float64), mode="r")).T.astype(np.float32)


def _sums(x: Features, y: Features) -> tuple[float, *tuple[NDArray[np.float64], ...]]:
    """The number of rows and the sums of x, y, x x' and x y' over them."""
    rows, targets = x.astype(np.float64), y.astype(np.float64)
    return float(len(rows)), rows.sum(axis=0), targets.sum(axis=0), rows.T @ rows, rows.T @ targets


def _mean(scores: list[float], num_folds: int) -> Score:
    return Score(float(np.mean(scores)), *cross_validation_interval(scores, num_folds))
