"""From pairs that may show the same photo to groups that do, without chains and in bounded time.

A group has a leader, its largest image. A pair only proposes: its two groups become one when their leaders show the
same photo and, where the absorbed group has more images, at least half of those (of `MOST_VOUCHERS`) show it too. So
nobody is in a group merely because it resembles an image that resembles another.

Bounded work: `MOST_CHECKS` comparisons of pixels, and an image that `MOST_FAILURES` groups refused is given up. Only
thousands of nearly identical images come near either, and then some groups come out smaller than they are.
"""

from collections import Counter
from contextlib import closing
from typing import Protocol

import numpy as np

from core.datasets.quality.candidates import Candidates
from core.jobs.parallel import ordered_map
from core.jobs.progress import Progress, silent

MOST_CHECKS = 200_000
MOST_FAILURES = 16
MOST_VOUCHERS = 8
_BATCH = 64


class Check(Protocol):
    """Whether two images show the same photo; called from several threads."""

    def __call__(self, first: int, second: int, *, mirrored: bool) -> bool: ...


def group(candidates: Candidates, areas: list[int], check: Check, progress: Progress = silent) -> list[list[int]]:
    """The groups of two images or more, as indices.

    Args:
        candidates: The pairs that may show the same photo, the most alike first.
        areas: Pixels of each image; the largest of a group leads it.
        check: Compares the pixels.
        progress: Told of phase "verify", in pairs.

    Raises:
        Cancelled: From `progress`.
    """
    groups = _Groups(areas, check)
    total = len(candidates.pairs)
    progress("verify", 0, total)
    for start in range(0, total, _BATCH):
        batch = slice(start, start + _BATCH)
        pairs = candidates.pairs[batch].tolist()
        groups.offer(list(zip(pairs, candidates.mirrored[batch].tolist(), strict=True)))
        progress("verify", min(start + _BATCH, total), total)
        if len(groups.verdicts) >= MOST_CHECKS:
            break
    return [sorted(members) for members in groups.members if len(members) > 1]


class _Groups:
    def __init__(self, areas: list[int], check: Check) -> None:
        self.areas, self.check = areas, check
        self.leaders = list(range(len(areas)))
        self.members = [[index] for index in range(len(areas))]  # of the group that this index leads
        self.mirrored = [False] * len(areas)  # compared with the leader
        self.verdicts: dict[tuple[int, int], bool] = {}
        self.refused: set[tuple[int, int]] = set()
        self.failures: Counter[int] = Counter()

    def offer(self, proposals: list[tuple[list[int], bool]]) -> None:
        """Joins what may be joined. The leaders are compared on all cores before, which is most of the work."""
        wanted: dict[tuple[int, int], bool] = {}
        pending: Counter[int] = Counter()
        for (first, second), mirrored in proposals:
            hopes = max(self.failures[index] + pending[index] for index in (first, second)) < MOST_FAILURES
            if hopes and self._is_open(first, second):
                pair, orientation = self._leading(first, second, mirrored=mirrored)
                if pair not in self.verdicts and pair not in wanted:
                    wanted[pair] = orientation
                    pending.update((first, second))
        with closing(
            ordered_map(lambda item: self.check(*item[0], mirrored=item[1]), wanted.items(), "verify")
        ) as verdicts:
            self.verdicts.update(zip(wanted, verdicts, strict=True))
        for (first, second), mirrored in proposals:
            if self._is_open(first, second) and not self._join(first, second, mirrored=mirrored):
                leaders, _ = self._leading(first, second, mirrored=mirrored)
                if leaders not in self.refused:  # another member of the same group says nothing new
                    self.refused.add(leaders)
                    self.failures.update((first, second))

    def _is_open(self, first: int, second: int) -> bool:
        given_up = max(self.failures[first], self.failures[second]) >= MOST_FAILURES
        return self.leaders[first] != self.leaders[second] and not given_up

    def _leading(self, first: int, second: int, *, mirrored: bool) -> tuple[tuple[int, int], bool]:
        """The leaders of two groups, the larger image first, and whether one is the mirrored other."""
        leaders = self.leaders[first], self.leaders[second]
        leader, other = sorted(leaders, key=lambda index: (-self.areas[index], index))
        return (leader, other), mirrored ^ self.mirrored[first] ^ self.mirrored[second]

    def _join(self, first: int, second: int, *, mirrored: bool) -> bool:
        (leader, other), orientation = self._leading(first, second, mirrored=mirrored)
        if not self._agree(leader, other, mirrored=orientation):
            return False
        joining = self.members[other]
        chosen = {joining[index] for index in np.linspace(0, len(joining) - 1, MOST_VOUCHERS).astype(int)}
        vouchers = sum(self._agree(leader, index, mirrored=orientation ^ self.mirrored[index]) for index in chosen)
        if 2 * vouchers < len(chosen):
            return False
        for index in joining:
            self.leaders[index] = leader
            self.mirrored[index] ^= orientation
        self.members[leader] += joining
        self.members[other] = []
        return True

    def _agree(self, leader: int, other: int, *, mirrored: bool) -> bool:
        if (leader, other) not in self.verdicts:
            self.verdicts[leader, other] = self.check(leader, other, mirrored=mirrored)
        return self.verdicts[leader, other]
