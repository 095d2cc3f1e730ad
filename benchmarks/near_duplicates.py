"""How many near duplicates are found, and how many of those found are some: `python -m benchmarks.near_duplicates`.

Takes N images, writes one changed copy of each of half of them (what was done to it is drawn from `CHANGES`), mixes
them with the other half, searches, and compares what was joined with what belongs together. Once with real photos
(`benchmarks.common.photos_zip`; left out where there are none) and once with images that Pawlab draws, whose shared
backgrounds make it harder to keep them apart.

Recall is the share of the copies that ended in the group of their original; precision the share of pairs inside groups
that belong together. Pairs of different originals are listed: in real photos some show the same photo already, and only
looking tells.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.common import PHOTOS, extracted, own_home, print_result
from core.datasets.quality.near_duplicates import near_duplicates
from core.datasets.quality.signature import signature
from core.datasets.records import Dataset, ImageRecord
from core.datasets.sample.sample import write_sample
from core.datasets.source import resolve_source
from core.images.decode import decode_image
from core.jobs.parallel import ordered_map
from core.storage.files import sha256_file

Change = Callable[[Image.Image, np.random.Generator], Image.Image]


def crop(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Up to 10 % off each side."""
    left, top, right, bottom = rng.uniform(0, 0.1, 4)
    width, height = image.size
    box = (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
    return image.crop(tuple(round(edge) for edge in box))


def resize(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """0.3 to 2 times the size, each halving and doubling as likely."""
    scale = np.exp(rng.uniform(np.log(0.3), np.log(2)))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.BICUBIC)


def mirror(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def light(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Brightness by up to 25 grey levels, contrast by up to 20 %."""
    levels = np.asarray(image, np.float32)
    levels = (levels - 128) * rng.uniform(0.8, 1.2) + 128 + rng.uniform(-25, 25)
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))


CHANGES: dict[str, Sequence[Change]] = {
    "re-encode": (),
    "resize": (resize,),
    "crop": (crop,),
    "mirror": (mirror,),
    "light": (light,),
    "crop, mirror": (crop, mirror),
    "crop, resize": (crop, resize),
    "all": (crop, resize, mirror, light),
}


def write_copies(images: Sequence[Path], folder: Path, rng: np.random.Generator) -> list[tuple[Path, Path, str]]:
    """One changed copy of each image, a JPEG of quality 30..95: (copy, original, what was done)."""
    copies = []
    for number, image in enumerate(images):
        kind = list(CHANGES)[number % len(CHANGES)]
        changed = Image.fromarray(decode_image(image))
        for change in CHANGES[kind]:
            changed = change(changed, rng)
        path = folder / f"copy.{number:05}.jpg"
        changed.save(path, quality=int(rng.integers(30, 96)))
        copies.append((path, image, kind))
    return copies


def as_dataset(paths: Sequence[Path]) -> Dataset:
    """The images as records with the facts that the search reads. (Absolute paths: nothing is copied.)"""

    def record(path: Path) -> ImageRecord:
        grey: NDArray[Any] = cv2.cvtColor(decode_image(path), cv2.COLOR_RGB2GRAY)
        height, width = grey.shape
        scale = min(1, 64 / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
        facts = {"digest": sha256_file(path), "width": width, "height": height, "signature": signature(small)}
        return ImageRecord(str(path), "train", "all", **facts)

    return Dataset(resolve_source("near"), Path("/"), tuple(ordered_map(record, paths)), ("all",))


def measure(images: Sequence[Path], folder: Path, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    chosen = [images[index] for index in rng.permutation(len(images))]
    copies = write_copies(chosen[: len(chosen) // 2], folder, rng)
    dataset = as_dataset([*chosen, *(copy for copy, _, _ in copies)])
    phases: dict[str, float] = {}
    started = time.perf_counter()
    groups = near_duplicates(dataset, lambda phase, done, total: phases.update({phase: time.perf_counter() - started}))
    origin = {str(copy): str(original) for copy, original, _ in copies}
    group_of = {record.path: number for number, members in enumerate(groups) for record in members}
    pairs = [pair for members in groups for pair in combinations([record.path for record in members], 2)]
    right = [pair for pair in pairs if origin.get(pair[0], pair[0]) == origin.get(pair[1], pair[1])]
    detected: Counter[str] = Counter()
    for copy, original, kind in copies:
        detected[kind] += group_of.get(str(copy), -1) == group_of.get(str(original), -2)
    number = Counter(kind for _, _, kind in copies)
    digests = {record.digest for record in dataset.records}
    return {
        "pictures": len(digests),
        "copies": len(copies),
        "precision": round(len(right) / max(len(pairs), 1), 4),
        "recall": round(detected.total() / max(len(copies), 1), 4),
        "recall of": {kind: round(detected[kind] / number[kind], 4) for kind in number},
        "different originals": [[Path(path).name for path in pair] for pair in pairs if pair not in set(right)],
        "compare seconds": round(phases["compare"], 2),
        "verify seconds": round(phases["verify"] - phases["compare"], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--photos", type=int, default=3000, help="number of real photos, at most")
    parser.add_argument("--drawn", type=int, default=1000, help="number of drawn images")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    result: dict[str, Any] = {"benchmark": "near_duplicates"}
    archive = Path(os.environ.get("PAWLAB_BENCH_DATA", PHOTOS))
    with tempfile.TemporaryDirectory(prefix="pawlab-bench-") as name, own_home():
        folder = Path(name)
        if archive.is_file():
            with extracted(archive) as photos:
                (folder / "photos").mkdir()
                paths = sorted(photos.rglob("*.jpg"))[: options.photos]
                result["photos"] = measure(paths, folder / "photos", options.seed)
        else:
            print(f"no photos at {archive}", file=sys.stderr)
        write_sample(folder / "drawn", train=options.drawn // 4, validation=options.drawn // 4, seed=options.seed)
        (folder / "copies").mkdir()
        result["drawn"] = measure(sorted((folder / "drawn").rglob("*.jpg")), folder / "copies", options.seed)
    print_result(result)


if __name__ == "__main__":
    main()
