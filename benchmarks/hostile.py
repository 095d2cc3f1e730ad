"""Broken and malicious input of every kind, counted: what Pawlab does with it, how long it takes, how much it needs.

    python -m benchmarks.hostile [--share 1.0] [--seed 0]

Images, zips, bundles, run folders and caches, mutated by `tests.mutations`, `tests.hostile_runs` and the corpus of
`tests.hostile`, and images as large as any that are decoded (`tests.hostile_large`), all from the seed; nothing is
kept. `--share 0.02` tries the fiftieth part, as the suite does.

Of each kind: `tried`; `refused`, with a reason; `failures` by kind, each of which is a fault of ours: an exception that
is no `PawlabError`, something left behind, a number that is another than before the damage; `slowest` in seconds, and
`largest`: the most memory in MB, of this process and of a worker that decodes (0 where the system does not tell). The
program ends with code 1 where anything failed.
"""

import argparse
import logging
import random
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.common import own_home, print_result
from core.augmentation import preset as augmentation
from core.backbone.features import FeaturePlan, extract_features
from core.backbone.graph import cached_base
from core.backbone.weights import resolve_weights
from core.datasets import open_dataset
from core.datasets.sample.sample import write_sample
from core.errors import ImageError, PawlabError
from core.export.importing import import_bundle
from core.images import isolated
from core.jobs.memory import peak_memory
from core.runs.run import ACTIVE, Run, create_run, load_run
from core.runs.settings import preset
from core.runs.start import collect, start_run
from core.runs.store import drop_run, list_runs
from core.storage.archives import extract_zip
from core.storage.home import subfolder
from tests.drawing import image_bytes, make_zip
from tests.export.making import changed as bundle_with
from tests.export.making import write_bundle
from tests.hostile import bad_files, odd_files
from tests.hostile_large import large_files
from tests.hostile_runs import damaged_copy, read_all
from tests.mutations import mutated

TRIED = {"images": 10_000, "large": 100, "zips": 150, "bundles": 120, "runs": 600, "caches": 100}
SIZE = 160
LOOKS: list[Callable[[bytes], object]] = [
    partial(isolated.load_image, size=SIZE),
    partial(isolated.decode_image, longest=240),
    isolated.inspect_image,
    isolated.read_exif,
    partial(isolated.load_views, size=SIZE, longest=1600),
]


@dataclass
class Tally:
    """What happened to the hostile input of one kind."""

    tried: int = 0
    refused: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    largest_worker: int = 0

    def attempt(self, work: Callable[[], str | None]) -> None:
        """Does it. `work` returns what is wrong all the same, if anything is."""
        self.tried += 1
        started = time.perf_counter()
        try:
            if wrong := work():
                self.failures[wrong] += 1
        except PawlabError as error:
            self.refused += 1
            if not error.received or len(str(error)) > 3000:
                self.failures["a refusal without a reason, or with an endless one"] += 1
        except Exception as error:
            self.failures[f"{type(error).__name__}: {str(error)[:80]}"] += 1
        self.slowest = max(self.slowest, time.perf_counter() - started)

    def watch_workers(self) -> None:
        """Notes the peak of the workers that are alive."""
        for child in psutil.Process().children():
            with suppress(OSError, psutil.Error):
                status = Path(f"/proc/{child.pid}/status").read_text()
                if "core.jobs.pool_worker" in child.cmdline() and (peak := re.search(r"VmHWM:\s*(\d+) kB", status)):
                    self.largest_worker = max(self.largest_worker, 1024 * int(peak[1]))

    def result(self) -> dict[str, Any]:
        facts = {"tried": self.tried, "refused": self.refused, "failures": dict(self.failures)}
        largest = {"largest": round(peak_memory() / 1e6), "largest_worker": round(self.largest_worker / 1e6)}
        return facts | {"slowest": round(self.slowest, 2), **largest}


def images(number: int, seed: int) -> Tally:
    """Each is looked at in one of the ways in which the app looks at images."""
    tally, good = Tally(), _good_images()
    corpus = [*bad_files().values(), *odd_files().values()]
    for at in range(number):
        whole = corpus[at] if at < len(corpus) else good[at % len(good)]
        content = whole if at < len(corpus) else mutated(whole, seed + at)
        tally.attempt(partial(_nothing_wrong, LOOKS[at % len(LOOKS)], content))
    tally.watch_workers()
    return tally


def large(number: int, seed: int) -> Tally:
    """Each in each of the ways. None may cost its worker, nor more memory than its header told."""
    tally, draws = Tally(), large_files()
    pairs = [(name, look) for name in draws for look in LOOKS]
    random.Random(seed).shuffle(pairs)
    contents: dict[str, bytes] = {}

    def attempt(name: str, look: Callable[[bytes], object]) -> str | None:
        try:
            look(contents[name])
        except ImageError as error:
            if any(word in error.received for word in ("crashed", "seconds", "not enough memory")):
                return f"{name}: {error.received}"
            raise
        return None

    for name, look in pairs[:number]:
        contents[name] = contents.get(name) or draws[name]()
        tally.attempt(partial(attempt, name, look))
        tally.watch_workers()
    return tally


def _nothing_wrong(look: Callable[[bytes], object], content: bytes) -> None:
    look(content)


def _good_images() -> list[bytes]:
    return [
        image_bytes(number, format=kind) for number, kind in enumerate(("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF"))
    ]


def zips(number: int, seed: int, folder: Path) -> Tally:
    tally = Tally()
    members = {f"train/{label}/{n}.jpg": image_bytes(n) for label in ("cats", "dogs") for n in range(4)}
    good = make_zip(members)
    extract_zip(good, folder / "good")

    def attempt(content: bytes) -> str | None:
        target = folder / "zip" / "target"
        target.parent.mkdir()
        try:
            extract_zip(content, target)
        except PawlabError:
            if left := [path.name for path in target.parent.iterdir()]:
                return f"left behind: {left[0][:20]}"
            raise
        finally:
            shutil.rmtree(target.parent)
        return None

    for at in range(number):
        tally.attempt(partial(attempt, mutated(good, seed + at)))
    return tally


def bundles(number: int, seed: int, run: Run, folder: Path) -> Tally:
    """A member of each is mutated, with checksums that fit; of every fifth, the zip itself."""
    tally = Tally()
    write_bundle(run, folder / "bundle", folder / "scratch")
    whole = bundle_with(folder / "bundle", folder / "whole.zip", lambda copy: None).read_bytes()
    members = sorted(path.name for path in (folder / "bundle").iterdir())

    def attempt(at: int) -> str | None:
        target = folder / "hostile.zip"

        def change(copy: Path) -> None:
            file = copy / members[at % len(members)]
            file.write_bytes(mutated(file.read_bytes(), seed + at))

        if at % 5:
            bundle_with(folder / "bundle", target, change)
        else:
            target.write_bytes(mutated(whole, seed + at))
        before = {one.id for one in list_runs().runs}
        try:
            imported = import_bundle(target)
        except PawlabError:
            if {one.id for one in list_runs().runs} != before or list(subfolder("imports").iterdir()):
                return "left behind by a refused import"
            raise
        finally:
            shutil.rmtree(target.with_suffix(""), ignore_errors=True)
            target.unlink()
        drop_run(imported)
        return None

    for at in range(number):
        tally.attempt(partial(attempt, at))
    return tally


def runs(number: int, seed: int, run: Run) -> Tally:
    tally = Tally()

    def attempt(at: int) -> str | None:
        folder = subfolder("runs") / "damaged"
        damaged_copy(run.directory, folder, seed + at)
        try:
            listed = list_runs()
            if run.id not in {one.id for one in listed.runs}:
                return "another run is hidden"
            for one in listed.runs:
                if one.id == "damaged":
                    read_all(one)
            return None
        finally:
            shutil.rmtree(folder)

    for at in range(number):
        tally.attempt(partial(attempt, at))
    return tally


def caches(number: int, seed: int, source: Path) -> Tally:
    """Features, the base's graph, the weights, the index of scans: damaged, and asked for again."""
    tally, dataset = Tally(), open_dataset(source)
    plan = FeaturePlan(64, "average", 1, augmentation("gentle"), 0)

    def vectors() -> Any:
        weights = resolve_weights()
        base, digest = cached_base(weights), weights.provenance.digest
        found = open_dataset(source)
        if found.fingerprint != dataset.fingerprint:
            return np.zeros(0)
        array = extract_features(found, "train", plan, base, digest)
        try:
            return np.column_stack([array.labels, array.read(np.arange(array.rows)).dense()])
        finally:
            array.close()

    expected = vectors()
    files = [
        path
        for part in ("features", "base", "weights", "index")
        for path in sorted(subfolder("cache", part).rglob("*"))
        if path.is_file()
    ]

    def attempt(at: int) -> str | None:
        file = files[at % len(files)]
        content = file.read_bytes() if file.is_file() else whole[file]
        damaged = mutated(content, seed + at)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(damaged)
        found = vectors()
        for path, content in whole.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_file() or path.read_bytes() != content:
                path.write_bytes(content)
        return None if np.array_equal(found, expected) else f"other features after damage to {file.parent.name}"

    whole = {file: file.read_bytes() for file in files}
    for at in range(number):
        tally.attempt(partial(attempt, at))
    return tally


def trained(folder: Path) -> Run:
    write_sample(folder / "pets", train=12, validation=6)
    run = create_run(str(folder / "pets"), preset("fast").changed(image_size=96, epochs=3, units=16), "good")
    start_run(run)
    while run.status() in ACTIVE or run.alive():
        collect()
        time.sleep(0.2)
    return load_run(run.directory)


def measure(share: float, seed: int) -> dict[str, Any]:
    logging.disable()  # of what is damaged each is logged, as it should be
    number = {kind: max(1, round(share * most)) for kind, most in TRIED.items()}
    with own_home() as folder:
        run = trained(folder)
        return {
            "images": images(number["images"], seed).result(),
            "large": large(number["large"], seed).result(),
            "zips": zips(number["zips"], seed, folder).result(),
            "runs": runs(number["runs"], seed, run).result(),
            "bundles": bundles(number["bundles"], seed, run, folder).result(),
            "caches": caches(number["caches"], seed, folder / "pets").result(),
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="of the numbers that the docstring gives")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    result = measure(asked.share, asked.seed)
    print_result({"seed": asked.seed, **result})
    sys.exit(any(kind["failures"] for kind in result.values()))
