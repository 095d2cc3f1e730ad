"""The bank of single augmentations: what it costs, how soon a slider has its number, and whether it predicts real runs.

    python -m benchmarks.bank [--images 500] [--epochs 10] [--copies 1] [--no-runs]

bank      500 of the photos (`benchmarks.common.photos_zip`), 160 pixels: every change at every strength through the
          base, nothing cached but the weights; then once more from the cache.
slider    one slider moved at random 100 times: its change alone and all together, without and with a first look.
propose   the search, on one core.
runs      12 policies. Predicted by the bank; real: `fast` runs with the same seed, on the same 500 training images,
          each against the run without copies on the 1,000 validation photos. `rank` is Spearman's correlation,
          `covered` the share of the real differences that lie in the predicted 95% interval. Once of all, once without
          those that the page calls rough.
"""

import argparse
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from benchmarks.common import extracted, median, own_home, photos_zip, print_result, seconds
from core.api import train
from core.augmentation import PRESETS, AugmentationConfig
from core.backbone.graph import cached_base
from core.backbone.weights import resolve_weights
from core.bank.bank import Bank
from core.bank.measure import measure_bank, most_rows
from core.bank.predict import Predictor
from core.bank.search import propose
from core.datasets import Dataset, open_dataset
from core.datasets.stratified import choose
from core.evaluation.compare_runs import compare, load_validated
from core.runs.run import Run
from core.runs.settings import TrainingConfig, preset
from core.storage.home import home

_NONE = PRESETS["none"]
POLICIES = {
    "gentle": PRESETS["gentle"],
    "notebook": PRESETS["notebook"],
    "strong": PRESETS["strong"],
    "flip": _NONE.changed(horizontal_flip=True),
    "crop": _NONE.changed(crop_scale=(0.3, 1.0), horizontal_flip=True),
    "tiny crop": _NONE.changed(crop_scale=(0.05, 0.2)),
    "light": _NONE.changed(brightness_range=(0.5, 1.5), contrast_range=(0.5, 1.5), saturation_range=(0.0, 2.0)),
    "upside down": _NONE.changed(rotation_range=180, vertical_flip=True),
    "far away": _NONE.changed(zoom_range=0.6, width_shift_range=0.5, height_shift_range=0.5),
    "bad camera": _NONE.changed(blur_range=5, noise_range=60, jpeg_quality_range=(5, 40)),
    "no colour": _NONE.changed(grayscale_probability=1.0, channel_shift_range=120),
    "covered": _NONE.changed(erasing_probability=1.0, rotation_range=30),
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--no-runs", action="store_true", help="only times: twelve runs take minutes")
    return parser.parse_args()


def main() -> None:
    options = parse()
    config = preset("fast").changed(epochs=options.epochs, copies=options.copies)
    cached_base(resolve_weights())  # the first start's download and export are not measured
    with extracted(photos_zip()) as folder, own_home(home() / "cache" / "weights"):
        data = open_dataset(folder, edits=False)
        banks: list[Bank] = []
        times = [seconds(lambda: banks.append(measure_bank(data, config, options.images))) for _ in range(2)]
        bank = banks[0]
        result: dict[str, Any] = {
            "bank": {
                "images": len(bank.labels),
                "rows": most_rows(data, options.images),
                "seconds": round(times[0], 1),
                "seconds_cached": round(times[1], 1),
            },
            "slider": time_slider(bank, config.copies),
        }
        found: list[Any] = []
        took = seconds(lambda: found.append(propose(bank, config.copies)))
        result["propose"] = {"seconds": round(took, 1), "words": found[0].in_words()}
        if not options.no_runs:
            result["runs"] = real_runs(bank, data, config, options.images)
    print_result(result)


def time_slider(bank: Bank, copies: int) -> dict[str, float]:
    """Milliseconds."""
    first = seconds(lambda: Predictor(bank).alone(AugmentationConfig(), copies))
    predictor, config, times = Predictor(bank), AugmentationConfig(), []
    predictor.alone(config, copies)
    for degrees in np.random.default_rng(0).permutation(np.arange(1, 101)):
        config = config.changed(rotation_range=float(degrees))
        times.append(seconds(lambda: (predictor.alone(config, copies), predictor.together(config, copies))))  # noqa: B023
    return {
        "first_ms": round(1000 * first),
        "median_ms": round(1000 * median(times)),
        "p95_ms": round(1000 * float(np.quantile(times, 0.95))),
    }


def real_runs(bank: Bank, data: Dataset, config: TrainingConfig, num: int) -> dict[str, Any]:
    """Predicted and real differences of accuracy, in points."""
    folder = few_photos(data, config, num)
    predictor = Predictor(bank)
    settings = config.model_dump(exclude={"copies", "augmentation"})

    def trained(name: str, copies: int, augmentation: AugmentationConfig) -> Run:
        return train(folder, preset="fast", name=name, copies=copies, augmentation=augmentation, **settings)

    without = load_validated(trained("none", 0, _NONE))
    rows: dict[str, dict[str, float]] = {}
    is_rough: dict[str, bool] = {}
    for name, augmentation in POLICIES.items():
        real = compare(without, load_validated(trained(name, config.copies, augmentation)))
        predicted = predictor.together(augmentation, config.copies).change
        points = (predicted.difference, predicted.low, predicted.high, real.difference, real.low, real.high)
        is_rough[name] = predictor.together(augmentation, config.copies).rough
        rows[name] = dict(
            zip(
                ("predicted", "low", "high", "real", "real_low", "real_high"),
                (round(100 * value, 2) for value in points),
                strict=True,
            )
        )
        print(name, rows[name], flush=True)
    real_accuracy = without.predictions.accuracy().value
    return {
        "accuracy_without": {"bank": round(predictor.accuracy, 4), "real": round(real_accuracy, 4)},
        "policies": rows,
        "all": agreement(list(rows.values())),
        "without_rough": agreement([row for name, row in rows.items() if not is_rough[name]]),
    }


def agreement(rows: list[dict[str, float]]) -> dict[str, float]:
    predicted, real = (np.array([row[key] for row in rows]) for key in ("predicted", "real"))
    return {
        "policies": len(rows),
        "rank": round(float(spearmanr(predicted, real).statistic), 2),
        "covered": round(float(np.mean([row["low"] <= row["real"] <= row["high"] for row in rows])), 2),
        "mean_error": round(float(np.abs(predicted - real).mean()), 2),
    }


def few_photos(data: Dataset, config: TrainingConfig, num: int) -> Path:
    """A folder with the bank's training images and all validation images."""
    folder = data.root.parent / "few"
    for record in [*choose(data.usable("train"), num, config.seed), *data.usable("validation")]:
        target = folder / record.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(data.file(record), target)
    return folder


if __name__ == "__main__":
    main()
