"""What the benchmarks share: the photos, the clock, the way a result is printed."""

import json
import os
import platform
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.jobs.process import PROJECT

CORES = os.cpu_count() or 1
PHOTOS = PROJECT.parent / "shared" / "data" / "cats_and_dogs_filtered.zip"


def photos_zip() -> Path:
    """The zip of real photos: PAWLAB_BENCH_DATA, else the one beside the project. Ends the program without it."""
    path = Path(os.environ.get("PAWLAB_BENCH_DATA", PHOTOS))
    if not path.is_file():
        sys.exit(f"{path} does not exist. Set PAWLAB_BENCH_DATA to a zip in the layout of cats_and_dogs_filtered.zip")
    return path


@contextmanager
def extracted(archive: Path) -> Iterator[Path]:
    """The photos in a temporary folder: the one that holds train/ and validation/."""
    with tempfile.TemporaryDirectory(prefix="pawlab-bench-") as folder:
        with zipfile.ZipFile(archive) as file:
            file.extractall(folder)
        yield next(Path(folder).rglob("train")).parent


@contextmanager
def own_home(ready: Path | None = None) -> Iterator[Path]:
    """An empty PAWLAB_HOME for one measurement; `ready` is a weights cache that it may start with."""
    before = os.environ.get("PAWLAB_HOME")
    with tempfile.TemporaryDirectory(prefix="pawlab-bench-") as folder:
        os.environ["PAWLAB_HOME"] = folder
        if ready:
            (Path(folder) / "cache").mkdir()
            (Path(folder) / "cache" / "weights").symlink_to(ready)
        try:
            yield Path(folder)
        finally:
            os.environ.pop("PAWLAB_HOME")
            if before:
                os.environ["PAWLAB_HOME"] = before


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median(values: list[float]) -> float:
    return round(statistics.median(values), 4)


def print_result(result: dict[str, Any]) -> None:
    """The last line of a benchmark: one JSON object."""
    machine = {"cores": CORES, "machine": platform.machine(), "python": platform.python_version()}
    print(json.dumps({**result, "machine": machine}))
