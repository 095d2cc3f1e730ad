"""What a run will cost, from a short measurement (`core.training.measure`) and arithmetic."""

from dataclasses import dataclass

from core.training.anatomy import FLOAT_BYTES, layers_of, pooling_cost, vector_length
from core.training.recipe import TrainingConfig
from core.training.workload import Workload

VALIDATION_BATCH = 256  # pictures that the head scores together
PANEL = 64  # units that the head keeps side by side: the last panel is filled up
# A worker and the process that saves, without a head, each at its worst moment: 1,302, 1,428 and 1,655 MB were measured
# at 96, 160 and 224 pixels. TensorFlow's import is 700 of them.
PROCESS_BYTES = 1_225_000_000
PIXEL_BYTES = 8600  # more for each pixel of a picture, when both saved models are compared
KERNELS_WHILE_SAVING = 8  # copies of the hidden kernel then, in both processes


@dataclass(frozen=True)
class Pace:
    """What was measured on this machine, with these pictures and settings.

    `row_seconds` and `row_bytes` are of one picture or copy through decoding, augmentation and base, all cores at work,
    and of its features on disk; `step_seconds` of one training step of the head, `validation_seconds` of scoring
    `VALIDATION_BATCH` pictures. `pictures` is how many were passed.
    """

    pictures: int
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
    steps = -(-work.train_rows // config.batch_size)
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


def checkpoint_bytes(config: TrainingConfig) -> int:
    """Of one checkpoint's kernels: the head's own and Adam's two moments, in panels, and the best epoch's."""
    padded = -(-config.units // PANEL) * PANEL
    return vector_length(config) * (3 * padded + config.units) * FLOAT_BYTES
