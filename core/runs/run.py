"""One run by its folder, which is the only channel between the worker and everybody else.

config.json     what was asked: name, source, settings, and the group of runs that were asked for together; of a
                fine-tuned run also its second stage
label.json      the name and the note that a user gave it later (`core.training.labels`)
start/          of a fine-tuned run: the model, its answers and its summary that it starts from, until it is finished
edits.json      the dataset's edits when the run was created: the ones that it trains with, whatever is edited later
events.jsonl    what happened (`core.training.history`)
supervisor.json, worker.json, exit.json   which processes work on it, and how the worker ended (`core.training.life`)
samples/        the validation pictures whose answers are shown after each epoch (`core.training.samples`)
worker.log      what these processes printed
cancel          exists while a stop is asked for
history.csv, tensorboard/   the same history for other tools (`core.training.tool_logs`)
checkpoint-N/   the whole state after epoch N: the latest, and the best so far
model.keras, model.onnx, validation.npz, run.json    what a finished run leaves
"""

import re
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.datasets.actions import MAX_BYTES, Action, from_json, to_json
from core.datasets.sources import actions_of
from core.errors import ConfigError, DatasetError, PawlabError, RunError
from core.files import EventLog, read_json, size_of, write_atomic, write_json
from core.home import home, subfolder
from core.training.fine_tuning import FineTuning
from core.training.history import History
from core.training.labels import clean, read_label, write_label
from core.training.life import alive
from core.training.order import canonical, read_order
from core.training.recipe import TrainingConfig

ACTIVE = ("waiting", "running", "stopping")
BROUGHT_IN = "imported: "  # before what a bundle said of its data, as the source of a run that was brought in
WAITING_SECONDS = 60  # after which a run that nobody started counts as interrupted, so that it blocks no other


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

    @property
    def id(self) -> str:
        return self.directory.name

    @property
    def first_epoch(self) -> int:
        """The first one that this run trains itself: after those of the run that it fine-tunes, else 1."""
        return self.fine_tuning.first_epoch if self.fine_tuning else 1

    @property
    def last_epoch(self) -> int:
        """The last one that there can be."""
        return self.fine_tuning.last_epoch if self.fine_tuning else self.config.epochs

    @property
    def log(self) -> EventLog:
        return EventLog(self.directory / "events.jsonl")

    def history(self) -> History:
        """Everything that happened so far."""
        return History.of(self.log.read()[0])

    def status(self, history: History | None = None) -> str:
        """waiting, running, stopping, finished, cancelled, failed, or interrupted: it ended without saying so.

        A run waits while it stands in the queue, and for a minute after it was made, so that it can be put there.
        """
        said = (history or self.history()).status
        if said in ("finished", "cancelled", "failed"):
            return said
        queued = self.queued()  # before the next line: a run that is being started is alive before it leaves the queue
        if self.alive():
            return "stopping" if self.cancel_requested() else said
        if queued:
            return "waiting"
        known = said != "waiting" or (self.directory / "worker.json").exists()
        begun = known or time.time() - self.created > WAITING_SECONDS
        return "interrupted" if begun else "waiting"

    def alive(self) -> bool:
        """Whether a process works on this run. A zombie and a stranger with the same pid do not count."""
        return alive(self.directory)

    def queued(self) -> bool:
        """Whether the run stands in the queue."""
        return canonical(self.directory) in read_order().waiting

    def cancel(self) -> None:
        """Asks the worker to stop and keep the best model so far; one that waits is withdrawn when its turn comes."""
        with suppress(FileNotFoundError):  # removed meanwhile: nothing is left to stop
            (self.directory / "cancel").touch()

    def cancel_requested(self) -> bool:
        return (self.directory / "cancel").exists()

    def summary(self) -> dict[str, Any]:
        """`run.json` of a run that left a model.

        Raises:
            RunError: The run has no model.
        """
        try:
            summary = read_json(self.directory / "run.json")
        except (OSError, ValueError):
            raise RunError(
                f"The run {self.id} has no model: it is {self.status()}",
                "a finished run, or one that was stopped after its first epoch",
                f"Resume it with: python -m core train --resume {self.id}",
            ) from None
        if not isinstance(summary, dict):
            raise RunError(f"The summary of the run {self.id} is broken", "run.json as Pawlab wrote it")
        return summary

    def edits(self) -> tuple[Action, ...]:
        """The edits that the run trains with; none in a run from before there were edits.

        Raises:
            RunError: They are broken.
        """
        try:
            with (self.directory / "edits.json").open("rb") as file:
                return from_json(file.read(MAX_BYTES + 1))[0]
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as error:
            raise RunError(
                f"The edits of the run {self.id} are broken: {error}",
                "edits.json as Pawlab wrote it",
                "Start a new run",
            ) from error

    def has_model(self) -> bool:
        return (self.directory / "run.json").is_file()

    def size(self) -> int:
        """Bytes on the disk, of everything in the folder."""
        return size_of(self.directory)

    def rename(self, name: str, note: str) -> "Run":
        """The run with another name and note. Raises as `core.training.labels.write_label`."""
        label = write_label(self.directory, name, note)
        return replace(self, name=label.name, note=label.note)


def create_run(source: str, config: TrainingConfig, name: str = "", *, group: str = "") -> Run:
    """A new folder under `runs/` with what the worker needs, the edits of `source` as they are now among it; nothing
    runs yet.

    Args:
        name: Made up when left out.
        group: The same for runs that belong together, such as the two of `core.training.experiment`.

    Raises:
        DatasetError: The edits of `source` are broken, or its path is no text: every page and file that names a run's
            data would have to hold it.
        PawlabError: The disk refuses; nothing is left behind.
    """
    shown = source.encode("utf-8", "backslashreplace").decode()
    if shown != source:
        raise DatasetError(
            f"The path {shown} holds bytes that are no UTF-8", "a path that is text", "Rename the folder"
        )
    edits = to_json(actions_of(source))
    created = time.time()
    asked = {"source": source, "created": created, "settings": config.model_dump(mode="json")}
    if group:
        asked["group"] = group
    directory = None
    try:
        directory = new_folder(name or config.pooling, created)
        write_atomic(directory / "edits.json", edits)
        write_json(directory / "config.json", {"name": name or directory.name, **asked})  # last: without it, no run
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


def load_run(directory: Path) -> Run:
    """The run in a folder.

    Raises:
        RunError: The folder holds no run, or its configuration is broken.
    """
    try:
        asked = read_json(directory / "config.json")
        config = TrainingConfig.create(asked["settings"])
        label, group = read_label(directory), str(asked.get("group", ""))
        name = label.name or clean(str(asked["name"])) or directory.name
        stage = FineTuning.from_json(asked["fine_tuning"]) if "fine_tuning" in asked else None
        created = float(asked["created"])
        return Run(directory, name, str(asked["source"]), config, created, label.note, group, stage)
    except FileNotFoundError:
        raise RunError(f"{directory} holds no run", "a run's folder with its config.json") from None
    except (OSError, ValueError, KeyError, TypeError, ConfigError) as error:
        raise RunError(f"The run in {directory} is broken: {error}", "config.json as Pawlab wrote it") from error
