"""A run's history in the forms that other tools read, beside our own events: CSV as Keras' CSVLogger writes it, and
TensorBoard's files with the tags of Keras' TensorBoard callback.

Both are copies of the event log: they are written anew from it whenever training starts or resumes, so that no epoch
stands there twice. Epochs count from 0 in them, as everywhere in Keras; our own pages count from 1.
"""

import csv
import io
import logging
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path

from core.runs.history import Event, History
from core.storage.files import EventLog, write_atomic
from core.training.loop.tensorboard import EventFile

CSV_FILE = "history.csv"
FOLDER = "tensorboard"
COLUMNS = ("accuracy", "learning_rate", "loss", "val_accuracy", "val_loss")
SCORES = ("loss", "accuracy")


def history_csv(epochs: Sequence[Event]) -> str:
    """What `keras.callbacks.CSVLogger` would have written for these epochs, beside ReduceLROnPlateau."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["epoch", *COLUMNS])
    for point in epochs:
        writer.writerow([point["epoch"] - 1, *(point[name] for name in COLUMNS)])
    return text.getvalue()


class ToolLogs:
    """Keeps `history.csv` and `tensorboard/` of a run up to its latest event. Give it every event, after the event log
    has it. A disk that refuses costs these files and not the run: the log says so, and the rest is left out."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._epochs: list[Event] = []
        self._steps = 0  # batches so far, Keras' `iterations`
        self._train: EventFile | None = None
        self._validation: EventFile | None = None

    def add(self, event: Event) -> None:
        try:
            if event["event"] == "start":
                self._begin(event["time"])
            elif self._train and self._validation:
                self._add(event, self._train, self._validation)
                if event["event"] == "epoch":
                    self._write_csv()
        except OSError as error:
            logging.getLogger(__name__).warning("%s and %s are not written any further: %s", FOLDER, CSV_FILE, error)
            self.close()

    def close(self) -> None:
        for file in (self._train, self._validation):
            if file:
                file.close()
        self._train = self._validation = None

    def _begin(self, wall_time: float) -> None:
        """Writes both anew: what the event log says until now."""
        self.close()
        history = History.of(EventLog(self._directory / "events.jsonl").read()[0])
        points = sorted([*history.batches, *history.epochs], key=lambda point: point.get("batch", math.inf))
        points.sort(key=lambda point: point["epoch"])
        first = points[0]["time"] if points else wall_time
        self._epochs, self._steps = [], 0
        self._train = train = self._file("train", first)
        self._validation = validation = self._file("validation", first)
        for point in points:
            self._add(point, train, validation)
        self._write_csv()

    def _file(self, split: str, first: float) -> EventFile:
        folder = self._directory / FOLDER / split
        folder.mkdir(parents=True, exist_ok=True)
        old = list(folder.glob("*.tfevents.*"))
        # A later name than the old one's, which a TensorBoard that is looking on reads next.
        file = EventFile(folder / f"events.out.tfevents.{time.time():.4f}.pawlab.{os.getpid()}.v2", first)
        if old:
            file.restart(first)
        for path in old:
            path.unlink()
        return file

    def _add(self, event: Event, train: EventFile, validation: EventFile) -> None:
        if event["event"] == "batch":
            self._steps += 1
            train.scalars({f"batch_{name}": event[name] for name in SCORES}, self._steps, event["time"])
        elif event["event"] == "epoch":
            self._epochs.append(event)
            step, wall_time = event["epoch"] - 1, event["time"]
            train.scalars({f"epoch_{name}": event[name] for name in (*SCORES, "learning_rate")}, step, wall_time)
            scores = {name: event[f"val_{name}"] for name in SCORES}
            vs_iterations = {f"evaluation_{name}_vs_iterations": value for name, value in scores.items()}
            validation.scalars(vs_iterations, self._steps, wall_time)
            validation.scalars({f"epoch_{name}": value for name, value in scores.items()}, step, wall_time)

    def _write_csv(self) -> None:
        write_atomic(self._directory / CSV_FILE, history_csv(self._epochs))
