"""What to do next: a ranked list, each with the change of accuracy that it brought where it was tried.

Every expected change is measured on folds that the advice never saw: labels are corrected, images enlarged, in the
training folds alone, and the held-out fold stays as it is. If labels are wrong there too, the change looks smaller than
it is. The change that more images bring is that of the learning curve.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from core.advice.comparison import Difference, compare, compare_features
from core.advice.forecast import ClassGain, Forecast
from core.advice.head import Labels, fit, principal
from core.advice.label_errors import doubts
from core.advice.material import FOLDS, Material, features_of
from core.advice.shortcuts import Shortcut
from core.advice.weak_groups import WeakGroup
from core.datasets import Dataset
from core.datasets.stratified import choose
from core.evaluation.cross_validation import deal_folds
from core.evaluation.words import as_percent
from core.images.crop import Crop
from core.jobs.progress import Progress, silent

MATTERS = 0.005
"""Of accuracy: half a point, below which no change is worth anybody's time."""
SUBSET = 1_000  # images on which other sizes and crops are tried: 17 s of the base at 224 pixels
LARGER = 224  # pixels, as the base was trained with
RELABEL_REPEATS, SETTING_REPEATS = 2, 5
OTHER_CROP: dict[Crop, Crop] = {"squeeze": "center", "center": "squeeze"}

Key = Literal["relabel", "more_images", "image_size", "nothing"]


@dataclass(frozen=True)
class Action:
    """One thing to do.

    Attributes:
        action: Its kind, which never changes. "image_size" is any setting of how images become squares.
        what: What to do, in words; `why` says what speaks for it.
        images: Paths of the images that it is about, those to begin with first.
        expected, low, high: The change of accuracy with its 95% interval, -1..1; None where it cannot be measured.
        cost: What it takes, in words; "" for nothing.
        helps: Whether it is more than chance, and more than half a point.
        settings: What a run is to be started with, by the names of `TrainingConfig`.
    """

    action: Key
    what: str
    why: str
    images: tuple[str, ...] = ()
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    cost: str = ""
    helps: bool = False
    settings: dict[str, int | str] = field(default_factory=dict)


def relabel_gain(material: Material, seed: int = 0, progress: Progress = silent) -> Difference:
    """What it changes to accept every suggested label: found in the training folds, measured on the other.

    Args:
        progress: Told of the phase "relabelling", in folds.

    Raises:
        DatasetError: A class cannot be in two folds.
    """
    rows, labels, num_classes = material.rows, material.labels, len(material.classes)

    def corrected(train: Labels, held_out: Labels) -> Labels:
        part = material.part(np.isin(np.arange(len(material)), train))
        folds = deal_folds(part.labels, part.groups, FOLDS, np.random.default_rng(seed))
        found = doubts(part.rows, part.labels, [folds], num_classes)
        mended = np.where(found.errors, found.suggested, part.labels)
        return fit(part.rows, mended, num_classes).predict(rows[held_out])

    def as_they_are(train: Labels, held_out: Labels) -> Labels:
        return fit(rows[train], labels[train], num_classes).predict(rows[held_out])

    def relabelling(_phase: str, done: int, total: int) -> None:
        progress("relabelling", done, total)

    return compare(as_they_are, corrected, material, RELABEL_REPEATS, seed, relabelling)


def setting_gains(
    dataset: Dataset, material: Material, image_size: int, crop: Crop, seed: int = 0, progress: Progress = silent
) -> dict[tuple[int, Crop], Difference]:
    """What larger images, and the other crop, change: {(image size, crop): difference}, on at most `SUBSET` images.

    Args:
        progress: Told of "features", in images, and of "settings", in folds.

    Raises:
        DatasetError, PawlabError: As `features_of`.
    """
    chosen = {record.path for record in choose(material.records, SUBSET, seed=0)}  # whose features are then cached
    part = material.part(np.array([record.path in chosen for record in material.records]))
    records = list(part.records)
    first = principal(features_of(dataset, records, image_size, crop, progress))
    others: list[tuple[int, Crop]] = [(image_size, OTHER_CROP[crop])]
    if image_size < LARGER:
        others.insert(0, (LARGER, crop))
    gains = {}
    for size, way in others:
        second = principal(features_of(dataset, records, size, way, progress))
        gains[size, way] = compare_features(first, second, part, SETTING_REPEATS, seed, progress)
    return gains


def relabel_action(gain: Difference, paths: Sequence[str]) -> Action:
    """To look at the images whose label is probably wrong, one or more."""
    number = f"{len(paths):,} image{'s' if len(paths) > 1 else ''}"
    why = (
        f"With every suggestion accepted, {as_percent(gain.second)} of held-out images are right; as they are, "
        f"{as_percent(gain.first)}."
    )
    return _measured(gain, "relabel", f"Check the labels of {number}", why, paths, f"{number} to look at")


def setting_action(size: int, crop: Crop, gain: Difference, image_size: int) -> Action:
    """To train with another image size or crop."""
    why = f"On {gain.images:,} images {as_percent(gain.second)} instead of {as_percent(gain.first)}."
    if size != image_size:
        cost = f"each training takes about {(size / image_size) ** 2:.1f} times as long"
        return _measured(gain, "image_size", f"Train with {size} pixels", why, (), cost, {"image_size": size})
    what = "Train on the centred square" if crop == "center" else "Train on the whole, squeezed image"
    return _measured(gain, "image_size", what, why, (), "one setting", {"crop": crop})


def more_images_action(then: Forecast, now: int, gains: Sequence[ClassGain]) -> Action:
    """To take as many images again."""
    what = f"Take {then.images - now:,} more images of the same kind"
    if len(gains) > 1 and gains[0].gain - gains[1].gain > MATTERS:
        what += f", first of {gains[0].label}"
    cost = f"{then.images - now:,} images to take"
    if not then.known:
        return Action("more_images", what, f"Nobody can know what they would change. {then.why}.", cost=cost)
    why = f"The learning curve, continued, gives {as_percent(then.accuracy)}."
    helps = then.gain_low > 0 and then.gain >= MATTERS
    return Action("more_images", what, why, (), then.gain, then.gain_low, then.gain_high, cost, helps)


def shortcut_action(shortcut: Shortcut) -> Action:
    """To break a shortcut, before anything else: other numbers count it as knowledge."""
    cue = shortcut.title.removeprefix("The ")
    what = f"Take images of every class in which the {cue} says nothing of the class"
    return Action(
        "more_images", what, shortcut.in_words(), shortcut.images, cost="some images of each class", helps=True
    )


def ranked(actions: Sequence[Action], groups: Sequence[WeakGroup] = ()) -> tuple[Action, ...]:
    """Those that help first, by their expected change; before the others, and where none helps before all, that nothing
    else will."""
    helping = [action for action in actions if action.helps]
    helping.sort(key=lambda action: (action.expected is not None, -_change(action)))
    rest = sorted((action for action in actions if not action.helps), key=_change, reverse=True)
    if helping:
        return (*helping, *rest)
    more = next((action.high for action in rest if action.action == "more_images" and action.high is not None), None)
    why = "No change was measured that is more than chance and more than half a point."
    if more is not None:
        why += f" More of the same images would add at most {100 * more:.1f} points."
    if groups:
        why += " But look at the weak groups: more images of these are not of the same kind."
    return (Action("nothing", "Nothing here will help", why, expected=0.0, low=0.0, high=0.0), *rest)


def _change(action: Action) -> float:
    """By which actions of a kind are ranked: what nobody can know comes after what was measured."""
    return -1.0 if action.expected is None else action.expected


def _measured(
    gain: Difference,
    key: Key,
    what: str,
    why: str,
    paths: Sequence[str],
    cost: str,
    settings: dict[str, int | str] | None = None,
) -> Action:
    helps = gain.low > 0 and gain.difference >= MATTERS
    return Action(key, what, why, tuple(paths), gain.difference, gain.low, gain.high, cost, helps, settings or {})
