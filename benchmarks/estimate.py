"""What the Training page says that a run will cost, against what the run then costs.

    python -m benchmarks.estimate [--photos 600] [--epochs 10]

Both presets on the drawn sample and on a part of the real photos, with empty caches; EarlyStopping is off, since an
estimate is for all epochs. Each figure stands as [estimated, real], `ratio` is the first by the second. Seconds are of
the feature pass and of the head, memory is the worker's peak, disk is what the features take in the cache, what the two
saved models take, and what checkpoints take at most while it trains. Both seconds are measured one after the other: on
a machine with other work their ratio says how busy it was.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.common import extracted, own_home, photos_zip, print_result
from core.backbone.weights import resolve_weights
from core.datasets import open_dataset
from core.runs.feature_plan import workload_of
from core.runs.run import ACTIVE, Run, create_run
from core.runs.settings import Preset, TrainingConfig, preset
from core.runs.start import collect, start_run
from core.storage.files import size_of
from core.storage.home import subfolder
from core.training.estimate import Estimate, estimate
from core.training.measure import measure

# Size and preset, beside the presets' own 160 pixels: what memory depends on.
CASES: tuple[tuple[Preset, int], ...] = (("fast", 160), ("notebook", 160))
MORE: tuple[tuple[Preset, int], ...] = (("fast", 96), ("fast", 320), ("notebook", 96), ("notebook", 256))


@contextmanager
def some_photos(number: int) -> Iterator[Path]:
    """So many of the photos, a third of them to validate with, as many of each class."""
    with extracted(photos_zip()) as whole, tempfile.TemporaryDirectory(prefix="pawlab-bench-") as folder:
        for split, share in (("train", number // 3), ("validation", number // 6)):
            for label in sorted((whole / split).iterdir()):
                target = Path(folder) / split / label.name
                target.mkdir(parents=True)
                for file in sorted(label.iterdir())[:share]:
                    shutil.copyfile(file, target / file.name)
        yield Path(folder)


def train(run: Run) -> int:
    """Trains to the end; gives the most bytes that its checkpoints took."""
    start_run(run)
    most = 0
    while run.status() in ACTIVE or run.alive():
        collect()
        most = max(most, sum(size_of(folder) for folder in run.directory.glob("*checkpoint-*")))
        time.sleep(0.02)
    if run.status() != "finished":
        sys.exit(f"{run.directory} ended as {run.status()}: {run.history().reason}")
    return most


def pair(estimated: float, real: float) -> dict[str, Any]:
    return {"estimated": round(estimated, 1), "real": round(real, 1), "ratio": round(estimated / real, 2)}


def case(source: str, name: Preset, image_size: int, epochs: int) -> dict[str, Any]:
    """The estimate of one run, and the run."""
    config: TrainingConfig = preset(name).changed(image_size=image_size, epochs=epochs, early_stopping_patience=epochs)
    dataset = open_dataset(source)
    measured = measure(dataset, config)
    work = workload_of(dataset, config, measured.weights_digest)
    estimated: Estimate = estimate(work, measured.pace, config, len(dataset.classes))
    run = create_run(source, config)
    checkpoints = train(run)
    summary = run.summary()
    features = size_of(subfolder("cache", "features"))
    models = sum((run.directory / name).stat().st_size for name in ("model.keras", "model.onnx"))
    result = {
        "preset": name,
        "image_size": image_size,
        "rows": work.new_rows,
        "features_seconds": pair(estimated.feature_seconds, summary["seconds"]["features"]),
        "head_seconds": pair(estimated.head_seconds, summary["seconds"]["head"]),
        "memory_mb": pair(estimated.memory_bytes / 1e6, summary["peak_memory_mb"]),
        "features_mb": pair(estimated.feature_bytes / 1e6, features / 1e6),
        "models_mb": pair(estimated.model_bytes / 1e6, models / 1e6),
        "checkpoints_mb": pair(estimated.checkpoint_bytes / 1e6, checkpoints / 1e6),
    }
    shutil.rmtree(subfolder("cache", "features"))
    shutil.rmtree(run.directory)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--sizes", action="store_true", help="other image sizes too")
    options = parser.parse_args()
    cases = []
    with own_home():
        resolve_weights()
        with some_photos(options.photos) as photos:
            for data, source in (("sample", "sample"), ("photos", str(photos))):
                for name, image_size in (*CASES, *(MORE if options.sizes and data == "sample" else ())):
                    result = {"data": data, **case(source, name, image_size, options.epochs)}
                    print(result, file=sys.stderr)
                    cases.append(result)
    figures = ("features_seconds", "head_seconds", "memory_mb", "features_mb", "models_mb", "checkpoints_mb")
    ratios = {name: sorted(result[name]["ratio"] for result in cases) for name in figures}
    print_result({"benchmark": "estimate", "epochs": options.epochs, "cases": cases, "ratios": ratios})


if __name__ == "__main__":
    main()
