"""Processes that are killed (SIGKILL) at a random moment of a run's life: no trained run is lost, no history is wrong.

    python -m benchmarks.kills [--kills 20] [--seed 0]

Small runs on drawn images: the presets `fast` and `notebook`, and fine-tuning of the first; each begins with empty
caches of scans and features. First one run of each kind is trained in peace: it says how long a life is and how it
ends. Then, in turn, one of these is killed:

- `worker`: the process that trains, at a moment that is drawn evenly from a run's life. The run is resumed by the same
  call that the page's button makes. One that ends before its moment came is started anew with another moment.
- `server`: the app, in which a window pressed Start, at such a moment after the press. The run goes on by itself, or
  waits to be started where the server had not come to that.
- `decoder`: one of the processes in which the worker has images decoded, while it scans. The run goes on.

`failures` says of each killed run what was not as it must be, see `wrong`; the program then ends with code 1. `kills`
lists for each the moment in seconds, the phase and the last epoch that the log tells of, and how many epochs the resume
found done. `halves_in_cache` are feature passes that were cut short: the cache drops them an hour later, since nobody
can tell at once that their worker is dead.
"""

import argparse
import asyncio
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.common import own_home, print_result
from benchmarks.server import serving, until_it_listens
from benchmarks.window import open_window
from core.datasets.sample.sample import write_sample
from core.images.decode import load_image
from core.inference.classifier import Classifier
from core.runs.fine_tuning import FineTuningConfig
from core.runs.history import History
from core.runs.run import ACTIVE, Run, create_run
from core.runs.settings import TrainingConfig, preset
from core.runs.start import collect, start_run
from core.storage.files import read_json
from core.storage.home import subfolder
from core.training.loop.second_stage import fine_tune_run

KINDS = ("fast", "notebook", "fast", "notebook", "fine_tuned")  # in turn
VICTIMS = ("worker", "server", "decoder")
SCAN_SECONDS = 0.8  # from the first decoder's start to the end of the scan, and a little more
SMALL: dict[str, Any] = {"image_size": 96, "crop": "squeeze", "early_stopping_patience": 1000}
EPOCHS = {"fast": 100, "notebook": 12, "fine_tuned": 4}  # some seconds of training each
COMPARED = ("counts", "fingerprint", "best_epoch", "epochs", "val_loss", "val_accuracy", "fine_tuned_digest")
"""Of the summary."""
TOLERANCE = 1e-4  # between the two saved models, as `core.training.keras.model` has it
PATIENCE = 600  # seconds that a run may take
MOST_DRAWS = 20


@dataclass(frozen=True)
class Reference:
    """A run in peace: its life in seconds, and what a killed one must end with."""

    run: Run
    life: float
    predictions: NDArray[np.float32]


def points(history: History) -> list[dict[str, Any]]:
    """All points of the curves, without when and how fast they were made."""
    curves = [*history.epochs, *history.batches, *history.drops, *([history.early_stop] if history.early_stop else [])]
    return [{name: value for name, value in point.items() if name not in ("time", "seconds")} for point in curves]


def load_images(data: Path) -> NDArray[np.uint8]:
    return np.stack([load_image(file, SMALL["image_size"]) for file in sorted((data / "validation").glob("*/*"))])


def until(condition: Callable[[], Any], run: Run) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        collect()
        if time.monotonic() > deadline:
            sys.exit(f"{run.directory} took longer than {PATIENCE} s: {run.status()}")
        time.sleep(0.005)


def begin(run: Run) -> tuple[psutil.Process, float]:
    """Starts a run that stands still; gives its new worker, and when that began."""
    before = _worker(run)
    start_run(run)
    until(lambda: _worker(run) != before or run.status() not in ACTIVE, run)
    return psutil.Process(_worker(run)), time.monotonic()


def _worker(run: Run) -> int:
    file = run.directory / "worker.json"
    return int(read_json(file)["pid"]) if file.is_file() else 0


def end(run: Run) -> None:
    until(lambda: run.status() not in ACTIVE and not run.alive(), run)


def in_peace(run: Run, images: NDArray[np.uint8]) -> Reference:
    forget_caches()
    _, began = begin(run)
    end(run)
    life = time.monotonic() - began
    if run.status() != "finished":
        sys.exit(f"{run.directory} ended as {run.status()}: {run.history().reason}")
    return Reference(run, life, Classifier.open(run).predict(images))


def forget_caches() -> None:
    for name in ("features", "index"):
        shutil.rmtree(subfolder("cache", name))


def kill_worker(run: Run, life: float, rng: np.random.Generator) -> float | None:
    """The moment of the kill; None where the run was faster than the one in peace. So do the others."""
    moment = float(rng.uniform(0, life))
    worker, began = begin(run)
    until(lambda: time.monotonic() - began >= moment or not worker.is_running(), run)
    with suppress(psutil.NoSuchProcess):
        worker.kill()
    until(lambda: not run.alive(), run)
    return moment if run.status() == "interrupted" else None


def kill_server(run: Run, life: float, rng: np.random.Generator) -> float | None:
    moment = float(rng.uniform(0, life))
    with serving("app.py") as (url, pid):
        asyncio.run(_press_start_and_kill(url, moment, psutil.Process(pid)))
    return moment if run.status() != "finished" else None


async def _press_start_and_kill(url: str, moment: float, server: psutil.Process) -> None:
    until_it_listens(url)
    async with open_window(url) as window:
        await window.show("train")
        await window.press("Start")
        await asyncio.sleep(moment)
        server.kill()


def kill_decoder(run: Run, life: float, rng: np.random.Generator) -> float | None:
    moment = float(rng.uniform(0, SCAN_SECONDS))
    worker, began = begin(run)
    until(lambda: _decoders(worker) or time.monotonic() - began > life, run)
    began = time.monotonic()
    until(lambda: time.monotonic() - began >= moment, run)
    decoders = _decoders(worker)
    if not decoders:
        end(run)
        return None
    decoders[rng.integers(len(decoders))].kill()
    return moment


def _decoders(worker: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return [child for child in worker.children() if "core.jobs.pool_worker" in child.cmdline()]
    return []


KILL = {"worker": kill_worker, "server": kill_server, "decoder": kill_decoder}


def killed(victim: str, make: Callable[[], Run], life: float, rng: np.random.Generator) -> tuple[Run, dict[str, Any]]:
    """A run of whose processes one was killed, and what is known of that moment."""
    for _ in range(MOST_DRAWS):
        run = make()
        forget_caches()
        moment = KILL[victim](run, life, rng)
        if moment is not None:
            history = run.history()
            epoch = history.epochs[-1]["epoch"] if history.epochs else 0
            return run, {"second": round(moment, 2), "phase": history.phase or "start", "epoch": epoch}
        shutil.rmtree(run.directory)
    sys.exit(f"of {MOST_DRAWS} runs none lived until its {victim} was killed")


def go_on(run: Run) -> None:
    """To its end: it is at work still, or it is resumed."""
    if not run.alive():
        begin(run)
    end(run)


def wrong(run: Run, reference: Reference, images: NDArray[np.uint8]) -> list[str]:
    """What is not as in the run in peace: how it ended, the history, scores, models, files for other tools, and what
    lies in its folder and in the caches."""
    if run.status() != "finished":
        return [f"it is {run.status()}: {run.history().reason}"]
    problems, peace, history = [], reference.run, run.history()
    if [point["epoch"] for point in history.epochs] != list(range(1, run.last_epoch + 1)):
        problems.append(f"its epochs are {[point['epoch'] for point in history.epochs]}")
    if points(history) != points(peace.history()):
        problems.append("its points differ")
    pairs = [(name, run.summary().get(name), peace.summary().get(name)) for name in COMPARED]
    problems += [f"{name} is {value}, not {expected}" for name, value, expected in pairs if value != expected]
    predictions = Classifier.open(run).predict(images)
    if not np.array_equal(predictions, reference.predictions):
        problems.append(
            f"model.onnx predicts otherwise, by up to {np.abs(predictions - reference.predictions).max():.2g}"
        )
    difference = float(np.abs(keras_predictions(run, images) - predictions).max())
    if not difference <= TOLERANCE:
        problems.append(f"model.keras and model.onnx differ by {difference:.2g}")
    if (run.directory / "history.csv").read_text() != (peace.directory / "history.csv").read_text():
        problems.append("history.csv differs")
    left = _names(run.directory) - _names(peace.directory)
    if left:
        problems.append(f"left behind: {sorted(left)}")
    if alive := [" ".join(process.cmdline()[1:4]) for process in psutil.process_iter() if works_on(run, process)]:
        problems.append(f"still at work: {alive}")
    return problems


def works_on(run: Run, process: psutil.Process) -> bool:
    try:
        return str(run.directory) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:  # it has just ended, or is a stranger's
        return False


def _names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def keras_predictions(run: Run, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    import keras

    model = keras.models.load_model(run.directory / "model.keras")
    predictions: NDArray[np.float32] = model.predict_on_batch(images.astype(np.float32))
    return np.concatenate([1 - predictions, predictions], axis=1) if predictions.shape[1] == 1 else predictions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    with own_home() as home:
        data = home / "drawn"
        write_sample(data, train=24, validation=12)
        images = load_images(data)

        def make(kind: str) -> Run:
            if kind == "fine_tuned":
                settings = FineTuningConfig(layers=9, epochs=EPOCHS[kind], learning_rate=1e-4)
                return fine_tune_run(references["fast"].run, settings, kind)
            config: TrainingConfig = preset("fast" if kind == "fast" else "notebook")
            return create_run(str(data), config.changed(epochs=EPOCHS[kind], **SMALL), kind)

        references: dict[str, Reference] = {}
        for kind in EPOCHS:
            references[kind] = in_peace(make(kind), images)
        halves = 0
        kills: list[dict[str, Any]] = []
        failures: list[dict[str, Any]] = []
        for number in range(options.kills):
            kind = KINDS[number % len(KINDS)]
            victim = VICTIMS[number % len(VICTIMS)]
            run, kill = killed(victim, lambda: make(kind), references[kind].life, rng)  # noqa: B023
            go_on(run)
            halves += len(list(subfolder("cache", "features").glob(".*")))
            events = run.log.read()[0]
            starts = [event["epoch"] for event in events if event["event"] == "start"]
            kill = {"victim": victim, "run": kind, **kill, "resumed_after_epoch": starts[-1] - 1 if starts else 0}
            kills.append(kill)
            if reasons := wrong(run, references[kind], images):
                failures.append({**kill, "wrong": reasons})
            print(kill, *reasons, file=sys.stderr)
            shutil.rmtree(run.directory)
    result = {
        "benchmark": "kills",
        "seed": options.seed,
        "life_seconds": {kind: round(reference.life, 1) for kind, reference in references.items()},
        "kills": kills,
        "victims": dict(Counter(kill["victim"] for kill in kills)),
        "phases": dict(Counter(kill["phase"] for kill in kills)),
        "ended_well": len(kills) - len(failures),
        "halves_in_cache": halves,
        "failures": failures,
    }
    print_result(result)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
