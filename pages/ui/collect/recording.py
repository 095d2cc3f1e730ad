"""One camera in front of a collection: its frames are stored while a button is held, and answered all the time."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.datasets.collect.bursts import is_burst, new_burst, number_of
from core.datasets.collect.collection import Collection
from core.errors import ImageError, PawlabError
from pages.ui.collect.cards import in_short, state_of
from pages.ui.collect.learning import Learning
from pages.ui.routes.frames import Conversation
from pages.ui.shared.progress import step_in_words

if TYPE_CHECKING:
    from core.instant.learner import Learner

LONGEST = 640  # pixels of a frame's longer side
SPEEDS = (2.0, 10.0)  # images a second
CLICK_SECONDS = 0.35  # a button that is held no longer takes one image
LOOK_SECONDS = 0.5  # between two looks at what others have changed


@dataclass
class Recording:
    """Between two messages: the class, the burst, seconds between images, when the next one is due, and its number in
    the burst, None while it is unknown."""

    label: str
    burst: str
    every: float
    due: float = 0.0
    number: int | None = None

    def is_due(self) -> bool:
        """Whether a frame that is at work now is to be stored; then the next one is due later."""
        now = time.monotonic()
        if now < self.due:
            return False
        self.due = (
            max(self.due + self.every, now + self.every / 2) if self.due else now + max(self.every, CLICK_SECONDS)
        )
        return True


class Collecting(Conversation):
    """What `pages.ui.routes.collect` says on one connection."""

    def __init__(self, collection: Collection, learning: Learning) -> None:
        self._collection, self._learning = collection, learning
        self._learner: Learner | None = None
        self._followed: tuple[int, ...] = ()  # the stamp up to which the learner knows every change
        self._looked = 0.0
        self._counts: dict[str, int] = {}
        learning.prepare(collection)
        self.greeting = {"size": LONGEST, "state": self._state()}

    def hear(self, text: str) -> bool:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return False
        match message:
            case {"record": None}:
                self.mark = None
            case {"record": str(label), "burst": str(burst), "speed": int() | float() as speed}:
                lowest, highest = SPEEDS
                burst = burst if is_burst(burst) else new_burst()
                self.mark = Recording(label, burst, 1 / min(max(speed, lowest), highest))
            case _:
                return False
        return True

    def answer(self, frame: bytes, mark: Recording | None) -> Mapping[str, Any]:
        began = time.perf_counter()
        message = self._changes()
        learner = self._learner
        feature = self._learning.feature(frame) if learner else None
        if mark is not None and mark.is_due():
            message |= self._record(frame, mark, feature)
        message |= _answer(learner, feature) if learner else {"missing": self._not_yet()}
        message["milliseconds"] = round(1000 * (time.perf_counter() - began), 2)
        return message

    def _record(self, frame: bytes, recording: Recording, feature: Any) -> dict[str, Any]:
        label, message = recording.label, {"recorded": recording.label, "burst": recording.burst}
        try:
            before = self._collection.stamp()
            path = self._collection.add(label, frame, recording.burst, recording.number)
            recording.number = number_of(path) + 1  # known, it need not be looked for in the folder
            after = self._collection.stamp()
        except ImageError:
            raise
        except PawlabError as error:
            self._collection.stamp()  # raises where the collection is gone: then nothing more can be answered
            return {**message, "refused": str(error)}
        if self._learner:
            self._learning.learn(self._collection, path, feature)
            if before == self._followed:
                self._followed = after
        self._counts[label] = self._counts.get(label, 0) + 1
        return {**message, "stored": path, "number": self._counts[label]}

    def _changes(self) -> dict[str, Any]:
        """{"state"} where somebody has changed something, ourselves too; the learner follows."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return {}
        self._looked = now
        stamp = self._collection.stamp()
        if self._learner is None or stamp != self._followed:
            self._learner, self._followed = self._learning.learner(self._collection), stamp
        return {} if in_short(stamp) == self._said else {"state": self._state()}

    def _state(self) -> dict[str, Any]:
        state = state_of(self._collection)
        self._said = state["stamp"]
        self._counts = {one["name"]: one["number"] for one in state["classes"]}
        return state

    def _not_yet(self) -> str:
        job = self._learning.preparing(self._collection)
        if job is None or job.error:
            return "There are no answers without the base model. Your images are stored all the same."
        return f"Preparing the base model. {step_in_words(job.progress)}. You can record meanwhile."


def _answer(learner: "Learner", feature: Any) -> dict[str, Any]:
    classes, version = learner.classes, learner.version
    try:
        answer = learner.answer(feature)
    except PawlabError as error:  # the model could not be made: recording goes on
        return {"missing": str(error), "version": version}
    return {
        "label": answer.label,
        "probabilities": list(zip(classes, answer.probabilities, strict=False)),
        "none": answer.none,
        "missing": answer.missing,
        "version": version,
    }
