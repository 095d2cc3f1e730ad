"""How well heads learn on little and on much data, beside logistic regression on the same features.

    python -m benchmarks.quality [--data photos drawn] [--presets fast notebook] [--sizes 10 30 100 full] [--seeds 5]

For each seed, so many images per class are drawn from the training folder (all of them for `full`) and 20 % of them go
to validation, by Pawlab's own split. The head is trained by `core.training.head.fit` on cached features, with one
augmented copy of each training image, and scored on held-out images that neither trained nor chose: the 1,000 of the
photos' validation folder (`benchmarks.common.photos_zip`), or 600 of ten classes that `benchmarks.drawn_shapes` draws.
The peer is scikit-learn's logistic regression (C 1, features as they are) on the average-pooled features of the same
training images with their copies. Copies are drawn with seed 0 for all seeds, so that features are extracted once; they
stay in the cache under PAWLAB_HOME.

Accuracies only: no times. `interval` is the mean's, 95 %, from Student's t over the seeds.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student
from sklearn.linear_model import LogisticRegression

from benchmarks.common import extracted, photos_zip, print_result
from benchmarks.drawn_shapes import draw_shapes
from core.backbone.features import extract_features
from core.backbone.graph import cached_base
from core.backbone.rows import FeatureArray, SparseRows
from core.backbone.weights import resolve_weights
from core.datasets import Dataset, open_dataset
from core.datasets.split import choose_validation
from core.runs.feature_plan import feature_plan
from core.runs.settings import Preset, TrainingConfig, preset
from core.training.head.fit import fit, new_head, read_ahead
from core.training.head.fused_step import to_panels
from core.training.head.head import Head
from core.training.loop.checkpoint import Best
from core.training.loop.epochs import Features, TrainingCallbacks, evaluate

DRAWN_TRAIN, DRAWN_HELD_OUT = 150, 60  # images per class


class Chosen:
    """Some rows of a `FeatureArray`, as one."""

    def __init__(self, features: FeatureArray, rows: NDArray[np.int64]) -> None:
        self._features, self._rows = features, rows
        self.width, self.rows, self.labels = features.width, len(rows), features.labels[rows]

    def read(self, rows: NDArray[np.int64]) -> SparseRows:
        return self._features.read(self._rows[rows])

    def dense(self) -> NDArray[np.float32]:
        return self.read(np.arange(self.rows)).dense()


@dataclass(frozen=True)
class Source:
    """A dataset with the features of one preset: `train` with copies, `held_out` without."""

    dataset: Dataset
    train: FeatureArray
    held_out: FeatureArray
    copies: int

    def draw(self, size: int | None, seed: int) -> tuple[Chosen, Chosen]:
        """Training rows with their copies, and validation rows, of `size` images per class; None for all."""
        records = self.dataset.usable("train")
        order = np.random.default_rng([seed, 7]).permutation(len(records))
        drawn = [
            place
            for label in self.dataset.classes
            for place in [int(place) for place in order if records[place].label == label][:size]
        ]
        validation = choose_validation([records[place] for place in drawn], TrainingConfig().validation_split, seed)
        to_train = np.array([place for place in drawn if records[place].path not in validation])
        to_validate = np.array([place for place in drawn if records[place].path in validation])
        lines = 1 + self.copies
        return (
            Chosen(self.train, (to_train[:, None] * lines + np.arange(lines)).ravel()),
            Chosen(self.train, to_validate * lines),
        )


@contextmanager
def folder_of(data: str) -> Iterator[Path]:
    if data == "photos":
        with extracted(photos_zip()) as folder:
            yield folder
        return
    with tempfile.TemporaryDirectory(prefix="pawlab-bench-") as folder:
        draw_shapes(Path(folder) / "shapes", DRAWN_TRAIN, DRAWN_HELD_OUT)
        yield Path(folder) / "shapes"


def source_of(folder: Path, config: TrainingConfig) -> Source:
    dataset = open_dataset(folder)
    weights = resolve_weights()
    base, digest = cached_base(weights), weights.provenance.digest
    train, held_out = (
        extract_features(dataset, split, feature_plan(config, split), base, digest) for split in ("train", "validation")
    )
    return Source(dataset, train, held_out, config.copies)


def kept_head(source: Source, train: Chosen, validation: Chosen, config: TrainingConfig) -> tuple[Head, Best]:
    """The head that the run would have kept, and what it predicted on the validation images."""
    features: Any = Features(train, validation)  # type: ignore[arg-type]
    classes = len(source.dataset.classes)
    callbacks = TrainingCallbacks(lambda kind, **fields: None, lambda: False)
    with tempfile.TemporaryDirectory(prefix="pawlab-bench-") as folder:
        best = fit(Path(folder), features, classes, config, callbacks).best
    assert isinstance(best, Best)
    head = new_head(train.width, classes, config)
    for name, values in best.weights.items():
        head.arrays[name][...] = to_panels(values) if name == "hidden_kernel" else values
    return head, best


def head_accuracy(source: Source, train: Chosen, validation: Chosen, config: TrainingConfig) -> float:
    """On the held-out images."""
    head, _ = kept_head(source, train, validation, config)
    scores, _ = evaluate(head, source.held_out, 256, read_ahead)
    return scores.scores()["accuracy"]


def regression_accuracy(source: Source, train: Chosen) -> float:
    regression = LogisticRegression(max_iter=5000).fit(train.dense(), train.labels)
    held_out = Chosen(source.held_out, np.arange(source.held_out.rows))
    return float(regression.score(held_out.dense(), held_out.labels))


def summary(values: list[float]) -> dict[str, Any]:
    mean, spread = float(np.mean(values)), 0.0
    if len(values) > 1:
        spread = float(student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return {
        "mean": round(mean, 4),
        "interval": [round(mean - spread, 4), round(mean + spread, 4)],
        "lowest": round(min(values), 4),
        "seeds": [round(value, 4) for value in values],
    }


def measure(data: str, presets: list[Preset], sizes: list[str], seeds: int, changes: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    name: Preset
    with folder_of(data) as folder:
        square = {name: value for name, value in changes.items() if name in ("image_size", "crop")}
        pooled = source_of(folder, preset("fast").changed(**square))
        for size in sizes:
            count = None if size == "full" else int(size)
            row: dict[str, Any] = {}
            draws = [pooled.draw(count, seed)[0] for seed in range(seeds)]
            row["logistic_regression"] = summary([regression_accuracy(pooled, train) for train in draws])
            for name in presets:
                config = preset(name).changed(**changes)
                source = pooled if name == "fast" else source_of(folder, config)
                accuracies = []
                for seed in range(seeds):
                    train, validation = source.draw(count, seed)
                    accuracies.append(head_accuracy(source, train, validation, config.changed(seed=seed)))
                row[name] = summary(accuracies)
            result[size] = row
            for learner, values in row.items():
                print(f"{data:7} {size:>5} {learner:20} {values['mean']:.4f} {values['interval']}", file=sys.stderr)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", nargs="+", default=["photos", "drawn"], choices=["photos", "drawn"])
    parser.add_argument("--presets", nargs="*", default=["fast", "notebook"], choices=["fast", "notebook"])
    parser.add_argument("--sizes", nargs="+", default=["10", "30", "100", "full"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings other than the preset's")
    options = parser.parse_args()
    presets: list[Preset] = options.presets
    changes = dict(pair.split("=", 1) for pair in options.set)
    results = {data: measure(data, presets, options.sizes, options.seeds, changes) for data in options.data}
    print_result({"benchmark": "quality", "seeds": options.seeds, "changed": changes, "accuracy": results})


if __name__ == "__main__":
    main()
