"""Two runs on the same validation pictures: by how much one is better, and whether that can be told from chance.

Each picture is answered by both, so most of what is chance in one score is the same chance in the other: compared
picture by picture, much smaller differences can be told than from two scores side by side. Runs that share too few
pictures are compared by their scores as they are.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.datasets import ImageRecord
from core.errors import RunError
from core.evaluation.answers import Answers, load_answers
from core.evaluation.confusion import Score
from core.npz import load_npz
from core.statistics import difference_interval, paired_difference_interval
from core.training.runs import Run
from core.training.workload import copies_of

LEAST_SHARED = 0.9  # of the pictures of each run: edits leave more, another split far less
Rows = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Validated:
    """What a run answered on its validation pictures.

    Attributes:
        answers: One row a picture; where there are augmented copies of it, they follow it.
        pictures: What tells one picture from another, in the same order; empty for a run from before that was kept.
        fingerprint: Of the dataset that the run saw.
        created: Seconds since 1970.
        copies: Augmented copies of each picture. They do not count: those of two runs are not the same pictures.
    """

    answers: Answers
    pictures: tuple[Hashable, ...]
    fingerprint: str
    created: float
    copies: int = 0

    @property
    def rows(self) -> NDArray[np.int64]:
        """int64 (pictures,): the row of each picture itself."""
        return np.arange(0, len(self.answers), 1 + self.copies, dtype=np.int64)


@dataclass(frozen=True)
class Comparison:
    """Of a second run with a first one.

    Attributes:
        first, second: Their accuracies on the pictures that are compared.
        difference: Of the accuracies, -1..1: above 0 the second is better.
        low, high: Where the difference likely lies on endless pictures of this kind.
        confidence: How likely.
        both, neither: Pictures that both got right, or none.
        only_first, only_second: (row in the first's answers, row in the second's) of those that one alone got right.
        relabelled: Pictures that had another class in one of the runs.
        left_out: Pictures of one run or both that do not count: the other was not validated on them, cannot answer
            their class, or they are excluded.
        copies: Whether one of the runs also answered augmented copies, which do not count here.
        why: Why the same pictures were not compared one by one, as the end of a sentence; "" where they were. Then all
            between `confidence` and `copies` is empty.
    """

    first: Score
    second: Score
    difference: float
    low: float
    high: float
    confidence: float
    both: int = 0
    only_first: Rows = ()
    only_second: Rows = ()
    neither: int = 0
    relabelled: int = 0
    left_out: int = 0
    copies: bool = False
    why: str = ""

    @property
    def paired(self) -> bool:
        return not self.why

    @property
    def num_images(self) -> int:
        """That were compared one by one."""
        return self.both + len(self.only_first) + len(self.only_second) + self.neither

    @property
    def told_from_chance(self) -> bool:
        return self.low > 0 or self.high < 0


def load_validated(run: Run) -> Validated:
    """Raises `RunError` as `load_answers`."""
    answers, copies = load_answers(run), copies_of(run.config, "validation")
    if len(answers) % (1 + copies):
        raise RunError(
            f"The validation answers of the run {run.id} fit no whole number of pictures: {len(answers):,}",
            f"{1 + copies} a picture",
            "Train again",
        )
    digests = _digests(run, len(answers) // (1 + copies))
    fingerprint = str(run.summary().get("fingerprint", ""))
    return Validated(answers, _numbered(digests), fingerprint, run.created, copies)


def validated_on(run: Run, answers: Answers, records: Sequence[ImageRecord]) -> Validated:
    """The same where the pictures are at hand, which are then told apart by `named`.

    Args:
        records: Of each row of the answers, as `pictures_of` gives them.
    """
    copies = copies_of(run.config, "validation")
    pictures = tuple(named(record) for record in records[:: 1 + copies])
    return Validated(answers, pictures, str(run.summary().get("fingerprint", "")), run.created, copies)


def named(record: ImageRecord) -> Hashable:
    """A file that has changed meanwhile is another picture."""
    return record.path, record.digest


def compare(
    first: Validated,
    second: Validated,
    confidence: float = 0.95,
    truth: Mapping[Hashable, str] | None = None,
) -> Comparison:
    """How much better the second is, with Newcombe's intervals (`core.statistics`).

    Args:
        confidence: Of the interval, between 0 and 1. Where several runs are compared with one, 1 - 0.05 / their number
            makes all intervals hold together in 95 % of cases (Bonferroni).
        truth: The class of each picture that counts, however few of them both runs have. Without it all count, as
            long as the two share nearly all, each with the class that it had in the newer run.
    """
    places, why = _shared(first, second, LEAST_SHARED if truth is None else 0.0)
    one, two = first.rows[places[:, 0]], second.rows[places[:, 1]]
    names = [np.array(run.answers.classes, np.str_) for run in (first, second)]
    labels = [names[0][first.answers.labels[one]], names[1][second.answers.labels[two]]]
    true = labels[1] if second.created >= first.created else labels[0]
    if truth is not None:
        true = np.array([truth.get(first.pictures[place], "") for place in places[:, 0]], np.str_)
    counts = np.isin(true, names[0]) & np.isin(true, names[1])
    if not counts.any():
        return _side_by_side(first, second, confidence, why or "they have no picture in common that counts")
    one, two, true = one[counts], two[counts], true[counts]
    right = names[0][first.answers.best[one]] == true, names[1][second.answers.best[two]] == true
    both, neither = int((right[0] & right[1]).sum()), int((~right[0] & ~right[1]).sum())
    alone = [
        tuple(zip(one[mask].tolist(), two[mask].tolist(), strict=True))
        for mask in (right[0] & ~right[1], ~right[0] & right[1])
    ]
    low, high = paired_difference_interval(both, len(alone[0]), len(alone[1]), neither, confidence)
    return Comparison(
        _score(right[0]),
        _score(right[1]),
        (len(alone[1]) - len(alone[0])) / len(true),
        low,
        high,
        confidence,
        both=both,
        only_first=alone[0],
        only_second=alone[1],
        neither=neither,
        relabelled=int((labels[0] != labels[1]).sum()),
        left_out=len(first.rows) + len(second.rows) - len(counts) - len(true),
        copies=first.copies > 0 or second.copies > 0,
    )


def verdict(found: Comparison) -> str:
    """What the interval lets one say, in one sentence."""
    points = f"{abs(found.difference) * 100:.1f} points"
    likely = f"{found.low * 100:+.1f} to {found.high * 100:+.1f}"
    if found.told_from_chance:
        better = "better" if found.low > 0 else "worse"
        return f"The second run is {better} by {points} (likely {likely} points): more than chance explains."
    ahead = f"The second run is {'ahead' if found.difference > 0 else 'behind'} by {points}, which chance alone"
    begin = f"{ahead} can explain" if found.difference else "The two are equal"
    return f"{begin}: the true difference likely lies between {likely.replace(' to ', ' and ')} points."


def _side_by_side(first: Validated, second: Validated, confidence: float, why: str) -> Comparison:
    right = [run.answers.correct[run.rows] for run in (first, second)]
    low, high = difference_interval(_counted(right[0]), _counted(right[1]), confidence)
    one, two = _score(right[0]), _score(right[1])
    copies = first.copies > 0 or second.copies > 0
    return Comparison(one, two, two.value - one.value, low, high, confidence, copies=copies, why=why)


def _shared(first: Validated, second: Validated, least: float) -> tuple[NDArray[np.int64], str]:
    """int64 (pictures, 2): the places of those that both have; none, and why not, where they are too few."""
    none = np.zeros((0, 2), np.int64)
    if first.pictures and second.pictures:
        places = {picture: place for place, picture in enumerate(second.pictures)}
        pairs = [(place, places[picture]) for place, picture in enumerate(first.pictures) if picture in places]
        if not pairs or len(pairs) < least * max(len(first.pictures), len(second.pictures)):
            return none, f"they were validated on different pictures: {len(pairs):,} are the same"
        return np.array(pairs, np.int64), ""
    if not first.fingerprint or first.fingerprint != second.fingerprint:
        return none, "they were validated on different pictures, as far as can be told"
    if not np.array_equal(first.answers.labels[first.rows], second.answers.labels[second.rows]):
        return none, "their validation pictures are not in the same order"
    return np.stack([np.arange(len(first.rows))] * 2, axis=1), ""


def _digests(run: Run, number: int) -> list[bytes]:
    """Of the pictures' files; empty where the run did not keep them."""
    try:
        (table,) = load_npz(run.directory / "validation.npz", "pictures")
    except (OSError, ValueError, KeyError):
        return []
    if table.dtype != np.uint8 or table.ndim != 2 or len(table) != number:
        return []
    return [row.tobytes() for row in table]


def _numbered(digests: Sequence[bytes]) -> tuple[Hashable, ...]:
    """Copies of one file are told apart by their order."""
    seen: Counter[bytes] = Counter()
    told = []
    for digest in digests:
        told.append((digest, seen[digest]))
        seen[digest] += 1
    return tuple(told)


def _counted(right: NDArray[np.bool_]) -> tuple[int, int]:
    return int(right.sum()), len(right)


def _score(right: NDArray[np.bool_]) -> Score:
    return Score.of(*_counted(right))
