"""Images that no split may part: byte-identical files, and images of one burst."""

from collections.abc import Iterable, Sequence

from core.datasets.collect.bursts import burst_of
from core.datasets.records import ImageRecord


def group_keys(records: Sequence[ImageRecord], alike: Iterable[Sequence[str]] = ()) -> list[str]:
    """A key for each record, which it shares with exactly those that belong to it.

    Two belong together that have the same bytes or the same burst, and so do all that a chain of such pairs connects.
    The key is the burst of the group, the earliest if there are several, else the digest: it stays the same while the
    group grows, and does not depend on names or order.

    Args:
        records: Readable ones.
        alike: More that belong together, as the digests of each group.
    """
    parents: dict[str, str] = {}

    def root(node: str) -> str:
        parents.setdefault(node, node)
        while parents[node] != node:
            parents[node] = node = parents[parents[node]]
        return node

    def join(one: str, other: str) -> None:
        first, second = sorted((root(one), root(other)), key=_rank)
        parents[second] = first

    for record in records:
        if burst := burst_of(record.path):
            join(burst, record.digest)
    for digests in alike:
        for digest in digests[1:]:
            join(digests[0], digest)
    return [root(record.digest) for record in records]


def _rank(node: str) -> tuple[bool, str]:
    """Bursts before digests: only they hold a hyphen."""
    return "-" not in node, node
