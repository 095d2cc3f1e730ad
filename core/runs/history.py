"""A run's event log, folded into one state: what a page draws and a test compares.

Events are JSON objects with `event` and `time` (seconds since 1970):

status     status: waiting | running | finished | cancelled | failed; reason: in words, if there is one;
           bad_input: whether the user's input is the reason
phase      phase: data | weights or unfreeze | features | head or fine_tune | save
data_changed   the images are not those that the page showed when the run was started
samples    classes: their names; pictures: path and label of each image in `samples/`, 0.jpg the first
phase_end  phase, seconds
expected   seconds: how long the head and saving take after the features, roughly
progress   phase, done, total; image: number, path, label and copy of one that has just passed the base
batch      epoch, batch, batches (all from 1), loss, accuracy: running means over the epoch, as Keras shows them
epoch      epoch, loss, accuracy, val_loss, val_accuracy, penalty, learning_rate, seconds, best; samples: for each
           image of `samples` the probability of each class
fine_tune  epoch: the first of the second stage; layers, learning_rate. Earlier events come from the first run
reduce_lr  epoch, learning_rate: the new one, from the next epoch on
early_stop epoch, best_epoch
start      epoch: the first that is trained from here; earlier events of it and of later epochs are void
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]
MOST_PASSING = 20  # that are remembered


@dataclass
class History:
    """A run so far. Lists hold the events in order, without those that a resume made void."""

    status: str = "waiting"
    reason: str = ""
    bad_input: bool = False
    phase: str = ""
    done: int = 0
    total: int = 0
    rate: float = 0.0
    batches: list[Event] = field(default_factory=list)
    epochs: list[Event] = field(default_factory=list)
    drops: list[Event] = field(default_factory=list)
    early_stop: Event | None = None
    samples: Event | None = None
    fine_tune: Event | None = None
    passing: list[Event] = field(default_factory=list)
    expected: float | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    data_changed: bool = False
    malformed: int = 0
    _first: tuple[int, float] = (0, 0.0)

    @classmethod
    def of(cls, events: Iterable[Event]) -> "History":
        history = cls()
        for event in events:
            history.add(event)
        return history

    @property
    def best(self) -> Event | None:
        """The epoch event with the lowest validation loss so far."""
        return next((epoch for epoch in reversed(self.epochs) if epoch["best"]), None)

    def add(self, event: Event) -> None:
        """Adds the next event. One of an unknown kind or form changes nothing."""
        try:
            self._add(event)
        except (KeyError, TypeError, AttributeError):
            self.malformed += 1

    def _add(self, event: Event) -> None:
        match event.get("event"):
            case "status":
                self.status, self.reason = event["status"], event.get("reason", "")
                self.bad_input = bool(event.get("bad_input"))
                if self.status == "running":  # resumed: progress starts anew
                    self.phase, self.done, self.total, self.rate = "", 0, 0, 0.0
            case "data_changed":
                self.data_changed = True
            case "phase":
                self.phase, self.done, self.total, self.rate = event["phase"], 0, 0, 0.0
            case "phase_end":
                self.seconds[event["phase"]] = self.seconds.get(event["phase"], 0.0) + event["seconds"]
            case "expected":
                self.expected = float(event["seconds"])
            case "progress":
                self._advance(event)
            case "batch":
                self.batches.append(event)
            case "epoch":
                self.epochs.append(event)
            case "reduce_lr":
                self.drops.append(event)
            case "early_stop":
                self.early_stop = event
            case "samples":
                self.samples = event
            case "fine_tune":
                self.fine_tune = event
            case "start":
                self._forget_from(event["epoch"])

    def _advance(self, event: Event) -> None:
        if "image" in event:
            self.passing = [*self.passing[-MOST_PASSING:], event["image"]]
        if event["phase"] != self.phase or self.done == 0 or event["done"] < self.done:  # or the next split has begun
            self._first = (event["done"], event["time"])
        self.phase, self.done, self.total = event["phase"], event["done"], event["total"]
        elapsed = event["time"] - self._first[1]
        self.rate = (self.done - self._first[0]) / elapsed if elapsed > 0 else 0.0

    def _forget_from(self, epoch: int) -> None:
        self.batches = [point for point in self.batches if point["epoch"] < epoch]
        self.epochs = [point for point in self.epochs if point["epoch"] < epoch]
        self.drops = [point for point in self.drops if point["epoch"] < epoch]
        if self.early_stop and self.early_stop["epoch"] >= epoch:
            self.early_stop = None
