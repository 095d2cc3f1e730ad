"""Is the difference of two runs real? Repeated cross-validation of their settings, on features of the frozen base.

The comparison of two runs on their validation images (`core.evaluation.compare_runs`) holds for these two trainings and
one split. This one asks what the settings do on average: heads are fitted again and again, to folds of all training and
validation images, and each run's heads see the images as that run does. What a head on the features cannot see (its
hidden layer, the learning rate, augmented copies) it cannot compare either, and `unseen` names it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.advice.comparison import REPEATS, Difference, Fit, compare
from core.advice.head import Floats, Labels, fit, principal
from core.advice.material import MOST_IMAGES, Material, features_of
from core.datasets import Dataset, ImageRecord
from core.datasets.quality.near_duplicates import same_photos
from core.errors import DatasetError, RunError
from core.evaluation.cross_validation import fold_members
from core.evaluation.robustness import training_dataset
from core.evaluation.setting_differences import FACTS, differences
from core.evaluation.words import points_interval, signed_points
from core.jobs.progress import Progress, silent
from core.runs.feature_plan import TRAINED_SPLITS
from core.runs.run import Run

EDITS = "edits"
SEEN = ("image_size", "crop", EDITS)
"""What may differ and is compared: names of `core.evaluation.setting_differences`, and labels and exclusions."""


@dataclass(frozen=True)
class Seen:
    """In what two runs differ: what the features see, what they do not, and why they cannot be compared at all; ""
    where they can."""

    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    obstacle: str = ""


def what_is_seen(first: Run, second: Run) -> Seen:
    """What a comparison of two runs would compare. Opens no image."""
    differing = {difference.name for difference in differences((first, second))}
    settings = differing - set(FACTS) - {"dataset"}
    seen = [name for name in SEEN if name in settings or (name == EDITS and first.edits() != second.edits())]
    unseen = [difference for difference in sorted(settings) if difference not in SEEN]
    obstacle = ""
    if tuned := [run.name for run in (first, second) if run.fine_tuning]:
        obstacle = f"“{tuned[0]}” is fine-tuned, and the features are those of the frozen base"
    elif "dataset" in differing:
        obstacle = "They were trained on different datasets"
    elif "pre-trained weights" in differing:
        obstacle = "Their base models have different weights"
    elif imported := [run.name for run in (first, second) if run.is_imported]:
        obstacle = f"“{imported[0]}” was imported without its images"
    return Seen(tuple(seen), tuple(unseen), obstacle)


def compare_runs(
    first: Run, second: Run, repeats: int = REPEATS, seed: int = 0, progress: Progress = silent
) -> Difference:
    """The accuracy that the second run's image size, crop and edits give, less that of the first's.

    Where edits differ, images that are in use in the newer run are judged, by its labels; each run's heads learn from
    the images and labels that it had.

    Args:
        repeats, seed: Of the folds.
        progress: Told of the phases of `open_dataset`, "compare", "verify", "weights", "features" and "settings".

    Raises:
        RunError: A run has no model, or they cannot be compared.
        DatasetError: Their images are gone, changed, or too many; a class cannot be in two folds.
        PawlabError: The weights cannot be had, or the disk is full.
        Cancelled: From `progress`.
    """
    found = what_is_seen(first, second)
    if found.obstacle or not found.seen:
        raise RunError(
            found.obstacle or "They differ in nothing that features of the frozen base show",
            "two runs on the same images that differ in image size, crop or edits",
            "Repeat both runs with other seeds, and compare the runs",
        )
    runs = (first, second)
    datasets = [training_dataset(run, progress) for run in runs]
    if datasets[0].classes != datasets[1].classes:
        raise RunError("They know different classes", "two runs with the same classes", "Compare other runs")
    newer = int(second.created >= first.created)
    used = [{(each.path, each.digest): each for each in _trained(dataset)} for dataset in datasets]
    images = {**used[1 - newer], **used[newer]}
    keys = sorted(images)
    records = [images[key] for key in keys]
    if len(records) > MOST_IMAGES:
        raise DatasetError(f"They have {len(records):,} images", f"{MOST_IMAGES:,} at most", "Compare smaller runs")
    groups = fold_members(records, same_photos(records, datasets[newer].file, progress))
    place = datasets[0].classes.index
    labels = [np.array([place(own[key].label) if key in own else -1 for key in keys], np.int64) for own in used]
    truth = np.array([place(record.label) for record in records], np.int64)
    rows = [_rows(datasets, records, run, progress) for run in runs]
    material = Material(tuple(records), datasets[0].classes, rows[0], truth, groups)
    fits = [_fit(*pair, len(material.classes)) for pair in zip(rows, labels, strict=True)]
    return compare(fits[0], fits[1], material, repeats, seed, progress, judged=labels[newer] >= 0)


def in_words(difference: Difference, first: str, second: str) -> str:
    """The verdict in one sentence, Markdown. Names are escaped already."""
    points = f"{abs(100 * difference.difference):.1f} points"
    how = (
        f"{points} {'better' if difference.difference > 0 else 'worse'} than"
        if points != "0.0 points"
        else "as good as"
    )
    interval = f"95% CI {points_interval(difference.low, difference.high)}"
    if difference.real:
        return f"**The difference is real**: “{second}” is {how} “{first}” on average ({interval})."
    return (
        f"**No real difference was found**: “{second}” is {how} “{first}” on average ({interval}), which may be chance."
    )


def basis_in_words(difference: Difference) -> str:
    """What the verdict stands on."""
    return (
        f"{difference.images:,} images, dealt into folds anew {difference.repeats} times; {len(difference.each):,} "
        f"differences from {signed_points(min(difference.each))} to {signed_points(max(difference.each))} points. "
        "Heads are logistic regression on the frozen base's features. The interval takes into account that folds share "
        "training images (Nadeau and Bengio)."
    )


def _trained(dataset: Dataset) -> list[ImageRecord]:
    return [record for split in TRAINED_SPLITS for record in dataset.usable(split)]


def _rows(datasets: Sequence[Dataset], records: Sequence[ImageRecord], run: Run, progress: Progress) -> Floats:
    rows: dict[str, Floats] = {}
    for dataset in datasets:  # each as its run left them in the cache
        own = _trained(dataset)
        features = features_of(dataset, own, run.config.image_size, run.config.crop, progress)
        rows |= zip((record.digest for record in own), features, strict=True)
    return principal(np.stack([rows[record.digest] for record in records]))


def _fit(rows: Floats, labels: Labels, num_classes: int) -> Fit:
    def predicted(train: Labels, held_out: Labels) -> Labels:
        own = train[labels[train] >= 0]
        return fit(rows[own], labels[own], num_classes).predict(rows[held_out])

    return predicted
