"""A disk that is full: what each kind of write says, what it leaves, and whether it works once there is room again.

    python -m benchmarks.full_disk [--runs]            as root, on Linux: it mounts a small file system in memory

The home lies on that file system, which a ballast fills but for the bytes that a case leaves. Each of `writes` is tried
on the full disk. It must say that the disk is full, and where, or do its work without what is only a help (a cache, the
session's choices); leave no file, and of an old file nothing changed; and do its work as soon as the ballast has gone.

With `--runs`, each of `MOMENTS` fills the disk while a run is at work, in a process of its own: the run must end as
failed with such a reason, or without a word where even that has no room; show no model; and, resumed, end like the run
in peace. `failures` names what was otherwise; the program then ends with code 1. `said` has the message of each case.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from benchmarks.common import print_result
from core.augmentation import AugmentationConfig
from core.augmentation.store import Store, default_folder
from core.datasets import Edits, open_dataset
from core.datasets.edits.corrections import add_correction
from core.datasets.edits.export_zip import write_cleaned
from core.datasets.opening import Openings
from core.datasets.sample.sample import write_sample
from core.datasets.source import resolve_source
from core.datasets.thumbnails import thumbnails
from core.datasets.uploads import keep_folder, keep_zip
from core.errors import PawlabError
from core.evaluation.report.html import write_report
from core.export.bundle import make_bundle
from core.export.files import write_zip
from core.export.importing import import_bundle
from core.inference.classifier import Classifier
from core.inference.inputs import find_images
from core.inference.sorting import FolderSorter
from core.inference.table import TableWriter
from core.jobs.process import PROJECT
from core.runs.choices import REJECTION, THRESHOLD
from core.runs.limits import Limits
from core.runs.run import ACTIVE, Run, create_run, load_run
from core.runs.settings import preset
from core.runs.start import collect, log_tail, reason, start_run
from core.sessions.choices import Choices, save_choices
from core.storage.archives import extract_zip
from core.storage.home import subfolder
from tests.drawing import zip_folder
from tests.export.making import write_bundle

SIZE = 700_000_000
SAYS_SO = ("No space left on device", "disk is too full", "disk is full")
CONFIG = preset("fast").changed(image_size=96, epochs=6, units=64, early_stopping_patience=50)
PATIENCE = 300


class Disk:
    """A file system of its own, at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._ballast = folder, folder / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Until `leave` bytes are free."""
        self.empty()
        while (free := shutil.disk_usage(self.folder).free) > leave:
            with self._ballast.open("ab") as file, suppress(OSError):  # somebody else was faster
                os.posix_fallocate(file.fileno(), file.tell(), free - leave)

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def files(self) -> dict[str, tuple[int, int]]:
        """Every file with its size and time of change, but for locks and the log of a process."""
        files = (file for file in self.folder.rglob("*") if file.is_file() and file != self._ballast)
        return {
            str(file.relative_to(self.folder)): (file.stat().st_size, file.stat().st_mtime_ns)
            for file in files
            if file.suffix not in (".lock", ".log") and file.name != ".lock"
        }


@contextmanager
def small_disk(size: int = SIZE) -> Iterator[Disk]:
    """One that is `home()` meanwhile. Raises `CalledProcessError`: it cannot be mounted here."""
    with tempfile.TemporaryDirectory(prefix="pawlab-disk-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
        before = os.environ.get("PAWLAB_HOME")
        os.environ["PAWLAB_HOME"] = str(Path(folder) / "home")
        try:
            yield Disk(Path(folder))
        finally:
            os.environ.pop("PAWLAB_HOME")
            if before:
                os.environ["PAWLAB_HOME"] = before
            subprocess.run(["umount", "--lazy", folder], check=True)


def writes(data: Path, disk: Disk, run: Run | None) -> dict[str, Callable[[], object]]:
    """What is written, by its name. Those of a run only where there is one.

    Args:
        data: A folder of images, on another disk.
    """
    dataset, packed = open_dataset(data), zip_folder(data)
    image = dataset.file(dataset.usable()[0])
    files = [(f"{data.name}/{record.path}", dataset.file(record).read_bytes()) for record in dataset.usable()]
    target, numbers = disk.folder / "targets", iter(range(1000))
    target.mkdir(exist_ok=True)

    def new(ending: str) -> Path:
        return target / f"{next(numbers)}{ending}"

    def open_it(content: bytes, name: str) -> None:
        zipped = data.with_name(name)
        zipped.write_bytes(content)
        open_dataset(zipped)

    cases: dict[str, Callable[[], object]] = {
        "upload of a zip": lambda: keep_zip(packed, "pets.zip"),
        "upload of a folder": lambda: keep_folder(files),
        "unpacking a zip": lambda: extract_zip(packed, new("")),
        "opening a zip": partial(open_it, packed, "pets.zip"),
        "opening a folder": lambda: _opened(data),
        "edits": lambda: Edits.load(dataset).exclude(dataset.usable()[:1]),
        "cleaned zip": lambda: write_cleaned(dataset, new(".zip")),
        "saved augmentation": lambda: Store(default_folder()).save("mine", AugmentationConfig()),
        "session": lambda: save_choices("0123456789ab", Choices(version="0")),
        "correction": lambda: add_correction(image.read_bytes(), "cats", image.name),
        "thumbnails": lambda: [one.content for one in thumbnails(dataset, dataset.usable()[:4])],
        "new run": lambda: create_run(dataset, CONFIG),
    }
    if run:
        classifier = Classifier.open(run)
        prediction = classifier.classify(image)
        bundle = data.with_name("bundle.zip")
        if not bundle.exists():
            write_bundle(run, data.with_name("bundle"), data.with_name("scratch"))
            write_zip(data.with_name("bundle"), bundle)

        with find_images([data]) as found:
            file = next(iter(found))

        def table() -> None:
            with TableWriter(new(".csv"), classifier.classes, Limits()) as rows:
                rows.write(file, prediction)

        cases |= {
            "table of predictions": table,
            "sorted copies": lambda: FolderSorter(new(""), classifier.classes, Limits()).copy(
                image.name, image.read_bytes(), prediction
            ),
            "threshold": lambda: THRESHOLD.keep(run, 0.7),
            "cut for unlike images": lambda: REJECTION.keep(run, 0.02),
            "name of a run": lambda: run.rename("another", "a note"),
            "report": lambda: write_report(run, new(".html")),
            "export": lambda: make_bundle(run, new(".zip"), litert=False),
            "import": lambda: import_bundle(bundle),
        }
    return cases


def _opened(data: Path) -> None:
    """As the Dataset page opens one."""
    openings = Openings()
    job = openings.start(resolve_source(data), "a session")
    job.wait()
    if job.error:
        raise job.error


def try_write(do: Callable[[], object], disk: Disk) -> tuple[str, list[str]]:
    """What it said on the full disk, "" where nothing, and what was wrong."""
    wrong, said = [], ""
    before = disk.files()
    disk.fill()
    try:
        do()
    except PawlabError as error:
        said = str(error)
        if not any(words in said for words in SAYS_SO):
            wrong.append("it does not say that the disk is full")
        if str(disk.folder) not in said:
            wrong.append("it does not say where")
    except Exception as error:
        wrong.append(f"{type(error).__name__}: {error}")
    finally:
        disk.empty()
    if (
        said
        and "--resume" not in said
        and (changed := sorted(name for name, facts in disk.files().items() if before.get(name) != facts))
    ):
        wrong.append(f"left behind: {changed[:3]}")
    try:
        do()
    except Exception as error:
        wrong.append(f"with room again: {type(error).__name__}: {error}")
    return said, wrong


def trained(run: Run) -> Run:
    start_run(run)
    wait(run)
    return load_run(run.directory)


def wait(run: Run, condition: Callable[[], object] = lambda: False) -> None:
    """Until the run has ended, or `condition()` holds."""
    deadline = time.monotonic() + PATIENCE
    while (run.status() in ACTIVE or run.alive()) and not condition():
        collect()
        if time.monotonic() > deadline:
            sys.exit(f"{run.directory} took longer than {PATIENCE} s")
        time.sleep(0.005)


MODELS = 8_000_000  # bytes: less than model.keras or model.onnx, more than anything else
Moment = Callable[[Run], bool]
MOMENTS: dict[str, tuple[Moment, int]] = {  # when the disk is filled, and the bytes that are left
    "scan": (lambda run: run.alive(), 0),
    "features": (lambda run: run.history().phase == "features", 20_000),
    "checkpoint": (lambda run: bool(run.history().epochs), 200_000),
    "events": (lambda run: bool(run.history().epochs), 0),
    "model.keras": (lambda run: run.history().phase == "save", MODELS),
}
FILLING = """
import sys
from importlib import import_module
from pathlib import Path
from unittest.mock import patch
from benchmarks.full_disk import Disk
from core.training.loop import worker_process

name, place, run, folder = sys.argv[1:]
module, _, function = place.rpartition(".")
write = getattr(import_module(module), function)

def full(path, content):
    if path.name == name:
        Disk(Path(folder)).fill()
    write(path, content)

with patch(place, full):
    worker_process.main(Path(run))
"""
HOOKS = {  # what is written when the disk is filled before it
    "model.onnx": "core.training.loop.saving.write_atomic",
    "validation.npz": "core.training.loop.saving.write_atomic",
    "run.json": "core.training.loop.worker.write_json",
}


def fill_at(moment: Moment, leave: int, run: Run, disk: Disk) -> None:
    """Starts the run, and fills the disk when its moment has come."""
    start_run(run)
    wait(run, lambda: moment(run))
    disk.fill(leave)
    wait(run)


def fill_before(name: str, run: Run, disk: Disk) -> None:
    """Trains without a supervisor, and fills the disk just before the file `name` is written."""
    command = [sys.executable, "-c", FILLING, name, HOOKS[name], str(run.directory), str(disk.folder)]
    subprocess.run(command, cwd=PROJECT, check=False, capture_output=True)


def try_run(work: Callable[[Run], None], peace: Run, disk: Disk) -> tuple[str, list[str]]:
    """What the run says that was at work while the disk was full, and what was wrong."""
    wrong = []
    for cache in ("features", "index"):
        shutil.rmtree(subfolder("cache", cache), ignore_errors=True)
    run = create_run(peace.source, CONFIG, "on a full disk")
    work(run)
    said, status = reason(run), run.status()
    if status not in ("failed", "interrupted"):
        wrong.append(f"it is {status}")
    if not any(words in said for words in SAYS_SO):
        wrong.append(f"it does not say that the disk is full: {said} {log_tail(run)[-300:]}")
    elif str(disk.folder) not in said:
        wrong.append("it does not say where")
    if run.has_model():
        wrong.append("it shows a model")
    disk.empty()
    run = trained(run)
    if run.status() != "finished":
        return said, [*wrong, f"resumed, it is {run.status()}: {reason(run)}"]
    facts = ("counts", "fingerprint", "best_epoch", "epochs", "val_loss", "val_accuracy")
    wrong += [f"{fact} is another" for fact in facts if run.summary()[fact] != peace.summary()[fact]]
    if [point["epoch"] for point in run.history().epochs] != list(range(1, CONFIG.epochs + 1)):
        wrong.append("its epochs are others")
    if left := {file.name for file in run.directory.iterdir()} - {file.name for file in peace.directory.iterdir()}:
        wrong.append(f"left behind: {sorted(left)}")
    return said, wrong


def cases(data: Path, disk: Disk, *, runs: bool) -> Iterator[tuple[str, str, list[str]]]:
    """The name of each, what it said, and what was wrong."""
    run = trained(create_run(str(data), CONFIG, "in peace"))
    copy = shutil.copytree(data, data.with_name("copy"))  # some of these edit it
    for name, do in writes(copy, disk, run).items():
        yield name, *try_write(do, disk)
    for name, (moment, leave) in MOMENTS.items() if runs else ():
        yield f"run: {name}", *try_run(partial(fill_at, moment, leave, disk=disk), run, disk)
    for name in HOOKS if runs else ():
        yield f"run: {name}", *try_run(partial(fill_before, name, disk=disk), run, disk)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", action="store_true", help="also fill the disk while a run is at work")
    options = parser.parse_args()
    said: dict[str, str] = {}
    failures: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory(prefix="pawlab-bench-") as folder, small_disk() as disk:
        data = Path(folder) / "pets"
        write_sample(data, train=20, validation=8)
        for name, words, wrong in cases(data, disk, runs=options.runs):
            said[name] = words
            if wrong:
                failures[name] = wrong
            print(name, "|", words, "|", *wrong, file=sys.stderr)
    print_result({"benchmark": "full_disk", "said": said, "failures": failures})
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
