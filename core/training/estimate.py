"""Time, memory and disk of a run, from a short measurement (`core.training.measure`) and arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.runs.feature_plan import Workload
from core.runs.settings import TrainingConfig, preset
from core.training.model_summary import FLOAT_BYTES, layers_of, pooling_cost, vector_length
from core.training.schedule import num_steps

VALIDATION_BATCH = 256  # images that the head scores together
PANEL = 64  # units that the head keeps side by side: the last panel is filled up
# A worker and the process that saves, without a head, each at its worst moment: 1,302, 1,428 and 1,655 MB were measured
# at 96, 160 and 224 pixels. TensorFlow's import is 700 of them.
PROCESS_BYTES = 1_225_000_000
PIXEL_BYTES = 8600  # more for each pixel of an image, when both saved models are compared
START_AND_SAVE_SECONDS = 7.0  # of one run: 6 to 8 were measured, most of them TensorFlow's import and the comparison
KERNELS_WHILE_SAVING = 8  # copies of the hidden kernel then, in both processes
LARGER_SIZE, LARGER_TIMES = 224, 1.8  # pixels, and how many times longer an image takes than at 160
LARGER_SECONDS = 120.0  # a whole run at that size may take, where it is proposed


@dataclass(frozen=True)
class Pace:
    """What was measured on this machine, with these images and settings.

    `row_seconds` and `row_bytes` are of one image or copy through decoding, augmentation and base, all cores at work,
    and of its features on disk; `step_seconds` of one training step of the head, `validation_seconds` of scoring
    `VALIDATION_BATCH` images. `images` is how many were passed.
    """

    images: int
    row_seconds: float
    row_bytes: float
    step_seconds: float
    validation_seconds: float


@dataclass(frozen=True)
class Estimate:
    """Of a whole run. `head_seconds` are those of all epochs; EarlyStopping may end sooner. `checkpoint_bytes` are on
    disk while it trains, two checkpoints where one takes the other's place; `model_bytes` stay, and so does what the
    features take in the cache."""

    feature_rows: int
    feature_seconds: float
    feature_bytes: float
    head_seconds: float
    memory_bytes: float
    checkpoint_bytes: float
    model_bytes: float


def estimate(work: Workload, pace: Pace, config: TrainingConfig, classes: int) -> Estimate:
    """The cost of a run with `config`. `pace` must be of the same image size, pooling, units and batch size."""
    steps = num_steps(work.train_rows, config.batch_size, config.min_steps)
    validation = -(-work.validation_rows // VALIDATION_BATCH)
    kernel = pooling_cost(config, config.pooling).weights * FLOAT_BYTES
    weights = sum(layer.weights for layer in layers_of(config, classes)) * FLOAT_BYTES
    return Estimate(
        feature_rows=work.new_rows,
        feature_seconds=work.new_rows * pace.row_seconds,
        feature_bytes=work.new_rows * pace.row_bytes,
        head_seconds=config.epochs * (steps * pace.step_seconds + validation * pace.validation_seconds),
        memory_bytes=PROCESS_BYTES + PIXEL_BYTES * config.image_size**2 + KERNELS_WHILE_SAVING * kernel,
        checkpoint_bytes=2 * checkpoint_bytes(config),
        model_bytes=2 * weights,
    )


def larger_size_seconds(work: Workload, pace: Pace, config: TrainingConfig, classes: int) -> float | None:
    """How long a run of the preset `fast` would take at `LARGER_SIZE`, where that is worth proposing: the settings have
    the preset's own size, and the run would end within `LARGER_SECONDS`. None where it is not.

    Args:
        work: Of these settings at `LARGER_SIZE`.
        pace: Measured with the settings as they are.
    """
    fast = preset("fast")
    if (config.pooling, config.image_size) != (fast.pooling, fast.image_size):
        return None
    cost = estimate(work, pace, config, classes)
    seconds = LARGER_TIMES * cost.feature_seconds + cost.head_seconds + START_AND_SAVE_SECONDS
    return seconds if seconds <= LARGER_SECONDS else None


def seconds_of_all(works: Sequence[Workload], new_rows: int, pace: Pace, config: TrainingConfig, classes: int) -> float:
    """Of runs that differ in their augmentation and copies alone, one after the other.

    Args:
        works: Of each run alone.
        new_rows: That pass the base for all of them together (`core.runs.feature_plan.new_rows_of_all`).
    """
    head_seconds = sum(estimate(work, pace, config, classes).head_seconds for work in works)
    return new_rows * pace.row_seconds + head_seconds + len(works) * START_AND_SAVE_SECONDS


def checkpoint_bytes(config: TrainingConfig) -> int:
    """Of one checkpoint's kernels: the head's own and Adam's two moments, in panels, and the best epoch's."""
    padded = -(-config.units // PANEL) * PANEL
    return vector_length(config) * (3 * padded + config.units) * FLOAT_BYTES
