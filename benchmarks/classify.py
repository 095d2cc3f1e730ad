"""Predictions for one image and for a folder, against Keras and against what cannot be done without; and the memory.

    python -m benchmarks.classify [--preset notebook] [--images 2000] [--singles 40] [--rounds 3] [--many 20000]

A run is trained on the photos for one epoch, which is enough for its time. One image: `Classifier.classify` of a file
on all cores, against the same decoding plus Keras' `predict` (`predict_on_batch` is measured as well), and against bare
decoding plus bare ONNX Runtime. A folder: the command `classify FOLDER --csv FILE` without the start of Python, from
the listing to the last row, against bare decoding on all cores plus Keras' `predict` of all (batch 32) and plus bare
ONNX Runtime (a thread a core, as ours; the faster of 4 and 8 images a call). Keras has a process of its own. All
interleaved, medians of the rounds.

`ratio` is how many times faster than Keras one image is classified, `ratio_folder` the folder; `ratio_single_floor` and
`ratio_floor` are how many times slower than bare decoding plus ONNX Runtime. `peak_mb` is the most memory that the
command takes for `--images` and for `--many` images (hard links to the same photos).
"""

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.bare import decode, decode_all, onnx_seconds
from benchmarks.common import CORES, extracted, median, own_home, photos_zip, print_result, seconds
from core.backbone.architecture import IMAGE
from core.backbone.session import open_session
from core.cli.console import run as run_command
from core.cli.main import app
from core.inference.classifier import Classifier
from core.jobs.process import PROJECT
from core.runs.run import Run
from core.runs.store import list_runs
from core.training.loop.onnx_model import PROBABILITIES

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}
PEAK = "import sys; from core.cli.main import app; from core.cli.console import run; "
PEAK += "from core.jobs.memory import peak_memory; "
PEAK += "code = run(app, sys.argv[1:]); print(peak_memory()); sys.exit(code)"


def trained(photos: Path, preset: str) -> Run:
    command = [sys.executable, "-m", "core", "train", "--data", str(photos), "--preset", preset, "--epochs", "1"]
    subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **QUIET})
    return list_runs().runs[0]


@contextmanager
def keras(run: Run, size: int) -> Iterator[Callable[[str, list[Path]], float]]:
    """Yields what asks the Keras process for a round and gives its seconds."""
    command = [sys.executable, "-m", "benchmarks.keras_predict", str(run.directory / "model.keras"), str(size)]
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **QUIET},
    ) as process:
        assert process.stdin and process.stdout

        def ask(what: str, files: list[Path]) -> float:
            assert process.stdin and process.stdout
            process.stdin.write(json.dumps({"what": what, "files": [str(file) for file in files]}) + "\n")
            process.stdin.flush()
            return float(json.loads(process.stdout.readline())["seconds"])

        yield ask
        process.stdin.close()


def folder_seconds(folder: Path, run: Run, table: Path) -> float:
    """The command, in this process."""

    def work() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            code = run_command(app, ["classify", str(folder), "--run", str(run.directory), "--csv", str(table)])
        if code:
            sys.exit(f"classify ended with {code}")

    return seconds(work)


def peak_mb(folder: Path, run: Run, table: Path) -> float:
    """Of the command, in a process of its own."""
    command = [sys.executable, "-c", PEAK, "classify", str(folder), "--run", str(run.directory), "--csv", str(table)]
    done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    return round(int(done.stdout.splitlines()[-1]) / 2**20, 1)


def linked(files: list[Path], folder: Path, count: int) -> Path:
    """`count` images in `folder`, hard links to the same files over and over, 1,000 a subfolder."""
    for number in range(count):
        place = folder / f"{number // 1000:04}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:07}.jpg").hardlink_to(files[number % len(files)])
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--preset", choices=("notebook", "fast"), default="notebook")
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--singles", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--many", type=int, default=20_000, help="Images for the memory; 0 leaves it out.")
    options = parser.parse_args()
    with extracted(photos_zip()) as photos, own_home() as home, tempfile.TemporaryDirectory(dir=photos) as scratch:
        run = trained(photos, options.preset)
        size = run.config.image_size
        files = sorted((photos / "train").rglob("*.jpg"))
        folder = linked(files, Path(scratch) / "folder", options.images)
        files = sorted(folder.rglob("*.jpg"))
        classifier = Classifier.open(run, CORES)
        wide = open_session(run.directory / "model.onnx", CORES)
        narrow = open_session(run.directory / "model.onnx", 1)

        def bare_single(singles: list[Path]) -> None:
            for file in singles:
                wide.run([PROBABILITIES], {IMAGE: decode(file, size)[np.newaxis].astype(np.float32)})

        times: dict[str, list[float]] = {}
        with keras(run, size) as ask:
            for number in range(options.rounds + 1):
                start = number * options.singles % max(1, len(files) - options.singles)
                singles = files[start : start + options.singles]
                images = decode_all(files, size)
                figures = {
                    "single": seconds(lambda: [classifier.classify(file) for file in singles]),  # noqa: B023
                    "single_keras": ask("single", singles),
                    "single_keras_on_batch": ask("single_on_batch", singles),
                    "single_floor": seconds(lambda: bare_single(singles)),  # noqa: B023
                    "folder": folder_seconds(folder, run, home / "predictions.csv"),
                    "folder_keras": ask("folder", files),
                    "decode": seconds(lambda: decode_all(files, size)),
                    "onnx": min(onnx_seconds(narrow, images, PROBABILITIES, batch) for batch in (4, 8)),
                }
                del images
                if number:  # round 0 warms up
                    for name, value in figures.items():
                        times.setdefault(name, []).append(value)
        peaks: dict[str, float] = {}
        if options.many:
            for count in (options.images, options.many):
                where = linked(files, Path(scratch) / str(count), count)
                peaks[str(count)] = peak_mb(where, run, home / "memory.csv")
    middle = {name: median(values) for name, values in times.items()}
    floor = middle["decode"] + middle["onnx"]
    single_names = ("single", "single_keras", "single_keras_on_batch", "single_floor")
    print_result(
        {
            "benchmark": "classify",
            "preset": options.preset,
            "image_size": size,
            "images": options.images,
            "singles": options.singles,
            "rounds": options.rounds,
            "seconds": middle,
            "single_milliseconds": {name: round(1000 * middle[name] / options.singles, 1) for name in single_names},
            "images_per_second": {
                "single": round(options.singles / middle["single"], 1),
                "single_keras": round(options.singles / middle["single_keras"], 1),
                "folder": round(options.images / middle["folder"], 1),
                "folder_keras": round(options.images / middle["folder_keras"], 1),
                "folder_floor": round(options.images / floor, 1),
            },
            "peak_mb": peaks,
            "ratio": round(middle["single_keras"] / middle["single"], 2),
            "ratio_on_batch": round(middle["single_keras_on_batch"] / middle["single"], 2),
            "ratio_folder": round(middle["folder_keras"] / middle["folder"], 2),
            "ratio_single_floor": round(middle["single"] / middle["single_floor"], 3),
            "ratio_floor": round(middle["folder"] / floor, 3),
        }
    )


if __name__ == "__main__":
    main()
