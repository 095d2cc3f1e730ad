"""What a server keeps of a collection that somebody teaches: the examples, and a model that follows them.

Examples come and go from any thread and return at once. One background thread makes the model: always of the newest
state, whatever came meanwhile, so nothing queues. When nothing has come for `PAUSE` seconds a burst has ended, and what
is chosen by left-out bursts is chosen again. Answers come from the latest model that is ready and never wait.
"""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.backbone.architecture import FEATURES
from core.errors import PawlabError
from core.instant.fitted import Answer, Choices, Fitted, choose
from core.instant.model import Examples
from core.instant.score import BurstScore, unknown, why_no_score
from core.instant.stored_features import rounded
from core.instant.table import Table
from core.jobs.background import explained
from core.jobs.memory import give_back_large_arrays
from core.jobs.parallel import one_core_for_blas

PAUSE = 0.7
"""Seconds without a new example after which a burst has ended; the slowest recording is 2 images a second."""
_ONE_FIT = threading.Lock()
"""At most one model is made at a time, on one core: those of the BLAS would fight for all of them with ONNX Runtime."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Example:
    """An image as a model sees it: its class, its burst, and its feature, float32 (1280,), of length 1."""

    label: str
    burst: str
    feature: Floats


class _Superseded(Exception):
    """There is a newer state than the one that is worked on."""


class Learner:
    """A model of examples of several classes that follows them. Safe to use from several threads.

    Args:
        classes: Their names, in the order of the probabilities. There may be fewer than two yet.
        pause: Seconds without a change after which a burst has ended.
    """

    def __init__(self, classes: Sequence[str] = (), pause: float = PAUSE) -> None:
        give_back_large_arrays()  # a model of 2,000 images is made with arrays of 7 MB
        self._pause = pause
        self._changed = threading.Condition()
        self._classes = tuple(classes)
        self._table = Table()
        self._state = 0  # counts changes
        self._made_of = 0  # the state that the latest model is of
        self._chosen_of = -1  # the state that its choices are of
        self._worker: threading.Thread | None = None
        self._fitted: Fitted | None = None
        self._choices = Choices()
        self._error: PawlabError | None = None
        self._version = 0

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, in the order of the probabilities."""
        return self._classes

    @property
    def version(self) -> int:
        """Counts the models that were made, and what was chosen for them: it changes when answers may."""
        return self._version

    @property
    def keys(self) -> frozenset[str]:
        """Of all examples."""
        with self._changed:
            return self._table.keys

    def add(self, key: str, label: str, burst: str, feature: Floats) -> None:
        """Adds an example, or puts it in the place of the one with this key.

        Args:
            key: Tells this image from all others: its path in the collection.
            label: One of the classes; a new one is appended to them.
            burst: Images with the same one are near copies of each other.
            feature: float32 (1280,), of length 1, from `Embedder.features`.
        """
        self.extend({key: Example(label, burst, feature)})

    def extend(self, examples: Mapping[str, Example]) -> None:
        """Adds several examples by their keys, as `add`."""
        checked = {key: replace(example, feature=_checked(example.feature)) for key, example in examples.items()}
        with self._changed:
            self._put(checked)
            self._classes = self._with(self._classes, checked)
            self._change()

    def remove(self, keys: Iterable[str]) -> None:
        """Forgets these examples; those that are not there are no error."""
        with self._changed:
            if [key for key in keys if self._table.drop(key)]:
                self._change()

    def relabel(self, key: str, label: str, new_key: str = "") -> None:
        """Moves an example into another class, and gives it another key where its path has changed."""
        with self._changed:
            if self._table.relabel(key, label, new_key or key):
                self._classes = tuple(dict.fromkeys((*self._classes, label)))
                self._change()

    def set_classes(self, classes: Sequence[str]) -> None:
        """Sets the classes and their order. The examples of one that is no longer there are forgotten."""
        with self._changed:
            self._classes = tuple(dict.fromkeys(classes))
            self._table.labelled(frozenset(self._classes))
            self._change()

    def update(self, classes: Sequence[str], examples: Mapping[str, Example], gone: Iterable[str] = ()) -> None:
        """Sets the classes, adds examples and forgets others, in one step; where that changes nothing, no model is
        made."""
        checked = {key: replace(example, feature=_checked(example.feature)) for key, example in examples.items()}
        with self._changed:
            forgotten = [key for key in gone if self._table.drop(key)]
            self._put(checked)
            names = tuple(dict.fromkeys((*classes, *self._table.bursts())))
            if names != self._classes or checked or forgotten:
                self._classes = names
                self._change()

    def label(self, key: str) -> str:
        """The class of an example. Raises KeyError where there is none with this key."""
        with self._changed:
            return self._table.label(key)

    def answer(self, feature: Floats) -> Answer:
        """What the latest model says about an image. Never waits for the next one.

        Args:
            feature: float32 (1280,), of length 1, from `Embedder.features`.

        Raises:
            PawlabError: The latest model could not be made.
        """
        if self._error:
            raise PawlabError(str(self._error))  # a new one: each raise lengthens the traceback of an old one
        if (fitted := self._fitted) is None:
            return Answer(missing=self._missing())
        return fitted.answer(rounded(feature))

    def score(self) -> BurstScore:
        """The accuracy on left-out bursts (`core.instant.score`), as of the end of the last burst, or why there is none
        yet."""
        with self._changed:
            bursts = self._table.bursts()
            looks = np.array([len(bursts.get(name, ())) for name in self._classes], np.int64)
            why = why_no_score(self._classes, looks)
            score = self._choices.score
        if why:
            return unknown(why)
        return score if score.num_bursts else unknown("The score is being computed.")

    def wait(self, seconds: float | None = None, *, settled: bool = False) -> bool:
        """Waits until the model is of all examples; True if it is.

        Args:
            seconds: At most so long.
            settled: Wait also until the burst has ended, and its score is there.
        """
        with self._changed:
            return self._changed.wait_for(lambda: self._up_to_date(settled=settled), seconds)

    def _up_to_date(self, *, settled: bool) -> bool:
        return (self._chosen_of if settled else self._made_of) == self._state or self._worker is None

    def _missing(self) -> str:
        with self._changed:
            with_images = self._table.bursts()
        without = [name for name in self._classes if name not in with_images]
        if len(self._classes) < 2:
            return "Add a second class: a model needs two to choose from."
        names = " and ".join(f"“{name}”" for name in without[: 2 - len(with_images)])
        return f"Record an image of {names}." if names else "The model is being made."

    def _change(self) -> None:
        """Held: `self._changed`."""
        self._state += 1
        self._changed.notify_all()
        if self._worker is None:
            self._worker = threading.Thread(target=self._work, name="instant model", daemon=True)
            self._worker.start()

    def _work(self) -> None:
        """Makes models until the newest state has settled; then the thread ends."""
        while True:
            with self._changed:
                state, classes, examples = self._state, self._classes, self._table.examples(self._classes)
            try:
                error = None
                self._make(state, classes, examples, self._choices)
                if not self._changes_within(self._pause, state):
                    self._settle(state, classes, examples)
            except _Superseded:
                continue
            except Exception as reason:  # a bug, or no memory: answers say so until a later model is made
                error = explained(reason)
            with self._changed:
                self._error = error
                if self._state == state:
                    self._made_of = self._chosen_of = state
                    self._worker = None
                    self._changed.notify_all()
                    return

    def _make(self, state: int, classes: tuple[str, ...], examples: Examples, choices: Choices) -> None:
        if np.count_nonzero(np.bincount(examples.labels, minlength=2)) < 2:
            fitted = None
        else:
            with _ONE_FIT, one_core_for_blas():
                fitted = Fitted.of(classes, examples, choices)
        with self._changed:
            self._fitted, self._made_of, self._error = fitted, state, None
            self._version += 1
            self._changed.notify_all()

    def _settle(self, state: int, classes: tuple[str, ...], examples: Examples) -> None:
        def stop() -> None:
            if self._state != state:
                raise _Superseded

        choices = Choices()
        if len(examples):
            with _ONE_FIT, one_core_for_blas():
                choices = choose(classes, examples, stop, self._choices)
        same_model = choices.penalty == self._choices.penalty
        self._choices = choices
        if self._fitted is not None:
            if same_model:
                self._fitted = replace(self._fitted, choices=choices)
                self._version += 1
            else:
                self._make(state, classes, examples, choices)

    def _changes_within(self, seconds: float, state: int) -> bool:
        deadline = time.monotonic() + seconds
        with self._changed:
            return self._changed.wait_for(lambda: self._state != state, deadline - time.monotonic())

    def _put(self, examples: Mapping[str, Example]) -> None:
        for key, example in examples.items():
            self._table.put(key, example.label, example.burst, example.feature)

    @staticmethod
    def _with(classes: Sequence[str], examples: Mapping[str, Example]) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*classes, *(example.label for example in examples.values()))))


def _checked(feature: Floats) -> Floats:
    """As `rounded`.

    Raises:
        ValueError: It is not float32 (1280,) of finite numbers.
    """
    if feature.shape != (FEATURES,) or not np.isfinite(feature).all():
        raise ValueError(f"received a feature of shape {feature.shape}; expected ({FEATURES},), all finite")
    return rounded(feature)
