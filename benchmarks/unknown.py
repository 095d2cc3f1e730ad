"""Images unlike the training images: how many are found, how many others are called so, and what that costs.

    python -m benchmarks.unknown [--size 160] [--splits 20] [--drawn 300] [--rounds 5]

The photos are split at random, with a seed, `--splits` times in three: reference images, validation images that choose
the cut, and photos that neither has seen. Against them: drawings that the benchmark makes, of things (cars, houses,
flags, pages of text) and of textures (stripes, checks, rings, gradients, noise, clouds); and the images in the folder
that PAWLAB_BENCH_UNKNOWN names, if it names one, whose animals are yours to take out. `roc_area` is the area under the
ROC curve by which the distance tells them from unseen photos, means over the splits, with their range; `unseen` and the
others are shares called unlike at the cut of 1%.

`rows` has the same for smaller reference sets, one split. `cpu_ratio` is the processor time of one image with the
distance to 1,000 reference images over that without, of the whole of this process (decoding, base, head), a call of one
image and of four, in turn, medians of the rounds; `megabytes` is what the reference set adds to a process.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.common import extracted, median, own_home, photos_zip, print_result
from core.augmentation import AugmentationConfig
from core.backbone.architecture import FEATURE_MAP, IMAGE
from core.backbone.features import FeaturePlan, extract_features
from core.backbone.graph import cached_base
from core.backbone.neighbours import DIGEST_BYTES, MAX_ROWS, Neighbours, averaged, unit
from core.backbone.session import open_session
from core.backbone.weights import resolve_weights
from core.datasets import Dataset, open_dataset
from core.errors import ImageError
from core.evaluation.curves import roc
from core.images.decode import load_image
from core.inference.classifier import IMAGES_PER_CALL, Classifier
from core.inference.inputs import find_images
from core.jobs.process import PROJECT
from core.storage.home import home

Floats = NDArray[np.float32]
SIDE = 300
CUT = 0.01


def drawings(number: int) -> dict[str, list[Image.Image]]:
    """So many of things and of textures, the same each time."""
    return {
        kind: [makers[seed % len(makers)](np.random.default_rng([len(kind), seed])) for seed in range(number)]
        for kind, makers in (("things", THINGS), ("textures", TEXTURES))
    }


def _colour(generator: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = generator.integers(0, 256, 3).tolist()
    return red, green, blue


def _canvas(generator: np.random.Generator) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (SIDE, SIDE), _colour(generator))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, int(generator.integers(150, 260)), SIDE, SIDE), _colour(generator))
    return image, draw


def car(generator: np.random.Generator) -> Image.Image:
    image, draw = _canvas(generator)
    left, top, body = int(generator.integers(20, 80)), int(generator.integers(120, 170)), _colour(generator)
    draw.polygon([(left + 40, top), (left + 70, top - 45), (left + 140, top - 45), (left + 170, top)], body)
    draw.rounded_rectangle((left, top, left + 200, top + 55), 12, body)
    for wheel in (left + 45, left + 155):
        draw.ellipse((wheel - 25, top + 30, wheel + 25, top + 80), "black")
        draw.ellipse((wheel - 10, top + 45, wheel + 10, top + 65), "silver")
    return image


def house(generator: np.random.Generator) -> Image.Image:
    image, draw = _canvas(generator)
    left, top = int(generator.integers(30, 100)), int(generator.integers(110, 150))
    draw.rectangle((left, top, left + 160, 270), _colour(generator))
    draw.polygon([(left - 15, top), (left + 80, top - 80), (left + 175, top)], _colour(generator))
    for place in (left + 20, left + 105):
        draw.rectangle((place, top + 30, place + 35, top + 65), "lightblue", "black", 3)
    draw.rectangle((left + 65, top + 80, left + 95, 270), _colour(generator))
    return image


def flag(generator: np.random.Generator) -> Image.Image:
    image, draw = _canvas(generator)
    for number in range(stripes := int(generator.integers(2, 6))):
        top = 40 + number * 200 // stripes
        draw.rectangle((40, top, 260, top + 200 // stripes), _colour(generator))
    centre, radius = int(generator.integers(90, 200)), int(generator.integers(15, 60))
    draw.ellipse((centre - radius, 140 - radius, centre + radius, 140 + radius), _colour(generator))
    return image


def page(generator: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", (SIDE, SIDE), "ivory")
    draw = ImageDraw.Draw(image)
    for top in range(15, 285, int(generator.integers(12, 22))):
        words = " ".join(
            chr(97 + int(letter)) * 5 for letter in generator.integers(0, 26, int(generator.integers(3, 9)))
        )
        draw.text((15, top), words, "black")
    return image


def stripes(generator: np.random.Generator) -> Image.Image:
    image, width = Image.new("RGB", (2 * SIDE, 2 * SIDE), _colour(generator)), int(generator.integers(4, 40))
    draw, colour = ImageDraw.Draw(image), _colour(generator)
    for left in range(0, 2 * SIDE, 2 * width):
        draw.rectangle((left, 0, left + width, 2 * SIDE), colour)
    return image.rotate(int(generator.integers(0, 180))).crop((SIDE // 2, SIDE // 2, 3 * SIDE // 2, 3 * SIDE // 2))


def checks(generator: np.random.Generator) -> Image.Image:
    size = int(generator.integers(5, 50))
    places = np.arange(SIDE) // size
    pair = np.array([_colour(generator), _colour(generator)], np.uint8)
    return Image.fromarray(pair[(places[:, None] + places) % 2])


def rings(generator: np.random.Generator) -> Image.Image:
    rows, columns = np.mgrid[:SIDE, :SIDE] - generator.integers(0, SIDE, 2)[:, None, None]
    wave = np.sin(np.hypot(rows, columns) / generator.uniform(2, 15))[..., None]
    first, second = (np.array(_colour(generator)) for _ in range(2))
    return Image.fromarray((first + (second - first) * (wave + 1) / 2).astype(np.uint8))


def gradient(generator: np.random.Generator) -> Image.Image:
    corners = generator.integers(0, 256, (2, 2, 3), dtype=np.uint8)
    return Image.fromarray(corners).resize((SIDE, SIDE), Image.Resampling.BILINEAR)


def noise(generator: np.random.Generator) -> Image.Image:
    size = int(generator.integers(10, SIDE))
    return Image.fromarray(generator.integers(0, 256, (size, size, 3), dtype=np.uint8)).resize((SIDE, SIDE))


def clouds(generator: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", (SIDE, SIDE))
    for size in (3, 9, 27, 81):
        layer = Image.fromarray(generator.integers(0, 256, (size, size, 3), dtype=np.uint8))
        image = Image.blend(image, layer.resize((SIDE, SIDE), Image.Resampling.BICUBIC), 0.4)
    return image.filter(ImageFilter.GaussianBlur(1))


THINGS: tuple[Callable[[np.random.Generator], Image.Image], ...] = (car, house, flag, page)
TEXTURES: tuple[Callable[[np.random.Generator], Image.Image], ...] = (stripes, checks, rings, gradient, noise, clouds)


class Base:
    """Features of images, as the reference set has them."""

    def __init__(self, size: int) -> None:
        weights = resolve_weights()
        self.size, self.model, self.digest = size, cached_base(weights), weights.provenance.digest
        self._session = open_session(self.model, os.cpu_count() or 1)

    def features(self, squares: list[NDArray[np.uint8]]) -> Floats:
        parts = []
        for start in range(0, len(squares), 8):
            batch = np.stack(squares[start : start + 8]).astype(np.float32)
            parts.append(averaged(self._session.run([FEATURE_MAP], {IMAGE: batch})[0]))
        return np.concatenate(parts)

    def of_drawings(self, images: list[Image.Image]) -> Floats:
        squares = [np.asarray(one.resize((self.size, self.size), Image.Resampling.BILINEAR)) for one in images]
        return self.features(squares)

    def of_folder(self, folder: Path) -> Floats:
        squares = []
        with find_images([folder]) as files:
            for file in files:
                try:
                    squares.append(load_image(file.file, self.size))
                except ImageError:
                    continue
        return self.features(squares)

    def of_photos(self, dataset: Dataset) -> Floats:
        plan, parts = FeaturePlan(self.size, "average", 0, AugmentationConfig(), 0), []
        for split in ("train", "validation"):
            array = extract_features(dataset, split, plan, self.model, self.digest)
            parts.append(array.read(np.arange(array.rows)).dense())
            array.close()
        return unit(np.concatenate(parts))


def reference_set(features: Floats, held_out: Floats) -> Neighbours:
    rows = len(features)
    return Neighbours.of(features, np.zeros(rows, np.int64), np.zeros((rows, DIGEST_BYTES), np.uint8), held_out)


def measured(reference: Neighbours, unseen: Floats, unknown: dict[str, Floats]) -> dict[str, Any]:
    cut, own = reference.cut(CUT), reference.distances(unseen)
    figures: dict[str, Any] = {"unseen": float((own > cut).mean()), "cut": cut}
    for name, features in unknown.items():
        distances = reference.distances(features)
        both = np.concatenate([own, distances])
        figures[name] = float((distances > cut).mean())
        figures[f"{name} roc_area"] = roc(np.arange(len(both)) >= len(own), both).area
    return figures


def thirds(photos: Floats, seed: int) -> Iterator[Floats]:
    order = np.random.default_rng(seed).permutation(len(photos))
    return (photos[part] for part in np.array_split(order, 3))


def cost(rows: Floats, files: list[Path], rounds: int, size: int) -> dict[str, Any]:
    """Processor time of this process for an image, with the distance over without."""
    from core.training.loop.onnx_model import classifier_graph

    generator = np.random.default_rng(0)
    head: dict[str, Floats] = {
        name: (generator.normal(size=shape) / 40).astype(np.float32) for name, shape in HEAD.items()
    }
    head |= {name: np.ones(512, np.float32) for name in ("gamma", "moving_variance")}
    model = classifier_graph(resolve_weights().arrays, head, "average").SerializeToString()
    reference = reference_set(rows, rows[:200])
    with_distance = Classifier(model, ("cats", "dogs"), size, 1, reference)
    without = Classifier(model, ("cats", "dogs"), size, 1)
    figures: dict[str, Any] = {"megabytes": megabytes(reference)}
    for together in (1, IMAGES_PER_CALL):
        ratios = []
        for _ in range(rounds):
            spent = [0.0, 0.0]
            for start in range(0, len(files), together):
                for place, classifier in enumerate((without, with_distance)):
                    started = time.process_time()
                    squares = [load_image(file, size) for file in files[start : start + together]]
                    classifier.predictions(np.stack(squares))
                    spent[place] += time.process_time() - started
            ratios.append(spent[1] / spent[0])
        figures[f"cpu_ratio, {together} a call"] = median(ratios)
    return figures


HEAD = {"hidden_kernel": (1280, 512), "hidden_bias": (512,), "beta": (512,), "moving_mean": (512,)}
HEAD |= {"output_kernel": (512, 1), "output_bias": (1,)}


MEMORY = """
import os, sys
from pathlib import Path
from core.backbone.neighbours import load_neighbours
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
load_neighbours(Path(sys.argv[1]), 1)  # imports and numpy's own first allocations
before = resident()
kept = load_neighbours(Path(sys.argv[2]), 1)
print((resident() - before) / 1e6)
"""


def megabytes(reference: Neighbours) -> float:
    """That a process of its own grows by when it reads the reference set."""
    with tempfile.TemporaryDirectory(prefix="pawlab-bench-") as folder:
        few, file = Path(folder) / "few.npz", Path(folder) / "neighbours.npz"
        few.write_bytes(reference_set(reference.features[:2], reference.features[:2]).content())
        file.write_bytes(reference.content())
        command = [sys.executable, "-c", MEMORY, str(few), str(file)]
        return round(float(subprocess.run(command, check=True, capture_output=True, cwd=PROJECT).stdout), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--drawn", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    cache = home() / "cache" / "weights"
    with extracted(photos_zip()) as folder, own_home(cache if cache.is_dir() else None):
        base, dataset = Base(options.size), open_dataset(folder)
        photos = base.of_photos(dataset)
        unknown = {kind: base.of_drawings(images) for kind, images in drawings(options.drawn).items()}
        if named := os.environ.get("PAWLAB_BENCH_UNKNOWN"):
            unknown["folder"] = base.of_folder(Path(named))
        splits = []
        for seed in range(options.splits):
            reference, held_out, unseen = thirds(photos, seed)
            splits.append(measured(reference_set(reference, held_out), unseen, unknown))
        ranges = {
            name: [round(float(figure([split[name] for split in splits])), 4) for figure in (np.mean, min, max)]
            for name in splits[0]
        }
        within = sum(0.003 <= split["unseen"] <= 0.025 for split in splits)
        reference, held_out, unseen = thirds(photos, 0)
        fewer = {
            rows: {
                k: round(v, 4) for k, v in measured(reference_set(reference[:rows], held_out), unseen, unknown).items()
            }
            for rows in (20, 100, 300, len(reference))
        }
        files = [dataset.file(record) for record in dataset.usable("validation")][:200]
        costs = cost(photos[:MAX_ROWS], files, options.rounds, options.size)
    print_result(
        {
            "benchmark": "unknown",
            "size": options.size,
            "splits": options.splits,
            "images": {"photos": len(photos), **{name: len(features) for name, features in unknown.items()}},
            "mean, least, most": ranges,
            "splits with 0.3 to 2.5% of unseen photos rejected": within,
            "rows": fewer,
            "cost": costs,
        }
    )


if __name__ == "__main__":
    main()
