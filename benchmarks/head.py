"""One training step of the notebook's Flatten head: ours against Keras' and against memory.

    python -m benchmarks.head [--size 160] [--steps 30] [--rounds 3]

Ours is `core.training.head.head.Head.step`. Peers: Keras' `train_on_batch` on the same layers, without and with XLA
(`jit_compile`). Floor: reading and writing kernel and both Adam moments once, which no exact step can do without.
`ratio` is against Keras as it is by default, `ratio_xla` against Keras with XLA, `ratio_floor` how many times slower
than the floor.
"""

import argparse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.common import CORES, median, print_result, seconds
from core.backbone.rows import SparseRows
from core.runs.settings import preset
from core.training.head.fit import new_head
from core.training.head.fused_step import Columns

BATCH = 32


def our_step(width: int) -> Callable[[], Any]:
    head = new_head(width, 2, preset("notebook"))
    dense, labels = batch(width)
    features = Columns.of(SparseRows.of(dense))
    state = [head.product(features)]
    generator = np.random.default_rng(0)

    def step() -> None:
        _, state[0] = head.step(features, state[0], labels, 1e-4, generator, features)

    return step


def keras_step(width: int, xla: bool) -> Callable[[], Any]:
    import keras

    model = keras.Sequential(
        [
            keras.Input((width,)),
            keras.layers.Dense(512, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01)),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-4), "binary_crossentropy", metrics=["accuracy"], jit_compile=xla)
    features, labels = batch(width)
    return lambda: model.train_on_batch(features, labels.astype(np.float32))


def memory_floor(width: int) -> Callable[[], Any]:
    arrays = [np.zeros((width, 512), np.float32) for _ in range(3)]
    pool = ThreadPoolExecutor(CORES)  # as many as ours has, else the floor would lie too high
    parts = [part for array in arrays for part in np.array_split(array, CORES)]
    return lambda: list(pool.map(lambda part: np.add(part, 1, out=part), parts))


def batch(width: int) -> tuple[Any, Any]:
    generator = np.random.default_rng(0)
    # three quarters of the base's last activation are 0, behind its ReLU6
    features = np.clip(generator.standard_normal((BATCH, width)) - 0.7, 0, 6).astype(np.float32)
    return features, generator.integers(0, 2, BATCH)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    width = 1280 * (-(-options.size // 32)) ** 2
    steps = {
        "ours": our_step(width),
        "keras": keras_step(width, xla=False),
        "keras_xla": keras_step(width, xla=True),
        "memory": memory_floor(width),
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(options.rounds + 1):
        for name, step in steps.items():
            with threadpool_limits(1 if name == "ours" else None, user_api="blas"):
                figures = [seconds(step) for _ in range(options.steps)]
            if number:  # round 0 warms up and compiles
                times[name] += figures
    medians = {name: median(values) for name, values in times.items()}
    print_result(
        {
            "benchmark": "head",
            "inputs": width,
            "batch_size": BATCH,
            "rounds": options.rounds,
            "milliseconds": {name: round(1000 * value, 1) for name, value in medians.items()},
            "ratio": round(medians["keras"] / medians["ours"], 2),
            "ratio_xla": round(medians["keras_xla"] / medians["ours"], 2),
            "ratio_floor": round(medians["ours"] / medians["memory"], 2),
        }
    )


if __name__ == "__main__":
    main()
