"""The instant model while somebody records: how long an image takes to be learned, answers meanwhile, memory.

    python -m benchmarks.collect [--classes 20] [--images 100] [--small 2x50] [--measured 40]

Photos stand for what a camera sees; which photo is of which class does not matter to the time. Each image is kept by
a `Collection`, as the page keeps it. From the moment when that has returned (it is acknowledged) it is decoded, passed
through the base and learned: `learned_ms` ends when answers come from a model that has learned it, median and 90th
percentile over the last `--measured` images. `refit_ms` is the part of the model alone, `floor_ms` decoding and the
base alone, of the same images. `answers_a_second` is of one other thread that decodes, embeds and
answers a frame at a time while 10 images a second are recorded; `idle_answers_a_second` of the same thread alone.
`megabytes` is the memory of this process with 1/4, 1/2 and all of `--memory` images.
"""

import argparse
import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmarks.common import extracted, median, own_home, photos_zip, print_result, seconds
from core.datasets.collect.bursts import new_burst
from core.datasets.collect.collection import Collection
from core.datasets.collect.store import create_collection
from core.instant.learner import Learner
from core.instant.learners import Learners

BURST = 10  # images of one burst
RATE = 10  # images a second while recording


class Recording:
    """A collection that is filled with photos, and its learner."""

    def __init__(self, learners: Learners, photos: Iterator[bytes], num_classes: int) -> None:
        self.learners, self.photos, self.num_classes = learners, photos, num_classes
        self.collection: Collection = create_collection(f"{num_classes} classes {time.time_ns()}")
        for number in range(num_classes):
            self.collection.add_class(f"class {number}")
        self.learner: Learner = learners.of(self.collection)
        self._count, self._burst = 0, new_burst()

    def keep(self) -> tuple[str, bytes]:
        """Keeps the next photo: its path and its bytes."""
        if self._count % BURST == 0:
            self._burst = new_burst()
        content = next(self.photos)
        path = self.collection.add(f"class {self._count // BURST % self.num_classes}", content, self._burst)
        self._count += 1
        return path, content

    def learn(self, path: str, content: bytes) -> None:
        self.learners.learn(self.collection, path, self.learners.embedder().feature(content))

    def fill(self, number: int) -> None:
        for _ in range(number):
            self.learn(*self.keep())


def contents(files: list[Path]) -> Iterator[bytes]:
    """Photos without end. One thread at a time."""
    return (file.read_bytes() for file in itertools.cycle(files))


def percentile(values: list[float], share: float) -> float:
    return round(sorted(values)[min(len(values) - 1, int(share * len(values)))], 4)


def learned(
    learners: Learners, photos: Iterator[bytes], num_classes: int, images: int, measured: int
) -> dict[str, Any]:
    recording = Recording(learners, photos, num_classes)
    recording.fill(num_classes * images - measured)
    recording.learner.wait(settled=True)
    embedder, learner = learners.embedder(), recording.learner
    totals, refits, floors = [], [], []
    for _ in range(measured):
        path, content = recording.keep()
        floors.append(1000 * seconds(lambda content=content: embedder.feature(content)))  # type: ignore[misc]
        began = time.perf_counter()
        recording.learn(path, content)
        given = time.perf_counter()
        learner.wait()
        totals.append(1000 * (time.perf_counter() - began))
        refits.append(1000 * (time.perf_counter() - given))
    return {
        "classes": num_classes,
        "images": len(learner.keys),
        "learned_ms": median(totals),
        "learned_ms_p90": percentile(totals, 0.9),
        "refit_ms": median(refits),
        "floor_ms": median(floors),
        "ratio_to_floor": median(totals) / median(floors),
        "settled_s": round(seconds(lambda: learner.wait(settled=True)), 3),
    }


def answers(recording: Recording, frames: Iterator[bytes], length: float, *, record: bool) -> float:
    """Answers a second."""
    stop = threading.Event()

    def work() -> None:
        due = time.perf_counter()
        while not stop.is_set():
            recording.fill(1)
            due += 1 / RATE
            stop.wait(max(0, due - time.perf_counter()))

    recorder = threading.Thread(target=work)
    if record:
        recorder.start()
    embedder, count, end = recording.learners.embedder(), 0, time.perf_counter() + length
    while time.perf_counter() < end:
        recording.learner.answer(embedder.feature(next(frames)))
        count += 1
    stop.set()
    if record:
        recorder.join()
    return round(count / length, 1)


def memory(learners: Learners, photos: Iterator[bytes], num_classes: int, images: int) -> dict[str, float]:
    recording, process, megabytes = Recording(learners, photos, num_classes), psutil.Process(), {}
    for part in (images // 4, images // 2, images):
        recording.fill(part - len(recording.learner.keys))
        recording.learner.wait(settled=True)
        megabytes[str(part)] = round(process.memory_info().rss / 1e6, 1)
    return megabytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--images", type=int, default=100, help="of each class")
    parser.add_argument("--small", default="2x50", help="classes x images of the small collection")
    parser.add_argument("--measured", type=int, default=40)
    parser.add_argument("--memory", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    with extracted(photos_zip()) as folder, own_home(_weights()):
        files = sorted(folder.rglob("*.jpg"))
        photos = contents(files)
        learners = Learners()
        list(learners.embedder().each(files[:32]))  # the decoding workers start
        small_classes, small_images = map(int, arguments.small.split("x"))
        small = learned(learners, photos, small_classes, small_images, min(arguments.measured, small_images))
        large = learned(learners, photos, arguments.classes, arguments.images, arguments.measured)
        recording = Recording(learners, photos, arguments.classes)
        recording.fill(arguments.classes * arguments.images)
        idle = answers(recording, contents(files), arguments.seconds, record=False)
        while_recording = answers(recording, contents(files), arguments.seconds, record=True)
        used = memory(learners, photos, 2, arguments.memory)
    print_result(
        {
            "benchmark": "collect",
            "small": small,
            "large": large,
            "answers_a_second": while_recording,
            "idle_answers_a_second": idle,
            "megabytes": used,
        }
    )


def _weights() -> Path | None:
    from core.storage.home import home

    folder = home() / "cache" / "weights"
    return folder if folder.is_dir() else None


if __name__ == "__main__":
    main()
