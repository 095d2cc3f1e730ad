"""Advice on a dataset, whole: computed once, cached by content, the same for the same images, settings and seed."""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from core.advice.actions import (
    Action,
    more_images_action,
    ranked,
    relabel_action,
    relabel_gain,
    setting_action,
    setting_gains,
    shortcut_action,
)
from core.advice.class_weights import ClassWeights, class_weights, is_imbalanced
from core.advice.forecast import ClassGain, Forecast, class_gains, forecast
from core.advice.head import held_out
from core.advice.label_errors import DEALS, Doubts, doubts
from core.advice.learning_curve import CurvePoint, learning_curve
from core.advice.looks import looks_of
from core.advice.material import Material, gather
from core.advice.shortcuts import Shortcut, find_shortcuts
from core.advice.weak_groups import WeakGroup, weak_groups
from core.datasets import Dataset
from core.evaluation.intervals import wilson_interval
from core.images.crop import Crop
from core.jobs.parallel import one_core_for_blas
from core.jobs.progress import Progress, silent
from core.runs.run import Run
from core.runs.settings import preset
from core.storage.files import write_atomic
from core.storage.home import subfolder
from core.storage.models import load_model

VERSION = 2  # raise it when the same images give other advice
MAX_CACHE_BYTES = 2**25
PHASES = (
    "compare",
    "verify",
    "features",
    "looks",
    "label errors",
    "learning curve",
    "class weights",
    "settings",
    "relabelling",
)
"""What `advise` tells its progress, in this order; "features" again before "settings"."""


@dataclass(frozen=True)
class LabelError:
    """An image whose label is probably wrong. `score`, 0.5..1: how probable it is that `suggested` is right, if it or
    the label is. `sure`: whether confident learning counts it as an error, or the head only predicts another class."""

    path: str
    split: str
    label: str
    suggested: str
    score: float
    sure: bool


@dataclass(frozen=True)
class Advice:
    """All that was found.

    Attributes:
        images: How many were looked at, of all splits.
        image_size, crop: Of the features.
        accuracy, low, high: Of the head in cross-validation on the training and validation images, 0..1.
        guessing: The accuracy of always saying the largest class.
        label_errors: The surest first, of all splits.
        learning_curve: On training and validation images.
        at_twice: What twice as many training images would give.
        class_gains: And each class, the one that gains most first.
        class_weights: What they would change; None where the classes are balanced.
        groups: With a lower accuracy than the rest.
        shortcuts: Every cue that was tried, warnings first.
        actions: What to do, ranked; never empty.
    """

    dataset: str
    images: int
    image_size: int
    crop: Crop
    accuracy: float
    low: float
    high: float
    guessing: float
    label_errors: tuple[LabelError, ...]
    learning_curve: tuple[CurvePoint, ...]
    at_twice: Forecast
    class_gains: tuple[ClassGain, ...]
    class_weights: ClassWeights | None
    groups: tuple[WeakGroup, ...]
    shortcuts: tuple[Shortcut, ...]
    actions: tuple[Action, ...]

    @property
    def is_chance(self) -> bool:
        """Whether the head is no better than guessing: then nothing that it says of an image means anything."""
        return self.low <= self.guessing


def advise(dataset: Dataset, run: Run | None = None, *, seed: int = 0, progress: Progress = silent) -> Advice:
    """What to do next with a dataset.

    Args:
        dataset: As it is shown, with its edits.
        run: Whose image size and crop the features have; without one those of the preset `fast`.
        seed: Of folds, draws and clusters: the same seed gives the same advice.
        progress: Told of "weights" and `PHASES`. What it raises stops the work; what was computed of features, looks
            and near duplicates by then is cached.

    Raises:
        DatasetError: It has too many images, its files have changed, or a class has fewer than two different images or
            bursts.
        PawlabError: The weights cannot be had, or the disk is full.
        Cancelled: From `progress`.
    """
    config = run.config if run else preset("fast")
    image_size, crop = config.image_size, config.crop
    cache = _cache_file(dataset, image_size, crop, seed)
    with suppress(OSError, ValueError):
        return load_model(cache, Advice, max_bytes=MAX_CACHE_BYTES)
    material = gather(dataset, image_size, crop, progress)
    with one_core_for_blas():
        advice = _advise(dataset, material, image_size, crop, seed, progress)
    with suppress(OSError):  # a full disk costs the next time, not this one
        write_atomic(cache, json.dumps(asdict(advice), allow_nan=False))
    return advice


def _advise(dataset: Dataset, whole: Material, image_size: int, crop: Crop, seed: int, progress: Progress) -> Advice:
    material = whole.part(whole.trained)
    looks = looks_of(dataset, material.records, progress)
    deals = [whole.folds(seed, deal) for deal in range(DEALS)]
    found = doubts(whole.rows, whole.labels, deals, len(whole.classes), progress)
    plain = found.plain
    if len(material) < len(whole):  # what is known of a test split must not make the others look better
        plain = held_out(material.rows, material.labels, material.folds(seed), len(material.classes))
    right = plain.argmax(axis=1) == material.labels
    number = len(np.unique(material.groups))
    accuracy = float(right.mean())
    low, high = wilson_interval(accuracy * number, number)
    now = sum(record.split == "train" for record in material.records)
    curve = learning_curve(material, seed, progress)
    then = forecast(curve, now, 2 * now, seed)
    gains = class_gains(curve, now, 2 * now, seed)
    is_chance = low <= material.guessing
    weights = class_weights(material, seed, progress) if is_imbalanced(material) else None
    errors = () if is_chance else _label_errors(whole, found)
    groups = () if is_chance else weak_groups(material, looks, right, seed)
    shortcuts = find_shortcuts(material, looks, accuracy, seed)
    if is_chance:
        actions: tuple[Action, ...] = (_chance(accuracy, material.guessing),)
    else:
        warnings = [shortcut_action(each) for each in shortcuts if each.warning and each.visible]
        settings = setting_gains(dataset, material, image_size, crop, seed, progress)
        considered = [
            more_images_action(then, now, gains),
            *(setting_action(size, way, gain, image_size) for (size, way), gain in settings.items()),
        ]
        if sure := [error.path for error in errors if error.sure]:
            considered.append(relabel_action(relabel_gain(material, seed, progress), sure))
        actions = ranked([*warnings, *considered], groups)
    return Advice(
        dataset.name,
        len(whole),
        image_size,
        crop,
        accuracy,
        low,
        high,
        material.guessing,
        errors,
        curve.points(),
        then,
        gains,
        weights,
        groups,
        shortcuts,
        actions,
    )


def _label_errors(material: Material, found: Doubts) -> tuple[LabelError, ...]:
    errors = []
    for row in found.order.tolist():
        record, suggested = material.records[row], material.classes[found.suggested[row]]
        score, sure = round(float(found.scores[row]), 4), bool(found.errors[row])
        errors.append(LabelError(record.path, record.split, record.label, suggested, score, sure))
    return tuple(errors)


def _chance(accuracy: float, guessing: float) -> Action:
    what = "Check that the images show the classes of their folders"
    why = (
        f"The head is right on {accuracy:.0%} of the images that it has not seen; guessing gives {guessing:.0%}. That "
        "is chance: nothing that it says of an image means anything."
    )
    return Action("nothing", what, why, (), 0.0, 0.0, 0.0)


def _cache_file(dataset: Dataset, image_size: int, crop: Crop, seed: int) -> Path:
    from core.backbone.weights import resolve_weights  # here, as in `core.backbone.feature_map`

    key = [VERSION, dataset.name, dataset.fingerprint, resolve_weights().provenance.digest, image_size, crop, seed]
    return subfolder("cache", "advice") / f"{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:24]}.json"
