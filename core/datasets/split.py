"""Which images of plain class folders go to validation."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable

from core.datasets.records import ImageRecord


def choose_validation(records: Iterable[ImageRecord], fraction: float, seed: int) -> set[str]:
    """The paths to validate on: seeded, stratified, and without leaks: byte-identical files stay on one side.

    Each class gives about `fraction` of its files: at least one if it has two or more different images, and never all
    of them. Images shared between classes may prevent that; then training comes first. The split depends on contents,
    labels and seed, not on names or the order of the records.

    Args:
        records: Readable records.
        fraction: Share of each class, above 0 and below 1.
        seed: Another seed gives another choice.
    """
    groups: dict[str, list[ImageRecord]] = defaultdict(list)  # byte-identical files go together
    for record in records:
        groups[record.digest].append(record)
    labels = {digest: Counter(record.label for record in group) for digest, group in groups.items()}
    of_class: dict[str, list[str]] = defaultdict(list)
    for digest in sorted(groups, key=lambda digest: (len(labels[digest]), _draw(digest, seed))):
        for label in labels[digest]:
            of_class[label].append(digest)
    wanted = {
        label: round(fraction * sum(labels[digest][label] for digest in digests)) for label, digests in of_class.items()
    }
    chosen: set[str] = set()
    count: Counter[str] = Counter()
    to_train_on = {label: len(digests) for label, digests in of_class.items()}  # different images that are left

    def choose(digest: str) -> None:
        chosen.add(digest)
        count.update(labels[digest])
        for label in labels[digest]:
            to_train_on[label] -= 1

    def is_spare(digest: str) -> bool:
        return digest not in chosen and all(to_train_on[label] > 1 for label in labels[digest])

    for label in sorted(of_class):
        for digest in of_class[label]:
            fits = all(count[other] + number <= wanted[other] for other, number in labels[digest].items())
            if fits and is_spare(digest):
                choose(digest)
        if not count[label]:  # few images, or many copies of each: take the one that overshoots least
            spare = [digest for digest in of_class[label] if is_spare(digest)]
            if spare:
                choose(min(spare, key=lambda digest: labels[digest].total()))
    return {record.path for digest in chosen for record in groups[digest]}


def _draw(digest: str, seed: int) -> bytes:
    """A random sort key that stays the same when other images come or go."""
    return hashlib.sha256(f"{seed}:{digest}".encode()).digest()
