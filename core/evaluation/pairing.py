"""Two runs on their validation pictures: by how much one is better, and whether that can be told from chance.

Where both answered the same pictures, they are compared picture by picture, which tells much smaller differences than
two scores side by side: pictures that both get right say nothing. Otherwise the two scores are compared as they are.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core.errors import RunError
from core.evaluation.answers import Answers, load_answers
from core.evaluation.confusion import Score
from core.statistics import difference_interval, paired_difference_interval
from core.training.runs import Run

LEAST_SHARED = 0.9  # of the pictures of each run: edits leave more, another split far less


@dataclass(frozen=True)
class Validated:
    """What a run answered on its validation pictures, without augmented copies of them.

    Attributes:
        answers: One row a picture.
        pictures: What tells one picture from another, in the same order; empty for a run from before that was kept.
        fingerprint: Of the dataset that the run saw.
        created: Seconds since 1970.
        copies: Whether rows of augmented copies were left out.
    """

    answers: Answers
    pictures: tuple[Hashable, ...]
    fingerprint: str
    created: float
    copies: bool = False


@dataclass(frozen=True)
class Comparison:
    """Of a second run with a first one.

    Attributes:
        first, second: Their accuracies on the pictures that are compared.
        difference: Of the accuracies, -1..1: above 0 the second is better.
        low, high: Where the difference likely lies on endless pictures of this kind.
        confidence: How likely.
        paired: Whether the same pictures were compared one by one. The next four count only then.
        both, only_first, only_second, neither: Pictures that both got right, one of them, none.
        relabelled: Pictures that had another class in one of the runs; they are judged by that of the newer run.
        left_out: Pictures that only one of the runs was validated on.
        copies: Whether one of the runs also answered augmented copies, which do not count here.
        why: Why they are not paired, as the end of a sentence; "" where they are.
    """

    first: Score
    second: Score
    difference: float
    low: float
    high: float
    confidence: float
    paired: bool
    both: int = 0
    only_first: int = 0
    only_second: int = 0
    neither: int = 0
    relabelled: int = 0
    left_out: int = 0
    copies: bool = False
    why: str = ""

    @property
    def told_from_chance(self) -> bool:
        return self.low > 0 or self.high < 0


def load_validated(run: Run) -> Validated:
    """Raises `RunError` as `load_answers`."""
    answers, copies = load_answers(run), run.config.copies if run.config.augment_validation else 0
    if len(answers) % (1 + copies):
        raise RunError(
            f"The validation answers of the run {run.id} fit no whole number of pictures: {len(answers):,}",
            f"{1 + copies} a picture",
            "Train again",
        )
    originals = Answers(answers.classes, answers.labels[:: 1 + copies], answers.probabilities[:: 1 + copies])
    digests = _digests(run, len(originals))
    fingerprint = str(run.summary().get("fingerprint", ""))
    return Validated(originals, _numbered(digests), fingerprint, run.created, copies > 0)


def compare(first: Validated, second: Validated, confidence: float = 0.95) -> Comparison:
    """How much better the second is, with Newcombe's intervals (`core.statistics`).

    Args:
        confidence: Of the interval, between 0 and 1. Where several runs are compared with one, 1 - 0.05 / their number
            makes all intervals hold together in 95 % of cases (Bonferroni).
    """
    rows, why = _shared(first, second)
    copies = first.copies or second.copies
    if rows is None:
        right = [one.answers.correct for one in (first, second)]
        low, high = difference_interval(_counted(right[0]), _counted(right[1]), confidence)
        one_score, two_score = _score(right[0]), _score(right[1])
        gain = two_score.value - one_score.value
        return Comparison(one_score, two_score, gain, low, high, confidence, paired=False, copies=copies, why=why)
    one, two = rows
    names = [np.array(run.answers.classes, np.str_) for run in (first, second)]
    labels = [names[0][first.answers.labels[one]], names[1][second.answers.labels[two]]]
    truth = labels[1] if second.created >= first.created else labels[0]
    a = np.asarray(names[0][first.answers.best[one]] == truth, bool)
    b = np.asarray(names[1][second.answers.best[two]] == truth, bool)
    both, only_a, only_b, neither = (int(cell.sum()) for cell in (a & b, a & ~b, ~a & b, ~a & ~b))
    low, high = paired_difference_interval(both, only_a, only_b, neither, confidence)
    return Comparison(
        _score(a),
        _score(b),
        (only_b - only_a) / len(a),
        low,
        high,
        confidence,
        paired=True,
        both=both,
        only_first=only_a,
        only_second=only_b,
        neither=neither,
        relabelled=int((labels[0] != labels[1]).sum()),
        left_out=len(first.answers) + len(second.answers) - 2 * len(a),
        copies=copies,
    )


def _shared(first: Validated, second: Validated) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]] | None, str]:
    """The rows of the pictures that both have, in one order; or None and why not."""
    if first.pictures and second.pictures:
        places = {picture: row for row, picture in enumerate(second.pictures)}
        pairs = [(row, places[picture]) for row, picture in enumerate(first.pictures) if picture in places]
        if len(pairs) < LEAST_SHARED * max(len(first.pictures), len(second.pictures)):
            return None, f"they were validated on different pictures: {len(pairs):,} are the same"
        table = np.array(pairs, np.int64)
        return (table[:, 0], table[:, 1]), ""
    if not first.fingerprint or first.fingerprint != second.fingerprint:
        return None, "they were validated on different pictures, as far as can be told"
    if not np.array_equal(first.answers.labels, second.answers.labels):
        return None, "their validation pictures are not in the same order"
    rows = np.arange(len(first.answers))
    return (rows, rows), ""


def _digests(run: Run, number: int) -> list[bytes]:
    """Of the pictures' files; empty where the run did not keep them."""
    try:
        with np.load(run.directory / "validation.npz", allow_pickle=False) as stored:
            table = stored["pictures"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
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
