"""Augmented images a second on one core: Pawlab against Keras and Albumentations.

    python -m benchmarks.augmentation [--photos FOLDER] [--images 128] [--rounds 7] [--sizes 160 224]

The same changes for all: rotation, shift, shear, zoom, flip, brightness, contrast, on the same images in memory,
uint8 RGB. Each peer in the fastest way found that a user would write:

pawlab           `core.augmentation.augment`, one call an image, drawing included
keras_generator  ImageDataGenerator's `random_transform`, one call an image; it has no contrast and does without
keras_layers     preprocessing layers in a `tf.function`, batches of 32 in float32 (single images take twice as long,
                 and XLA has no kernel for their resampling)
albumentations   `Compose` of `Affine`, `HorizontalFlip` and `RandomBrightnessContrast`, shape checks off

One core: the process is bound to one, and TensorFlow and OpenCV get one thread each. All in one process, interleaved,
medians of the rounds. `ratio` is how many times faster than each peer Pawlab is.

Albumentations stands in requirements-bench.txt, because nothing else needs it.
"""

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import median, own_home, print_result, seconds
from core.augmentation import AugmentationConfig, augment
from core.datasets.sample.sample import write_sample
from core.images.decode import load_image

Image: TypeAlias = NDArray[np.uint8]
Work: TypeAlias = Callable[[], Any]
BATCH = 32
ROTATION, SHIFT, SHEAR, ZOOM, LIGHT = 40, 0.2, 20, 0.2, 0.3  # degrees and shares, either way
MISSING = 2  # exit code


def bind_to_one_core() -> None:
    """Must come before TensorFlow and Albumentations are imported: their thread pools take what they find."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = "1"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # else its import asks the network for a newer version


@contextmanager
def folder_of(photos: Path | None, num: int) -> Iterator[Path]:
    """The folder given, or drawn images."""
    if photos:
        yield photos
        return
    with own_home() as home:
        write_sample(home / "sample", train=-(-num // 2), validation=1)
        yield home / "sample" / "train"


def images(folder: Path, num: int, size: int) -> list[Image]:
    """`num` images, evenly spread over the files of the folder."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not files:
        sys.exit(f"{folder} holds no JPEG or PNG")
    return [load_image(files[number * len(files) // num], size) for number in range(num)]


def pawlab(images: list[Image]) -> Work:
    config = AugmentationConfig.create(
        {
            "rotation_range": ROTATION,
            "width_shift_range": SHIFT,
            "height_shift_range": SHIFT,
            "shear_range": SHEAR,
            "zoom_range": ZOOM,
            "horizontal_flip": True,
            "brightness_range": (1 - LIGHT, 1 + LIGHT),
            "contrast_range": (1 - LIGHT, 1 + LIGHT),
        }
    )
    digests = [f"{number:064x}" for number in range(len(images))]
    return lambda: [augment(image, config, 0, digest, 0) for image, digest in zip(images, digests, strict=True)]


def keras_generator(images: list[Image]) -> Work:
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(
        rotation_range=ROTATION,
        width_shift_range=SHIFT,
        height_shift_range=SHIFT,
        shear_range=SHEAR,
        zoom_range=ZOOM,
        horizontal_flip=True,
        brightness_range=(1 - LIGHT, 1 + LIGHT),
    )
    floats = [image.astype(np.float32) for image in images]  # what its own `flow` gives it
    return lambda: [generator.random_transform(image) for image in floats]


def keras_layers(images: list[Image]) -> Work:
    import keras
    import tensorflow as tf

    moves: dict[str, Any] = {"fill_mode": "nearest", "interpolation": "bilinear"}
    chain = keras.Sequential(
        [
            keras.layers.RandomRotation(ROTATION / 360, **moves),
            keras.layers.RandomTranslation(SHIFT, SHIFT, **moves),
            keras.layers.RandomShear(x_factor=float(np.sin(np.radians(SHEAR))), **moves),
            keras.layers.RandomZoom((-ZOOM, ZOOM), (-ZOOM, ZOOM), **moves),
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomBrightness(LIGHT),
            keras.layers.RandomContrast(LIGHT),
        ]
    )
    step = tf.function(lambda batch: chain(tf.cast(batch, tf.float32), training=True))
    batches = [tf.constant(np.stack(images[start : start + BATCH])) for start in range(0, len(images), BATCH)]
    return lambda: [step(batch).numpy() for batch in batches]


def albumentations(images: list[Image]) -> Work:
    import cv2

    library: Any = importlib.import_module("albumentations")
    either_way = (1 - ZOOM, 1 + ZOOM)
    pipeline = library.Compose(
        [
            library.Affine(
                rotate=(-ROTATION, ROTATION),
                translate_percent={"x": (-SHIFT, SHIFT), "y": (-SHIFT, SHIFT)},
                shear={"x": (-SHEAR, SHEAR), "y": (0, 0)},
                scale={"x": either_way, "y": either_way},
                border_mode=cv2.BORDER_REPLICATE,
                p=1,
            ),
            library.HorizontalFlip(p=0.5),
            library.RandomBrightnessContrast((-LIGHT, LIGHT), (-LIGHT, LIGHT), p=1),
        ],
        is_check_shapes=False,
        seed=0,
    )
    return lambda: [pipeline(image=image)["image"] for image in images]


def measured(images: list[Image], rounds: int) -> dict[str, float]:
    """Images a second of each way, medians of the interleaved rounds."""
    import cv2

    ways = {way.__name__: way(images) for way in (pawlab, keras_generator, keras_layers, albumentations)}
    cv2.setNumThreads(1)  # whatever a peer asked for
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, work in ways.items():
            taken = seconds(work)
            if number:  # round 0 warms up
                times[name].append(taken)
    return {name: len(images) / median(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--photos", type=Path, help="a folder of photos; without it, images that Pawlab draws")
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", type=int, nargs="+", default=[160, 224])
    options = parser.parse_args()
    if importlib.util.find_spec("albumentations") is None:
        print("Albumentations is missing: python -m pip install -r requirements-bench.txt", file=sys.stderr)
        sys.exit(MISSING)
    bind_to_one_core()
    figures: dict[str, dict[str, float]] = {}
    with folder_of(options.photos, options.images) as folder:
        for size in options.sizes:
            figures[str(size)] = measured(images(folder, options.images, size), options.rounds)
    print_result(
        {
            "benchmark": "augmentation",
            "images": options.images,
            "photos": options.photos is not None,
            "rounds": options.rounds,
            "images_per_second": {
                size: {name: round(rate) for name, rate in rates.items()} for size, rates in figures.items()
            },
            "ratio": {
                size: {name: round(rates["pawlab"] / rate, 2) for name, rate in rates.items() if name != "pawlab"}
                for size, rates in figures.items()
            },
        }
    )


if __name__ == "__main__":
    main()
