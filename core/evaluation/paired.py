"""Two runs judged on the same pictures: the difference of their accuracies, with an interval that knows of the pairs.

Each picture is answered by both, so most of what is chance in one score is the same chance in the other: an interval
for the difference is far narrower than the two intervals of the scores suggest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.datasets import Dataset, ImageRecord
from core.evaluation.answers import Answers
from core.evaluation.confusion import Score
from core.statistics import paired_difference_interval


@dataclass(frozen=True, slots=True)
class Paired:
    """Two runs on the same pictures. `only_first` and `only_second` are (row in the first's answers, row in the
    second's) of those that one alone answers right; `both` and `neither` count the others. `left_out` pictures of the
    first run did not count: excluded today, not validated on by the second, or of a class that one cannot answer."""

    both: int
    only_first: tuple[tuple[int, int], ...]
    only_second: tuple[tuple[int, int], ...]
    neither: int
    left_out: int

    @property
    def num_images(self) -> int:
        return self.both + len(self.only_first) + len(self.only_second) + self.neither

    @property
    def first(self) -> Score:
        return Score.of(self.both + len(self.only_first), self.num_images)

    @property
    def second(self) -> Score:
        return Score.of(self.both + len(self.only_second), self.num_images)

    @property
    def difference(self) -> tuple[float, float, float]:
        """Second minus first, -1..1: measured, and the ends of its 95 % interval. Needs a picture."""
        value = (len(self.only_second) - len(self.only_first)) / self.num_images
        return value, *paired_difference_interval(self.both, len(self.only_first), len(self.only_second), self.neither)


def compare(
    first: Answers,
    first_pictures: Sequence[ImageRecord],
    second: Answers,
    second_pictures: Sequence[ImageRecord],
    today: Dataset,
) -> Paired:
    """Judges both by today's labels, on the pictures that both were validated on and that are not excluded today.

    Of augmented copies only the original counts: the copies of the two runs are not the same pictures.

    Args:
        first_pictures, second_pictures: Of each row of the answers, originals before their copies.
        today: The dataset with the edits of today.
    """
    now = {record.path: record.label for record in today.usable()}
    others = _originals(second_pictures)
    counts = {(True, True): 0, (False, False): 0}
    alone: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    left_out = 0
    for (path, digest), row in _originals(first_pictures).items():
        label, other = now.get(path, ""), others.get((path, digest))
        if other is None or label not in first.classes or label not in second.classes:
            left_out += 1
            continue
        right = first.classes[first.best[row]] == label, second.classes[second.best[other]] == label
        if right in counts:
            counts[right] += 1
        else:
            alone[right[0]].append((row, other))
    return Paired(counts[True, True], tuple(alone[True]), tuple(alone[False]), counts[False, False], left_out)


def verdict(paired: Paired) -> str:
    """What the interval lets one say, in one sentence."""
    value, low, high = paired.difference
    points = f"{abs(value) * 100:.1f} points (likely {low * 100:+.1f} to {high * 100:+.1f})"
    if low > 0:
        return f"The second run is better by {points}: more than chance explains."
    if high < 0:
        return f"The second run is worse by {points}: more than chance explains."
    ahead = (
        f"The second run is {'ahead' if value > 0 else 'behind'} by {abs(value) * 100:.1f} points, which chance alone"
    )
    begin = f"{ahead} can explain" if value else "The two are equal"
    return f"{begin}: the true difference likely lies between {low * 100:+.1f} and {high * 100:+.1f} points."


def _originals(pictures: Sequence[ImageRecord]) -> Mapping[tuple[str, str], int]:
    """The first row of each picture."""
    rows: dict[tuple[str, str], int] = {}
    for row, record in enumerate(pictures):
        rows.setdefault((record.path, record.digest), row)
    return rows
