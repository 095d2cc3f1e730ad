"""A few images that stand for many: stratified by class, the same on every machine."""

import hashlib
from collections.abc import Sequence

from core.datasets.records import ImageRecord


def choose(records: Sequence[ImageRecord], num: int, seed: int) -> list[ImageRecord]:
    """At most `num` records, stratified by class; a greater `num` adds to the same records.

    The choice depends on contents, labels and seed, not on the order of the records.
    """
    of_class: dict[str, list[ImageRecord]] = {}
    for record in sorted(records, key=lambda record: (_draw(record, seed), record.path)):
        of_class.setdefault(record.label, []).append(record)
    # Record k of the n in a class stands at (k + 1/2) / n: in that order every class advances at its own pace.
    placed = [
        ((place + 0.5) / len(group), label, record)
        for label, group in of_class.items()
        for place, record in enumerate(group)
    ]
    return [record for _, _, record in sorted(placed, key=lambda entry: entry[:2])[:num]]


def _draw(record: ImageRecord, seed: int) -> bytes:
    return hashlib.sha256(f"robustness {seed} {record.digest}".encode()).digest()
