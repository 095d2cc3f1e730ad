"""The feature pass against its floor and against Keras.

    python -m benchmarks.features [--images 1000] [--size 160] [--rounds 3]

Floor: bare decoding (Pillow on all cores, JPEG draft scaling, nothing else) plus bare ONNX Runtime on arrays in memory,
the faster of one session on all cores (batch 32) and one a core (batch 8). Peer: the same decoding plus Keras'
`predict`. All in one process, interleaved, medians of the rounds. `ratio_floor` is how many times slower than the
floor the whole pass is, from files to features on disk; `ratio` is how many times faster than Keras. `copies` is the
pass of a second run with another augmentation: the originals are cached, so only one copy of each passes.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.bare import decode_all
from benchmarks.common import CORES, extracted, median, own_home, photos_zip, print_result, seconds
from core.augmentation import AugmentationConfig
from core.backbone.architecture import IMAGE
from core.backbone.features import FeaturePlan, extract_features
from core.backbone.graph import cached_base
from core.backbone.session import open_session
from core.backbone.weights import Weights, resolve_weights
from core.datasets import open_dataset


def bare_onnx(model: Path, images: NDArray[np.uint8]) -> float:
    wide, narrow = open_session(model, CORES), open_session(model, 1)

    def on_all_cores() -> None:
        for start in range(0, len(images), 32):
            wide.run(None, {IMAGE: images[start : start + 32].astype(np.float32)})

    def one_a_core() -> None:
        with ThreadPoolExecutor(CORES) as pool:
            list(pool.map(lambda s: narrow.run(None, {IMAGE: images[s : s + 8].astype(np.float32)}), starts))

    starts = range(0, len(images), 8)
    return min(seconds(on_all_cores), seconds(one_a_core))


def keras_base(weights: Weights, size: int):  # type: ignore[no-untyped-def]
    import keras

    base = keras.applications.MobileNetV2(input_shape=(size, size, 3), include_top=False, weights=None)
    for layer in base.layers:
        layer.set_weights([weights.arrays[f"{layer.name}/{weight.name}"] for weight in layer.weights])
    return base


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with extracted(photos_zip()) as folder, own_home():
        weights = resolve_weights()
        model = cached_base(weights)
        dataset = open_dataset(folder)
        files = [dataset.file(record) for record in dataset.usable("validation")][: options.images]
        base = keras_base(weights, options.size)
        times: dict[str, list[float]] = {name: [] for name in ("pass", "copies", "decode", "onnx", "keras")}
        for number in range(options.rounds + 1):
            images = decode_all(files, options.size)
            floats = images.astype(np.float32) / 127.5 - 1
            figures = {
                "decode": seconds(lambda: decode_all(files, options.size)),
                "onnx": bare_onnx(model, images),
                "keras": seconds(lambda: base.predict(floats, batch_size=32, verbose=0)),  # noqa: B023
            }
            plan = FeaturePlan(options.size, "flatten", 0, AugmentationConfig(), seed=number)
            digest = f"{weights.provenance.digest}-{number}"  # another key each round: nothing comes from the cache
            figures["pass"] = seconds(lambda: extract_features(dataset, "validation", plan, model, digest))  # noqa: B023
            augmented = replace(plan, copies=1)
            figures["copies"] = seconds(lambda: extract_features(dataset, "validation", augmented, model, digest))  # noqa: B023
            if number:  # round 0 warms up
                for name, value in figures.items():
                    times[name].append(value)
    count = len(files)
    floor = median(times["decode"]) + median(times["onnx"])
    peer = median(times["decode"]) + median(times["keras"])
    print_result(
        {
            "benchmark": "features",
            "images": count,
            "image_size": options.size,
            "rounds": options.rounds,
            "images_per_second": round(count / median(times["pass"]), 1),
            "copies_per_second": round(count / median(times["copies"]), 1),
            "floor_images_per_second": round(count / floor, 1),
            "keras_images_per_second": round(count / peer, 1),
            "seconds": {name: median(values) for name, values in times.items()},
            "ratio_floor": round(median(times["pass"]) / floor, 3),
            "ratio": round(peer / median(times["pass"]), 2),
        }
    )


if __name__ == "__main__":
    main()
