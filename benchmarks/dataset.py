"""Opening a large folder of small images: the first scan against bare decoding, reopening, and ten files more.

    python -m benchmarks.dataset [--images 25000] [--size 96x72] [--rounds 3] [--records 100000]

The floor is what any program needs that looks at every image: each file read and decoded with Pillow, on all cores,
by threads or by forked processes, whichever is faster, and nothing else done with it. `ratio_floor` is how many times
longer `open_dataset` takes, which also hashes, measures, checks and remembers. `ratio_pixels` is the same against a
floor that has the pixels as an array of RGB at the end, as a network needs them. All files are in the page cache.

With `--records` it also opens a folder of so many files whose facts are remembered, in a process of its own, and says
how much memory that process gained.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.common import CORES, median, own_home, print_result, seconds
from core.datasets import open_dataset
from core.datasets.scan.file import Scanned, stamp
from core.datasets.scan.index import remember
from core.datasets.scan.measures import Measures
from core.images.decode import ImageFacts

CHUNK = 100  # files that a bare worker takes at a time
ADDED = 10


def draw_photo(seed: int, width: int, height: int) -> bytes:
    """A JPEG that costs as much to decode as a small photo: soft colours, two shapes, noise."""
    random = np.random.default_rng(seed)
    image = cv2.resize(random.integers(0, 256, (5, 6, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    colours = random.integers(0, 256, (2, 3)).tolist()
    x, y = int(random.integers(0, width)), int(random.integers(0, height))
    cv2.circle(image, (x, y), height // 4, colours[0], -1)
    cv2.rectangle(image, (width - x, y), (width - x // 2, y + height // 3), colours[1], -1)
    noise = random.integers(-8, 9, (height, width, 1), np.int16)
    noisy = np.clip(image + noise, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


def name(number: int) -> str:
    return f"{'validation' if number % 5 == 0 else 'train'}/{('cats', 'dogs')[number // 5 % 2]}/{number:06d}.jpg"


def write(folder: Path, numbers: range, size: tuple[int, int]) -> list[Path]:
    files = [folder / name(number) for number in numbers]
    for parent in {file.parent for file in files}:
        parent.mkdir(parents=True, exist_ok=True)
    for number, file in zip(numbers, files, strict=True):
        file.write_bytes(draw_photo(number, *size))
    return files


def bare(files: list[str]) -> None:
    for file in files:
        with Image.open(file) as image:
            image.load()


def bare_pixels(files: list[str]) -> None:
    for file in files:
        with Image.open(file) as image:
            np.asarray(image.convert("RGB"))


def on_all_cores(pool: Callable[[], Executor], work: Callable[[list[str]], None], files: list[str]) -> float:
    """Seconds, with the start of the pool."""

    def run() -> None:
        with pool() as executor:
            list(executor.map(work, [files[at : at + CHUNK] for at in range(0, len(files), CHUNK)]))

    return seconds(run)


def threads() -> Executor:
    return ThreadPoolExecutor(CORES)


def processes() -> Executor:
    methods = multiprocessing.get_all_start_methods()
    return ProcessPoolExecutor(CORES, multiprocessing.get_context("fork" if "fork" in methods else None))


def rounds(folder: Path, count: int, size: tuple[int, int], number: int, home: Path) -> dict[str, object]:
    files = [os.fspath(file) for file in write(folder, range(count), size)]
    bare(files)  # into the page cache
    times: dict[str, list[float]] = {}
    scanned = []

    def note(what: str, value: float) -> None:
        times.setdefault(what, []).append(value)

    def note_scanned(phase: str, done: int, total: int) -> None:
        if phase == "scan" and not num_scanned:
            num_scanned.append(total - done)

    for _ in range(number):
        shutil.rmtree(home / "cache", ignore_errors=True)
        note("threads", on_all_cores(threads, bare, files))
        note("processes", on_all_cores(processes, bare, files))
        note("pixels", on_all_cores(processes, bare_pixels, files))
        note("first", seconds(lambda: open_dataset(folder)))
        note("reopen", seconds(lambda: open_dataset(folder)))
        added = write(folder, range(count, count + ADDED), size)
        num_scanned: list[int] = []
        note("added", seconds(lambda: open_dataset(folder, progress=note_scanned)))
        scanned.append(num_scanned[0])
        for file in added:
            file.unlink()
    figures = {what: median(values) for what, values in times.items()}
    floor = min(figures["threads"], figures["processes"])
    return {
        "images": count,
        "size": "x".join(map(str, size)),
        "bytes_each": sum(os.path.getsize(file) for file in files) // count,  # noqa: PTH202
        "rounds": number,
        "floor_seconds": floor,
        "floor_by": "threads" if floor == figures["threads"] else "processes",
        "first_seconds": figures["first"],
        "reopen_seconds": figures["reopen"],
        "added_seconds": figures["added"],
        "added_scanned": max(scanned),
        "ratio_floor": round(figures["first"] / floor, 2),
        "ratio_pixels": round(figures["first"] / figures["pixels"], 2),
    }


MEMORY = """
import gc, json, sys, time, psutil
from core.datasets import open_dataset
gc.collect()
before = psutil.Process().memory_info().rss
started = time.perf_counter()
dataset = open_dataset(sys.argv[1])
seconds = time.perf_counter() - started
assert len(dataset.usable()) == int(sys.argv[2])
gc.collect()
after = psutil.Process().memory_info().rss
print(json.dumps({
    "records_open_seconds": round(seconds, 3),
    "records_memory_mb": round((after - before) / 1e6, 1),
}))
"""


def memory_of(folder: Path, count: int) -> dict[str, object]:
    """Empty files, which the index says are images: to the server the same as real ones that it has seen before."""
    random = np.random.default_rng(0)
    records = {}
    for number in range(count):
        path = name(number)
        file = folder / path
        if number < 20:
            file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        brightness, sharpness, entropy = random.random(3).round(4).tolist()
        width, height = random.integers(300, 5000, 2).tolist()
        measures = Measures(brightness, 1000 * sharpness, 8 * entropy, random.bytes(40))
        facts = ImageFacts(width, height, "JPEG", "RGB")
        records[path] = Scanned(*stamp(os.fspath(file)), random.bytes(32).hex(), facts, measures, "")
    remember(folder, records)
    command = [sys.executable, "-c", MEMORY, os.fspath(folder), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {"records": count, **json.loads(done.stdout)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=25_000)
    parser.add_argument("--size", default="96x72")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=int, default=0)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    with own_home() as home, tempfile.TemporaryDirectory(prefix="pawlab-bench-") as temporary:
        result = rounds(Path(temporary) / "small", options.images, (width, height), options.rounds, home)
        if options.records:
            result |= memory_of(Path(temporary) / "many", options.records)
    print_result({"benchmark": "dataset", **result})


if __name__ == "__main__":
    main()
