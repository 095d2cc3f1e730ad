"""The short measurement behind an estimate: a few of the dataset's own pictures through the real pipeline, and some
steps of the real head."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from core.backbone.features import compute_features
from core.backbone.rows import ROWS
from core.datasets import Dataset, ImageRecord
from core.datasets.trainable import check_trainable
from core.errors import PawlabError
from core.files import write_json
from core.progress import Progress, silent
from core.training.anatomy import FLOAT_BYTES, pooling_cost
from core.training.estimate import Pace
from core.training.recipe import TrainingConfig
from core.training.workload import feature_plan

FIRST_ROWS = 24  # that pass the base to say how many can in SECONDS
SECONDS = 1.5
MOST_PICTURES = 400
KERNELS_IN_TRAINING = 5
TICK = 0.1  # seconds between two looks at the process that times the head
PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Measured:
    """A pace, and the digest of the weights with which it was measured: the cache is keyed by it."""

    pace: Pace
    weights_digest: str


def measure(dataset: Dataset, config: TrainingConfig, progress: Progress = silent) -> Measured:
    """Takes a few seconds, and fetches the pre-trained weights where this machine has none yet.

    Args:
        progress: Told of the phases "weights", "features" and "measure". May raise `Cancelled`.

    Raises:
        DatasetError: The dataset cannot be trained on.
        WeightsError: No weights are to be had.
        PawlabError: The head does not fit into memory, or its process died.
    """
    from core.backbone.graph import cached_base  # with ONNX and HDF5: only for who asks
    from core.backbone.weights import resolve_weights

    check_trainable(dataset)
    _check_memory(config)
    weights = resolve_weights(progress=progress)
    base = cached_base(weights)
    records = dataset.usable("train")
    rows_a_picture = 1 + feature_plan(config, "train").copies

    def passed(count: int, target: Path) -> tuple[int, float]:
        """Passes `count` pictures; how many that were, and the seconds that one row took."""
        target.mkdir()
        chosen = _spread(records, count)
        clock = _Clock(progress)
        compute_features(dataset, chosen, feature_plan(config, "train"), base, target, clock)
        return len(chosen), clock.seconds_a_row()

    with tempfile.TemporaryDirectory(prefix="pawlab-measure-") as name:
        folder = Path(name)
        first, row_seconds = passed(-(-FIRST_ROWS // rows_a_picture), folder / "first")
        count = min(MOST_PICTURES, int(SECONDS / (row_seconds * rows_a_picture)))
        pictures = first
        if count > first and len(records) > first:
            pictures, row_seconds = passed(count, folder / "second")
        rows = folder / ("second" if (folder / "second").is_dir() else "first")
        write_json(
            rows / "settings.json", {"settings": config.model_dump(mode="json"), "classes": len(dataset.classes)}
        )
        head = _time_head(rows, progress)
        row_bytes = (rows / ROWS).stat().st_size / (pictures * rows_a_picture)
    pace = Pace(pictures, row_seconds, row_bytes, head["step_seconds"], head["validation_seconds"])
    return Measured(pace, weights.provenance.digest)


class _Clock:
    """A progress callback that times the rows between the first call and the last: what begins and ends a pass, such as
    opening the graph, happens once in a run as well, whatever its size."""

    def __init__(self, tell: Progress) -> None:
        self._tell, self._began = tell, time.perf_counter()
        self._calls: list[tuple[float, int]] = []

    def __call__(self, phase: str, done: int, total: int) -> None:
        self._calls.append((time.perf_counter(), done))
        self._tell(phase, done, total)

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
            f"The head alone needs {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free on this machine",
            "a head that fits",
            "Use pooling average, a smaller image size or fewer units",
        )


def _time_head(folder: Path, progress: Progress) -> dict[str, float]:
    """What `core.training.head_pace` prints."""
    command = [sys.executable, "-m", "core.training.head_pace", str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True) as child:
        try:
            said, complained = _communicate(child, lambda: progress("measure", 0, 0))
        except BaseException:
            child.kill()
            raise
    if child.returncode:
        last = (complained.strip().splitlines() or [f"ended with code {child.returncode}"])[-1]
        raise PawlabError(
            f"The head could not be timed: {last[:200]}",
            "a process that trains it for a second",
            "Close other programs, or use a smaller image size",
        )
    found: dict[str, float] = json.loads(said.splitlines()[-1])
    return found


def _communicate(child: subprocess.Popen[str], look: Callable[[], None]) -> tuple[str, str]:
    while True:
        try:
            return child.communicate(timeout=TICK)
        except subprocess.TimeoutExpired:
            look()
