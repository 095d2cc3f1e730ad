"""Times the head: `python -m core.training.head.head_pace FOLDER`. In a process of its own, which gives its memory
back.

The folder holds `StoredRows` of a few images, one folder for each part of the plan, and settings.json with `settings`
and `classes`. Prints one JSON object with `step_seconds` and `validation_seconds` (`core.training.estimate.Pace`).
"""

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from core.backbone.rows import FeatureArray, StoredRows
from core.runs.feature_plan import feature_plan
from core.runs.settings import TrainingConfig
from core.storage.files import read_json
from core.training.head.fit import VALIDATION_BATCH, new_head
from core.training.head.fused_step import Columns

WARM_UP = 2  # steps: the first compiles, and touches the memory for the first time
SECONDS = 1.0
MOST_STEPS = 40


def time_head(features: FeatureArray, classes: int, config: TrainingConfig) -> dict[str, float]:
    """The median time of a step and of a validation batch, on these features over and over."""
    head = new_head(features.width, classes, config)
    rows = np.resize(np.arange(features.rows), config.batch_size)
    batch, labels = Columns.of(features.read(rows)), features.labels[rows]
    generator = np.random.default_rng(config.seed)
    product = head.product(batch)
    times: list[float] = []
    until = time.perf_counter() + SECONDS
    while len(times) < WARM_UP + 1 or (len(times) < MOST_STEPS and time.perf_counter() < until):
        started = time.perf_counter()
        _, product = head.step(batch, product, labels, config.learning_rate, generator, batch)
        times.append(time.perf_counter() - started)
        if len(times) == WARM_UP:
            until = time.perf_counter() + SECONDS
    rows = np.resize(np.arange(features.rows), VALIDATION_BATCH)
    scored, labels = Columns.of(features.read(rows)), features.labels[rows]
    validation = []
    for _ in range(3):
        started = time.perf_counter()
        head.evaluate(scored, labels)
        validation.append(time.perf_counter() - started)
    return {"step_seconds": statistics.median(times[WARM_UP:]), "validation_seconds": statistics.median(validation)}


def main(folder: Path) -> None:
    task = read_json(folder / "settings.json")
    config = TrainingConfig.create(task["settings"])
    features = FeatureArray(*(StoredRows(folder / part) for part in feature_plan(config, "train").parts))
    with threadpool_limits(1, user_api="blas"):  # as in training
        times = time_head(features, task["classes"], config)
    sys.stdout.write(json.dumps(times) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
