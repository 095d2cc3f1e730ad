"""Which images of plain class folders go to validation."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable

from core.datasets.groups import group_keys
from core.datasets.records import ImageRecord


def choose_validation(records: Iterable[ImageRecord], fraction: float, seed: int) -> set[str]:
    """The paths to validate on: seeded, stratified, and without leaks: what belongs together stays on one
    side (`core.datasets.groups`: byte-identical files, and images of one burst).

    Each class gives about `fraction` of its files: at least one group if it has two or more, and never all of them; the
    only group of a class is trained on. Groups that reach into several classes may prevent that; then training comes
    first. The split depends on contents, bursts, labels and seed, not on other names or the order of the records.

    Args:
        records: Readable records.
        fraction: Share of each class, above 0 and below 1.
        seed: Another seed gives another choice.
    """
    records = list(records)
    groups: dict[str, list[ImageRecord]] = defaultdict(list)
    for key, record in zip(group_keys(records), records, strict=True):
        groups[key].append(record)
    labels = {key: Counter(record.label for record in group) for key, group in groups.items()}
    of_class: dict[str, list[str]] = defaultdict(list)
    for key in sorted(groups, key=lambda key: (len(labels[key]), _draw(key, seed))):
        for label in labels[key]:
            of_class[label].append(key)
    wanted = {label: round(fraction * sum(labels[key][label] for key in keys)) for label, keys in of_class.items()}
    chosen: set[str] = set()
    count: Counter[str] = Counter()
    to_train_on = {label: len(keys) for label, keys in of_class.items()}  # groups that are left

    def choose(key: str) -> None:
        chosen.add(key)
        count.update(labels[key])
        for label in labels[key]:
            to_train_on[label] -= 1

    def is_spare(key: str) -> bool:
        return key not in chosen and all(to_train_on[label] > 1 for label in labels[key])

    for label in sorted(of_class):
        for key in of_class[label]:
            fits = all(count[other] + number <= wanted[other] for other, number in labels[key].items())
            if fits and is_spare(key):
                choose(key)
        if not count[label]:  # few groups, or large ones: take the one that overshoots least
            spare = [key for key in of_class[label] if is_spare(key)]
            if spare:
                choose(min(spare, key=lambda key: labels[key].total()))
    return {record.path for key in chosen for record in groups[key]}


def _draw(key: str, seed: int) -> bytes:
    """A random sort key that stays the same when other images come or go."""
    return hashlib.sha256(f"{seed}:{key}".encode()).digest()
