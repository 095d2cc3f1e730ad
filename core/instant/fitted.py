"""A model of some examples as answers need it: head, temperature, cut, reference set; never changed once it is made."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import nan

import numpy as np
from numpy.typing import NDArray

from core.instant import unlike
from core.instant.left_out import best_penalty, held_out_scores
from core.instant.model import PENALTY, Examples, Head, fit
from core.instant.probabilities import ENOUGH, TEMPERATURE, fitted_temperature, most_sure, probabilities
from core.instant.score import NO_SCORE, BurstScore, burst_score, unknown, why_no_score
from core.instant.update import Anchor

MANY = 400
"""Images from which on a model is made from an earlier one; of fewer it is solved anew, in 15 ms at most."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Choices:
    """What is chosen when a burst ends, by bursts that are left out, and kept while the next one is recorded."""

    penalty: float = PENALTY
    temperature: float = TEMPERATURE
    cut: float = unlike.MOST
    score: BurstScore = NO_SCORE
    anchor: Anchor | None = None
    compared_at: int = 0  # looks at all classes when penalties were compared


@dataclass(frozen=True)
class Answer:
    """What the model says about one image.

    Attributes:
        label: The predicted class; "" where the image is none of them, or nothing can be said yet.
        classes: In the order of the probabilities. Empty where `missing`.
        probabilities: Of all classes, 0..1; 0 for a class without images. Empty where `missing`.
        distance: To the nearest examples, 0..1 (`core.instant.unlike`); NaN where `missing`.
        none: Whether the image is unlike every example.
        missing: What must be shown first, as a sentence; "" once two classes have an image.
    """

    label: str = ""
    classes: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    distance: float = nan
    none: bool = False
    missing: str = ""


@dataclass(frozen=True)
class Fitted:
    """A model of examples of two classes or more.

    Attributes:
        shown: int64, places in `classes` of those with images: `head` has these.
        most: The highest probability that it may give (`most_sure`).
    """

    classes: tuple[str, ...]
    examples: Examples
    choices: Choices
    shown: NDArray[np.int64]
    head: Head
    most: float
    reference: Floats

    @classmethod
    def of(cls, classes: tuple[str, ...], examples: Examples, choices: Choices) -> "Fitted":
        """The model of all examples."""
        shown = np.unique(examples.labels)
        head = choices.anchor.fit(examples) if choices.anchor else None
        head = head or fit(examples, choices.penalty)
        shown_head = Head(head.weights[shown], head.offset[shown])
        most = most_sure(examples.looks[shown])
        return cls(classes, examples, choices, shown, shown_head, most, unlike.reference(examples))

    def answer(self, feature: Floats) -> Answer:
        """The answer for one feature, float32 (1280,), of length 1."""
        given = np.zeros(len(self.classes))
        given[self.shown] = self.probabilities(self.head.scores(feature))
        distance = unlike.distance(self.reference, feature)
        none = distance > self.choices.cut
        label = "" if none else self.classes[int(given.argmax())]
        return Answer(label, self.classes, tuple(given.tolist()), distance, none)

    def probabilities(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """float64 (..., classes that were shown), of their scores."""
        return probabilities(scores, self.choices.temperature, self.most)


def choose(
    classes: tuple[str, ...],
    examples: Examples,
    stop: Callable[[], None] = lambda: None,
    before: Choices | None = None,
) -> Choices:
    """Penalty, temperature, cut and score by bursts that are left out; without those of which there are too few.

    Args:
        stop: Called now and then; what it raises ends the work.
        before: What was chosen last. Its penalty stays until there are a tenth more bursts: comparing penalties takes
            seconds of one core where images are many.
    """
    looks = examples.looks
    choices = Choices(cut=unlike.cut(examples, stop), score=unknown(why_no_score(classes, looks)))
    stop()
    if not choices.score.why:
        if looks.min() >= ENOUGH:
            choices = _with_penalty(choices, examples, stop, before or Choices())
        scores = held_out_scores(examples, choices.penalty, stop)
        choices = replace(choices, score=burst_score(scores.argmax(axis=1) == examples.labels, examples.groups))
        if looks.min() >= ENOUGH:
            temperature = fitted_temperature(scores, examples.labels, examples.weights, most_sure(looks))
            choices = replace(choices, temperature=temperature)
    if len(examples) >= MANY:
        choices = replace(choices, anchor=Anchor.of(examples, choices.penalty))
    return choices


def _with_penalty(choices: Choices, examples: Examples, stop: Callable[[], None], before: Choices) -> Choices:
    looks = int(examples.looks.sum())
    if before.compared_at * 0.9 <= looks <= before.compared_at * 1.1:
        return replace(choices, penalty=before.penalty, compared_at=before.compared_at)
    return replace(choices, penalty=best_penalty(examples, stop), compared_at=looks)
