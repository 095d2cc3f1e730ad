"""A run's event log (`core.runs.events`), folded into one state: what a page draws and a test compares."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.runs.events import Event, damage

__all__ = ["Event", "History"]

MOST_PASSING = 20  # that are remembered


@dataclass
class History:
    """A run so far. Lists hold the events in order, without those that a resume made void.

    Where an event is damaged, the run has failed, with the damage as `reason`: half a history would be believed.
    """

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
    chooses: bool = True
    """Whether the validation loss chooses the epoch that is kept; else it is the last, and the best is the latest."""
    damaged: bool = False
    _events: int = 0
    _first: tuple[int, float] = (0, 0.0)

    @classmethod
    def of(cls, events: Iterable[Event]) -> "History":
        history = cls()
        for event in events:
            history.add(event)
        return history

    @classmethod
    def unreadable(cls, wrong: str) -> "History":
        """Of a run whose log cannot be read; `wrong` says what is wrong with which part of it."""
        reason = f"This run cannot be shown: {wrong}. Delete it, or train again"
        return cls("failed", reason, damaged=True)

    @property
    def best(self) -> Event | None:
        """The epoch event whose weights would be kept now: that with the lowest validation loss so far, where it
        `chooses`."""
        return next((epoch for epoch in reversed(self.epochs) if epoch["best"]), None)

    @property
    def best_in_words(self) -> str:
        """What marks the best epoch on a chart."""
        return "lowest validation loss" if self.chooses else "weights kept"

    def add(self, event: Event) -> None:
        """Adds the next event. One of an unknown kind changes nothing."""
        number = self._events + 1
        if self.damaged:
            return
        if wrong := damage(event):
            vars(self).update(vars(History.unreadable(f"event {number:,} of events.jsonl {wrong}")))
        else:
            self._add(event)
        self._events = number

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
                self.chooses = event.get("chooses", True)
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
