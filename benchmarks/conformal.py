"""Sets with a guarantee on photos: how often they hold the true class, and how large they are.

    python -m benchmarks.conformal [--size 160] [--splits 20]

The photos are split at random, with a seed, `--splits` times: a fifth to train a head (logistic regression on the
features of the frozen base), two fifths to set the cutoff of the sets, two fifths that neither has seen. `all` is the
head of all these training images, `ten` that of 10 a class, which errs more: only there one class is not enough at 90%.

For each level: `plain`, coverage of the sets by the cutoff alone, which may be empty, as the method is published, and
the number of splits with a coverage within 2 points of the level; `shown`, that of the sets that Pawlab shows, which
hold the most probable class too; and the mean numbers of classes in both. Means over the splits, with their range. Of
two draws of so many images, chance alone gives the coverage of one split a standard deviation of `chance`.
"""

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.common import extracted, own_home, photos_zip, print_result
from benchmarks.unknown import Base
from core.datasets import open_dataset
from core.evaluation.conformal import score_sets
from core.evaluation.predictions import Predictions
from core.runs.choices import LEVELS
from core.runs.sets import PredictionSets, cutoff_of
from core.storage.home import home

Floats = NDArray[np.float64]
TEN = 10
STRENGTH = 10.0  # of scikit-learn's C, for features of length 1


def few_of_each(labels: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """The first rows of each class."""
    return np.concatenate([np.flatnonzero(labels == label)[:number] for label in np.unique(labels)])


def measured(labels: NDArray[np.int64], table: Floats, level: float) -> dict[str, float]:
    """The first half of the rows sets the cutoff, the second measures."""
    half = len(labels) // 2
    cutoff = cutoff_of(table[np.arange(half), labels[:half]], level)
    assert cutoff is not None
    fresh, true = table[half:], labels[half:]
    plain = fresh >= cutoff
    scores = score_sets(Predictions(("cats", "dogs"), true, fresh), PredictionSets(level, cutoff))
    return {
        "plain": float(plain[np.arange(len(true)), true].mean()),
        "plain size": float(plain.sum(axis=1).mean()),
        "shown": scores.coverage.value,
        "shown size": scores.size.value,
        "more than one class": scores.several.value,
    }


def summed_up(splits: list[dict[str, float]], level: float) -> dict[str, Any]:
    figures: dict[str, Any] = {
        name: [round(float(figure([split[name] for split in splits])), 4) for figure in (np.mean, min, max)]
        for name in splits[0]
    }
    return figures | {"splits within 2 points": sum(abs(split["plain"] - level) <= 0.02 for split in splits)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--splits", type=int, default=20)
    options = parser.parse_args()
    cache = home() / "cache" / "weights"
    with extracted(photos_zip()) as folder, own_home(cache if cache.is_dir() else None):
        dataset = open_dataset(folder)
        features = Base(options.size).of_photos(dataset)
    records = [*dataset.usable("train"), *dataset.usable("validation")]
    labels = np.array([dataset.classes.index(record.label) for record in records], np.int64)
    results: dict[str, dict[float, list[dict[str, float]]]] = {
        name: {level: [] for level in LEVELS} for name in ("all", "ten")
    }
    accuracies: dict[str, list[float]] = {name: [] for name in results}
    num_train = len(labels) // 5
    for seed in range(options.splits):
        order = np.random.default_rng(seed).permutation(len(labels))
        train, others = order[:num_train], order[num_train:]
        for name, rows in (("all", train), ("ten", train[few_of_each(labels[train], TEN)])):
            head = LogisticRegression(C=STRENGTH).fit(features[rows], labels[rows])
            table = head.predict_proba(features[others])
            accuracies[name].append(float((table.argmax(axis=1) == labels[others]).mean()))
            for level in LEVELS:
                results[name][level].append(measured(labels[others], table, level))
    half = (len(labels) - num_train) // 2
    print_result(
        {
            "benchmark": "conformal",
            "size": options.size,
            "splits": options.splits,
            "images": {"train": num_train, "cutoff": half, "fresh": len(labels) - num_train - half},
            "chance": {f"{level:.0%}": round((2 * level * (1 - level) / half) ** 0.5, 4) for level in LEVELS},
            "accuracy": {name: round(float(np.mean(values)), 4) for name, values in accuracies.items()},
            "mean, least, most": {
                name: {f"{level:.0%}": summed_up(splits, level) for level, splits in levels.items()}
                for name, levels in results.items()
            },
        }
    )


if __name__ == "__main__":
    main()
