"""The short measurement behind an estimate: a few of the dataset's own images through the real pipeline, and some
steps of the real head."""

import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from core.backbone.features import Shared, compute_features
from core.backbone.rows import ROWS
from core.datasets import Dataset, ImageRecord
from core.datasets.trainable import check_trainable
from core.errors import ExportError, PawlabError
from core.jobs.process import module_command, module_environment
from core.jobs.progress import Progress, silent
from core.jobs.subprocess_limits import run_bounded
from core.runs.feature_plan import feature_plan
from core.runs.settings import TrainingConfig
from core.storage.files import write_json
from core.training.estimate import Pace
from core.training.model_summary import FLOAT_BYTES, pooling_cost

FIRST_ROWS = 24  # a first pass, to learn how many rows take SECONDS
SECONDS = 1.5
MOST_IMAGES = 400
KERNELS_IN_TRAINING = 5
HEAD_SECONDS = 300.0  # for a second of steps, after the compiler


@dataclass(frozen=True)
class Measured:
    """A pace, and the digest of the weights with which it was measured: the cache is keyed by it."""

    pace: Pace
    weights_digest: str


def measure(dataset: Dataset, config: TrainingConfig, progress: Progress = silent) -> Measured:
    """Takes a few seconds, and fetches the pre-trained weights where this machine has none yet.

    Args:
        progress: Called with the phases "weights", "features" and "measure". May raise `Cancelled`.

    Raises:
        DatasetError: The dataset cannot be trained on.
        WeightsError: No source of the weights works.
        PawlabError: The head does not fit into memory, or its process died.
    """
    from core.backbone.graph import cached_base  # imports ONNX and HDF5
    from core.backbone.weights import resolve_weights

    check_trainable(dataset)
    _check_memory(config)
    weights = resolve_weights(progress)
    base = cached_base(weights)
    records = dataset.usable("train")
    plan = feature_plan(config, "train")
    rows_a_image = 1 + plan.copies

    def extract(count: int, target: Path) -> tuple[int, float]:
        """Extracts features of `count` images. Returns how many there were, and the seconds per row."""
        targets = {part: target / part for part in plan.parts}
        for folder in targets.values():
            folder.mkdir(parents=True)
        chosen = _spread(records, count)
        clock = _Clock(progress)
        compute_features(dataset, chosen, plan, Shared(base), targets, clock)
        return len(chosen), clock.seconds_a_row()

    with tempfile.TemporaryDirectory(prefix="pawlab-measure-") as name:
        folder = Path(name)
        first, row_seconds = extract(-(-FIRST_ROWS // rows_a_image), folder / "first")
        count = min(MOST_IMAGES, int(SECONDS / (row_seconds * rows_a_image)))
        images = first
        if count > first and len(records) > first:
            images, row_seconds = extract(count, folder / "second")
        rows = folder / ("second" if (folder / "second").is_dir() else "first")
        write_json(
            rows / "settings.json", {"settings": config.model_dump(mode="json"), "classes": len(dataset.classes)}
        )
        head = _time_head(rows, progress)
        row_bytes = sum(file.stat().st_size for file in rows.rglob(ROWS)) / (images * rows_a_image)
    pace = Pace(images, row_seconds, row_bytes, head["step_seconds"], head["validation_seconds"])
    return Measured(pace, weights.provenance.digest)


class _Clock:
    """A progress callback that times the rows between the first call and the last: what begins and ends a pass, such as
    opening the graph, happens once in a run as well, whatever its size."""

    def __init__(self, progress: Progress) -> None:
        self._report, self._began = progress, time.perf_counter()
        self._calls: list[tuple[float, int]] = []

    def __call__(self, phase: str, done: int, total: int) -> None:
        self._calls.append((time.perf_counter(), done))
        self._report(phase, done, total)

    def seconds_a_row(self) -> float:
        (first, before), (last, done) = self._calls[0], self._calls[-1]
        if done == before:  # all in one call
            first, before = self._began, 0
        return (last - first) / (done - before)


def _spread(records: list[ImageRecord], count: int) -> list[ImageRecord]:
    """`count` of them at even distances, or all."""
    return [records[i] for i in np.unique(np.linspace(0, len(records) - 1, min(count, len(records))).astype(int))]


def _check_memory(config: TrainingConfig) -> None:
    needed = KERNELS_IN_TRAINING * pooling_cost(config, config.pooling).weights * FLOAT_BYTES
    free = psutil.virtual_memory().available
    if needed > free:
        raise PawlabError(
            f"The head alone needs {needed / 1e9:.1f} GB of memory; this machine has {free / 1e9:.1f} GB free",
            "a head that fits into memory",
            "Use average pooling, a smaller image size or fewer hidden units",
        )


def _time_head(folder: Path, progress: Progress) -> dict[str, float]:
    """Runs `core.training.head.head_pace` and returns its times."""
    command = module_command("core.training.head.head_pace", str(folder))
    try:
        output = run_bounded(command, HEAD_SECONDS, lambda: progress("measure", 0, 0), env=module_environment())
    except ExportError as error:
        raise PawlabError(
            f"The head could not be timed: {error.received}",
            "a process that trains it for a second",
            "Close other programs, or use a smaller image size",
        ) from error
    times: dict[str, float] = json.loads(output.splitlines()[-1])
    return times
