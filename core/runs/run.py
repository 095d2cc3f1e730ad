"""One run by its folder, which is the only channel between the worker and everybody else.

config.json     name, source, settings, and the group of runs that belong together; of a fine-tuned run also its
                second stage
label.json      the name and the note that the user gave it later (`core.runs.names`)
start/          of an unfinished fine-tuned run: the model that it starts from, with its predictions and summary
edits.json      the dataset's edits when the run was created: it trains with these, whatever is edited later
events.jsonl    what happened (`core.runs.history`)
supervisor.json, worker.json, exit.json   its processes, and how the worker ended (`core.runs.liveness`)
samples/        the validation images whose predictions are shown after each epoch (`core.runs.sample_images`)
passing/        the images that have just passed the base (`core.runs.passing_images`); gone once all have
worker.log      the output of these processes
cancel          exists once a stop is requested
history.csv, tensorboard/   the same history for other tools (`core.training.loop.tool_logs`)
checkpoint-N/   the state to resume from, after epoch N (`core.training.loop.checkpoint`); gone once it is finished
model.keras, model.onnx, validation.npz, run.json    the result
predictions/    what the model predicted on other images (`core.evaluation.scoring`)
neighbours.npz  training images, to tell how unlike them another one is (`core.runs.limits`); of a fine-tuned run with
                base.onnx, the frozen base that their features are of
threshold.json, unlike.json, sets.json    where the run stops deciding, as the user chose
"""

import re
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from core.config import Settings
from core.datasets.edits.actions import MAX_BYTES, Action, from_json, to_json
from core.datasets.loading import actions_of
from core.datasets.records import Dataset
from core.datasets.source import resolve_source
from core.errors import ConfigError, DatasetError, PawlabError, RunError
from core.jobs.process import PROGRAM
from core.runs.events import Moment
from core.runs.fine_tuning import FineTuning
from core.runs.history import History
from core.runs.liveness import alive
from core.runs.names import NAME_CHARACTERS, number_in, numbered, read_label, readable, write_label
from core.runs.queue_file import canonical, read_order
from core.runs.settings import TrainingConfig, preset_of
from core.runs.summary import check_summary
from core.storage.files import EventLog, open_regular, read_json, size_of, stamp_of, write_atomic, write_json
from core.storage.home import entries, home, subfolder
from core.storage.locks import locked
from core.text.lines import one_line

ACTIVE = ("waiting", "running", "stopping")
NEIGHBOURS = "neighbours.npz"
BROUGHT_IN = "imported: "  # the source of an imported run: this, and what the bundle calls its data
WAITING_SECONDS = 60  # after which a run that nobody started counts as interrupted, so that it blocks no other


class RunConfig(Settings):
    """`config.json`. Parsed by `read_json`: a path need not be Unicode, and pydantic's own parser refuses such text."""

    model_config = ConfigDict(extra="ignore")

    name: str
    source: str
    content: str = ""
    created: Moment
    settings: TrainingConfig
    group: str = ""
    fine_tuning: FineTuning | None = None


@dataclass(frozen=True)
class Run:
    """One run by its folder. Cheap to make; everything is read from disk when asked for."""

    directory: Path
    name: str
    source: str
    config: TrainingConfig
    created: float
    note: str = ""
    group: str = ""
    fine_tuning: FineTuning | None = None
    content: str = ""
    """`Dataset.content` of the images that the page showed when the run was started; "" where nobody had opened it."""

    @property
    def id(self) -> str:
        return self.directory.name

    @property
    def is_imported(self) -> bool:
        """Whether it came as a bundle, which has no images."""
        return self.source.startswith(BROUGHT_IN)

    @property
    def first_epoch(self) -> int:
        """The first epoch that this run trains itself: 1, or the one after those of the run that it fine-tunes."""
        return self.fine_tuning.first_epoch if self.fine_tuning else 1

    @property
    def last_epoch(self) -> int:
        """The highest epoch number that training can reach."""
        return self.fine_tuning.last_epoch if self.fine_tuning else self.config.epochs

    @property
    def log(self) -> EventLog:
        return EventLog(self.directory / "events.jsonl")

    def history(self) -> History:
        """Everything that happened so far. Where the log cannot be read, the run has failed, and says why."""
        try:
            return History.of(self.log.read()[0])
        except OSError as error:
            return History.unreadable(f"events.jsonl cannot be read ({error.strerror})")

    def status(self, history: History | None = None) -> str:
        """waiting, running, stopping, finished, cancelled, failed, or interrupted: its process ended unexpectedly.

        A run waits while it is in the queue, and for a minute after it was created, so that it can be queued.
        """
        logged = (history or self.history()).status
        if logged in ("finished", "cancelled", "failed"):
            return logged
        queued = self.queued()  # before the next line: a run that is being started is alive before it leaves the queue
        if self.alive():
            return "stopping" if self.cancel_requested() else logged
        if queued:
            return "waiting"
        known = logged != "waiting" or (self.directory / "worker.json").exists()
        begun = known or time.time() - self.created > WAITING_SECONDS
        return "interrupted" if begun else "waiting"

    def alive(self) -> bool:
        """Whether a process works on this run. A zombie and a stranger with the same pid do not count."""
        return alive(self.directory)

    def queued(self) -> bool:
        """Whether the run is in the queue."""
        return canonical(self.directory) in read_order().waiting

    def cancel(self) -> None:
        """Asks the worker to stop and keep the best model so far; a queued run is withdrawn when its turn comes."""
        with suppress(FileNotFoundError):  # removed meanwhile: nothing is left to stop
            (self.directory / "cancel").touch()

    def cancel_requested(self) -> bool:
        return (self.directory / "cancel").exists()

    def summary(self) -> dict[str, Any]:
        """`run.json` of a run that left a model.

        Raises:
            RunError: The run has no model, or the file is broken.
        """
        try:
            return check_summary(read_json(self.directory / "run.json"))
        except FileNotFoundError:
            raise RunError(
                f"“{self.name}” has no model: it is {self.status()}",
                "a finished run, or one that was stopped after its first epoch",
                f"Resume it with: {PROGRAM} train --resume {self.id}",
            ) from None
        except (OSError, ValueError) as error:
            raise RunError(
                f"“{self.name}” cannot be shown: run.json is broken ({error})",
                "run.json as Pawlab wrote it",
                "Delete the run, or train again",
            ) from error

    def edits(self) -> tuple[Action, ...]:
        """The edits that the run trains with; none in a run from before there were edits.

        Raises:
            RunError: They are broken.
        """
        try:
            with open_regular(self.directory / "edits.json", MAX_BYTES) as file:
                return from_json(file.read())[0]
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as error:
            raise RunError(
                f"The edits of “{self.name}” are broken: {error}",
                "edits.json as Pawlab wrote it",
                "Start a new run",
            ) from error

    def model_file(self) -> Path:
        """The model that predicts. Raises `RunError`: there is none."""
        file = self.directory / "model.onnx"
        if not file.is_file():  # nor is a pipe, which would be waited for
            raise RunError(f"The model of “{self.name}” is gone", "model.onnx in the run's folder", "Train again")
        return file

    def model_stamp(self) -> tuple[int, ...]:
        """Changes with the run's model and its reference set. Raises `RunError`: there is no model."""
        return stamp_of(self.model_file()) + stamp_of(self.directory / NEIGHBOURS)

    def has_model(self) -> bool:
        return (self.directory / "run.json").is_file()

    def size(self) -> int:
        """Bytes on the disk, of everything in the folder."""
        return size_of(self.directory)

    def rename(self, name: str, note: str) -> "Run":
        """The run with another name and note. Raises as `core.runs.names.write_label`."""
        label = write_label(self.directory, name, note)
        return replace(self, name=label.name, note=label.note)


def create_run(data: str | Dataset, config: TrainingConfig, name: str = "", *, group: str = "") -> Run:
    """A new folder under `runs/` with all that the worker needs; nothing runs yet.

    Args:
        data: The dataset as it was shown, whose edits the run then trains with; or a source, with its edits on disk.
        name: Left out, it becomes "Cats and dogs, fast, 3": the dataset, the preset, and one more than the highest
            number so far.
        group: The same for runs that belong together, such as the two of `core.evaluation.experiment`.

    Raises:
        DatasetError: The edits on disk are broken, or the path is not Unicode: pages and files that name the data could
            not hold it.
        PawlabError: The disk refuses; nothing is left behind.
    """
    if isinstance(data, Dataset):
        return _new_run(data.source.text, data.edits, config, name, {"content": data.content(), "group": group})
    return _new_run(data, actions_of(data), config, name, {"group": group})


def repeat_run(run: Run, config: TrainingConfig, name: str) -> Run:
    """A new folder for a run on the same images as `run`, with its edits; nothing runs yet. Raises as `create_run`."""
    return _new_run(run.source, run.edits(), config, name, {"content": run.content})


def _new_run(source: str, actions: tuple[Action, ...], config: TrainingConfig, name: str, more: dict[str, str]) -> Run:
    shown = source.encode("utf-8", "backslashreplace").decode()
    if shown != source:
        raise DatasetError(f"The path {shown} is not valid UTF-8", "a path that is text", "Rename the folder")
    created = time.time()
    content = {"source": source, "created": created, "settings": config.model_dump(mode="json")}
    content |= {key: text for key, text in more.items() if text}
    directory = None
    try:
        with locked(subfolder() / "names.lock"):  # so that no two runs get one number
            name = name or numbered(resolve_source(source).readable, preset_of(config), _highest_number() + 1)
            directory = new_folder(name, created)
            write_atomic(directory / "edits.json", to_json(actions))
            write_json(directory / "config.json", {"name": name, **content})  # last: without it, no run
    except OSError as error:
        if directory:
            shutil.rmtree(directory, ignore_errors=True)
        raise PawlabError(
            f"No run can be stored in {home() / 'runs'}: {error.strerror or error}",
            "a folder that can be written, with room on the disk",
        ) from error
    return load_run(directory)


def new_folder(name: str, created: float) -> Path:
    """An empty folder under `runs/`, called after the time and the name."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    stem = "-".join(part for part in (time.strftime("%Y%m%d-%H%M%S", time.localtime(created)), words) if part)
    number = 1
    while True:
        directory = subfolder("runs") / (stem if number == 1 else f"{stem}-{number}")
        try:
            directory.mkdir()
            return directory
        except FileExistsError:
            number += 1


def _highest_number() -> int:
    numbers = [0]
    for directory in entries("runs"):
        with suppress(OSError, ValueError, ConfigError):
            numbers += [number_in(_read_config(directory).name), number_in(read_label(directory).name)]
    return max(numbers)


def _read_config(directory: Path) -> RunConfig:
    """Raises OSError, ValueError or ConfigError."""
    return RunConfig.create(read_json(directory / "config.json"))


def load_run(directory: Path) -> Run:
    """The run in a folder.

    Raises:
        RunError: The folder holds no run, or its configuration is broken.
    """
    try:
        config = _read_config(directory)
    except FileNotFoundError:
        raise RunError(f"{directory} holds no run", "a run's folder with its config.json") from None
    except (OSError, ValueError, ConfigError) as error:
        raise RunError(f"The run {directory.name} is broken: {error}", "config.json as Pawlab wrote it") from error
    label = read_label(directory)
    own = one_line(config.name, NAME_CHARACTERS)
    name = label.name or readable(own, preset_of(config.settings), config.created)
    return Run(
        directory,
        name,
        config.source,
        config.settings,
        config.created,
        label.note,
        config.group,
        config.fine_tuning,
        config.content,
    )
