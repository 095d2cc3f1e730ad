"""The bank: features of the same images, unchanged and after each change alone; from them those of any combination.

A change between two banked strengths is interpolated: some of the images take their copy of the weaker, the others
that of the stronger, in the proportion of its place between them; below the weakest they take the original. Beyond the
strongest all take that. Changes together are added: what each alone does to an image's features is summed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.augmentation import AugmentationConfig
from core.bank.strengths import Entry, amount_of, is_same_how

Features = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Bank:
    """Features of `len(labels)` images.

    Attributes:
        originals: float32 (images, features).
        labels: int64 (images,), positions in `classes`.
        groups: int64 (images,); images with the same number belong together, and no fold parts them.
        classes: Their names.
        entries: Of each change, the weakest first.
        shifts: Of each change float32 (its entries, images, features): the copies less the originals.
        how: Settings that say how the changes were done; nothing else of them counts.
        num_training: Number of training images that these were chosen from.
    """

    originals: Features
    labels: Labels
    groups: Labels
    classes: tuple[str, ...]
    entries: Mapping[str, Sequence[Entry]]
    shifts: Mapping[str, Features]
    how: AugmentationConfig
    num_training: int

    def fits(self, config: AugmentationConfig) -> bool:
        """Whether it can say anything of these settings: they fill and erase as those that were measured."""
        return is_same_how(self.how, config)

    def is_banked(self, config: AugmentationConfig) -> bool:
        """Whether every change that is on has a banked strength, so that nothing is interpolated."""
        return all(
            amount_of(config, name) in (0, *(entry.amount for entry in entries))
            for name, entries in self.entries.items()
        )

    def copies(self, config: AugmentationConfig) -> Features:
        """float32 (images, features): what the base would make of one copy of each image with these settings."""
        total = self.originals.copy()
        for number, (name, entries) in enumerate(self.entries.items()):
            if amount := amount_of(config, name):
                total += self._shift(name, number, amount, [entry.amount for entry in entries])
        return total

    def _shift(self, name: str, number: int, amount: float, amounts: Sequence[float]) -> Features:
        place = float(np.interp(amount, [0.0, *amounts], np.arange(len(amounts) + 1)))
        images = len(self.labels)
        # One order for each change, whatever its amount: a slider that moves on changes few images.
        ranks = (np.random.default_rng([number, images]).permutation(images) + 0.5) / images
        entry = np.floor(place).astype(int) + (ranks < place % 1)  # 0: the original
        shift = np.zeros_like(self.originals)
        changed = np.flatnonzero(entry)
        shift[changed] = self.shifts[name][entry[changed] - 1, changed]
        return shift
