"""The best augmentation, and what it is worth: a greedy search, and what it gains on images that it never saw."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from core.augmentation import AugmentationConfig
from core.bank.bank import Bank, Labels
from core.bank.heads import FOLDS, Change, Heads, Repeated, paired_change, right_of
from core.bank.strengths import Entry, combined
from core.evaluation.cross_validation import deal_folds
from core.evaluation.words import points_interval, signed_points
from core.jobs.progress import Progress, silent

SHORTLIST = 10
"""Changes at one strength that are tried beside the first one: the best alone."""
MOST_CHANGES = 4
REPEATS = 2
PHASE = "search"


@dataclass(frozen=True)
class Proposal:
    """What the search found.

    Attributes:
        config: The best settings, of a search on all images; without any change where none raised the accuracy.
        seen: What they gain on these images, which chose them: too good to be true.
        unseen: What a search gains on images that it never saw: each fold in turn is kept from a search of its own.
        num_images: How many images both are measured on.
    """

    config: AugmentationConfig
    seen: Change
    unseen: Change
    num_images: int

    @property
    def helps(self) -> bool:
        return self.unseen.helps and not self.config.identity

    def in_words(self) -> str:
        seen = signed_points(self.seen.difference)
        unseen = f"{signed_points(self.unseen.difference)} points (95% CI {_interval(self.unseen)})"
        if self.helps:
            return f"**These settings should help: {unseen}**, on images that the search never saw."
        if self.config.identity:
            return "**Nothing helps**: no change raised the accuracy, not even on the images that the search saw."
        return (
            f"**Nothing helps** by more than chance: the best settings gain {seen} points on the images that chose "
            f"them, and {unseen} on images that the search never saw."
        )


def propose(bank: Bank, num_copies: int, seed: int = 0, progress: Progress = silent) -> Proposal:
    """Searches for the settings with the highest accuracy.

    It begins without augmentation, adds the change that helps most, and goes on until none does. It is done once on all
    images, and once without each of five folds, whose images then say what such a search is worth.

    Args:
        num_copies: Of each image, 1 or more.
        progress: Told of the phase "search", in searches. What it raises stops the work.
    """
    labels, groups = bank.labels, bank.groups
    least = min(len(np.unique(groups[labels == label])) for label in np.unique(labels))
    folds = deal_folds(labels, groups, min(FOLDS, least), np.random.default_rng([seed, 1]))
    heads = Heads(bank.originals, labels, folds)
    before = right_of(labels, [heads.unchanged])
    after = before.copy()
    num_folds = int(folds.max()) + 1
    for fold in range(num_folds):
        step = partial(progress, PHASE, fold, num_folds + 1)
        found = _search(bank, np.flatnonzero(folds != fold), num_copies, seed, step)
        if found:
            scores = heads.scores(bank.copies(combined(found, bank.how)), num_copies)
            own = folds == fold
            after[:, own] = right_of(labels, [scores])[:, own]
    step = partial(progress, PHASE, num_folds, num_folds + 1)
    config = combined(_search(bank, np.arange(len(labels)), num_copies, seed, step), bank.how)
    seen = Repeated(bank, REPEATS, seed).change(bank.copies(config), num_copies)
    progress(PHASE, num_folds + 1, num_folds + 1)
    return Proposal(config, seen, paired_change(before, after), len(labels))


def _search(bank: Bank, rows: Labels, num_copies: int, seed: int, step: Callable[[], None]) -> dict[str, Entry]:
    """The changes that together are best for these images. `step` is called before each fit."""
    repeated = Repeated(bank, REPEATS, seed, rows)

    def accuracy(parts: dict[str, Entry]) -> float:
        step()
        return float(repeated.right(bank.copies(combined(parts, bank.how)), num_copies).mean())

    singles: Sequence[Entry] = [entry for entries in bank.entries.values() for entry in entries]
    chosen: dict[str, Entry] = {}
    best = repeated.accuracy
    for _ in range(MOST_CHANGES):
        tried = {entry: accuracy({**chosen, entry.name: entry}) for entry in singles}
        ranked = sorted(tried, key=tried.__getitem__, reverse=True)
        if tried[ranked[0]] <= best:
            break
        best = tried[ranked[0]]
        chosen[ranked[0].name] = ranked[0]
        singles = ranked[:SHORTLIST] if len(chosen) == 1 else singles
    return chosen


def _interval(change: Change) -> str:
    return points_interval(change.low, change.high).removesuffix(" points")
