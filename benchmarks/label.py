"""How many labels until a classifier is good: in the order of `core.instant.asking`, against a random order.

    python -m benchmarks.label [--size 160] [--seeds 5] [--most 300] [--target 0.95]

The labels of the training images are hidden and given one by one. After each the model that the page shows (ridge
regression on the frozen base's features) is fitted to those given so far and scored on the validation images, which are
none of those that are asked for. Each seed hides a fifth of the training images from both orders: ours is without
chance by itself. `labels` is the number after which the accuracy first reached the target, for each seed; `kept` that
after which it stayed there for the next 20; null where `--most` labels are not enough, which then count as so many.
`ratio` is the mean of the random order's over ours, with its 95% interval (bootstrap over seeds).

Two sets: 2,000 photos of cats and dogs, and 900 drawings of six shapes, which are hard for the base; where the target
is beyond a model of all labels (`all`), it is 95% of that.

A page asks one label in five for validation besides, at random: its users give a quarter more than `labels` says.
"""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import extracted, own_home, photos_zip, print_result
from benchmarks.drawn_shapes import SHAPES, draw_shapes
from core.augmentation import AugmentationConfig
from core.backbone.features import FeaturePlan, extract_features
from core.backbone.graph import cached_base
from core.backbone.neighbours import unit
from core.backbone.weights import resolve_weights
from core.datasets import open_dataset
from core.instant.asking import next_to_ask
from core.instant.model import PENALTY, Examples, fit
from core.instant.typical import typical_order
from core.storage.home import home

STAYS = 20  # labels for which the accuracy must stay
Floats = NDArray[np.float32]
Labels = NDArray[np.int64]
Order = Callable[[Labels], int]
"""The next row to ask for, of the labels so far (-1 for none)."""


@dataclass(frozen=True)
class Features:
    """Of training and validation images, each of length 1, with their true labels."""

    train: Floats
    train_labels: Labels
    validation: Floats
    validation_labels: Labels

    @classmethod
    def of(cls, folder: Path, size: int) -> "Features":
        weights, dataset = resolve_weights(), open_dataset(folder)
        plan = FeaturePlan(size, "average", 0, AugmentationConfig(), 0)
        arrays: list[Any] = []
        for split in ("train", "validation"):
            array = extract_features(dataset, split, plan, cached_base(weights), weights.provenance.digest)
            arrays.append(unit(array.read(np.arange(array.rows)).dense()))
            array.close()
            labels = [dataset.classes.index(record.label) for record in dataset.usable(split)]
            arrays.append(np.array(labels, np.int64))
        return cls(*arrays)

    def accuracy(self, labels: Labels) -> float:
        """On the validation images, of a model of the labels given; 0 before two classes have one."""
        rows = np.flatnonzero(labels >= 0)
        if len(np.unique(labels[rows])) < 2:
            return 0.0
        classes = int(self.train_labels.max()) + 1
        head = fit(Examples(self.train[rows], labels[rows], np.arange(len(rows)), classes), PENALTY)
        scores = self.validation @ head.weights.T + head.offset
        scores[:, np.setdiff1d(np.arange(classes), labels[rows])] = -np.inf
        return float((scores.argmax(axis=1) == self.validation_labels).mean())

    def four_fifths(self, seed: int) -> "Features":
        """Of the training images, drawn."""
        rows = np.sort(np.random.default_rng(seed).permutation(len(self.train))[: len(self.train) * 4 // 5])
        return Features(self.train[rows], self.train_labels[rows], self.validation, self.validation_labels)


def ours(features: Features, seed: int) -> Order:
    typical = typical_order(features.train)
    return lambda labels: next_to_ask(features.train, labels, np.zeros(len(labels), np.bool_), typical)[0]


def at_random(features: Features, seed: int) -> Order:
    order = np.random.default_rng(seed).permutation(len(features.train))
    return lambda labels: int(order[np.argmax(labels[order] < 0)])


def course(features: Features, order: Order, most: int) -> list[float]:
    """The accuracy after each label."""
    labels, accuracies = np.full(len(features.train), -1, np.int64), []
    for _ in range(min(most, len(labels))):
        row = order(labels)
        labels[row] = features.train_labels[row]
        accuracies.append(features.accuracy(labels))
    return accuracies


def until(accuracies: list[float], target: float, stays: int = 1) -> int | None:
    """After how many labels the accuracy reached the target, for so many labels in a row."""
    good = [accuracy >= target for accuracy in accuracies]
    return next((at + 1 for at in range(len(good) - stays + 1) if all(good[at : at + stays])), None)


def measured(features: Features, options: argparse.Namespace) -> dict[str, Any]:
    everything = features.accuracy(features.train_labels)
    target = options.target if everything >= options.target else round(0.95 * everything, 3)
    result: dict[str, Any] = {"all": round(everything, 4), "target": target}
    parts = [features.four_fifths(seed) for seed in range(options.seeds)]
    for name, order in (("ours", ours), ("random", at_random)):
        courses = [course(part, order(part, seed), options.most) for seed, part in enumerate(parts)]
        result[name] = {
            "labels": [until(accuracies, target) for accuracies in courses],
            "kept": [until(accuracies, target, STAYS) for accuracies in courses],
            "accuracy after 10, 20, 50, 100 labels": [
                round(float(np.mean([accuracies[at - 1] for accuracies in courses])), 4)
                for at in (10, 20, 50, 100)
                if at <= len(courses[0])
            ],
        }
    for kind in ("labels", "kept"):
        result[f"ratio of {kind}"] = ratio(result["random"][kind], result["ours"][kind], options.most)
    return result


def ratio(random: list[int | None], own: list[int | None], most: int) -> list[float]:
    """Of the means, with its 95% interval by bootstrap over seeds."""
    counts = [np.array([most if count is None else count for count in some], float) for some in (random, own)]
    draws = np.random.default_rng(0).integers(len(own), size=(2, 10_000, len(own)))
    ratios = counts[0][draws[0]].mean(axis=1) / counts[1][draws[1]].mean(axis=1)
    interval = np.quantile(ratios, (0.025, 0.975))
    return [round(float(value), 2) for value in (counts[0].mean() / counts[1].mean(), *interval)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--most", type=int, default=300)
    parser.add_argument("--target", type=float, default=0.95)
    options = parser.parse_args()
    cache = home() / "cache" / "weights"
    with own_home(cache if cache.is_dir() else None), tempfile.TemporaryDirectory(prefix="pawlab-bench-") as drawn:
        with extracted(photos_zip()) as folder:
            photos = measured(Features.of(folder, options.size), options)
        draw_shapes(Path(drawn) / "shapes", 150, 100, SHAPES[:6])
        shapes = measured(Features.of(Path(drawn) / "shapes", options.size), options)
    print_result(
        {"benchmark": "label", "size": options.size, "seeds": options.seeds, "photos": photos, "shapes": shapes}
    )


if __name__ == "__main__":
    main()
