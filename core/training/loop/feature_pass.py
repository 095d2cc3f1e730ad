"""The features of both splits, with one progress for both, and with the images that have just passed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.backbone.features import FeaturePlan, extract_features
from core.backbone.rows import FeatureArray
from core.datasets import Dataset
from core.training.loop.passing_images import PassingImages

Report = Callable[[str, int, int, Callable[[], dict[str, Any]]], None]
"""Phase, done, total, and what makes further fields of the event if it is written."""


class FeaturePass:
    """Extracts features of one split after another.

    Args:
        directory: The run's folder.
        new_rows: Images and copies of all splits that must pass the base: the total that is reported.
        report: May raise `Cancelled`.
    """

    def __init__(self, directory: Path, dataset: Dataset, new_rows: int, report: Report) -> None:
        self._dataset, self._new_rows, self._report = dataset, new_rows, report
        self._passing = PassingImages(directory)
        self._done = 0  # rows of earlier splits

    def extract(self, plans: Mapping[str, FeaturePlan], base: Path, digest: str) -> dict[str, FeatureArray]:
        """The features of each split. `digest` is that of the weights in `base`."""
        try:
            return {split: self._split(split, plan, base, digest) for split, plan in plans.items()}
        finally:
            self._passing.clear()

    def _split(self, split: str, plan: FeaturePlan, base: Path, digest: str) -> FeatureArray:
        records = self._dataset.usable(split)
        calls: list[int] = []

        def progress(phase: str, done: int, total: int) -> None:
            calls.append(done)
            latest = records[max(0, done * len(records) // total - 1)] if total else None
            passed = min(self._new_rows, self._done + done)

            def image() -> dict[str, Any]:
                return self._passing.lay_out(self._dataset, latest, plan) if latest else {}

            self._report(phase, passed, self._new_rows, image)

        array = extract_features(self._dataset, split, plan, base, digest, progress)
        self._done += calls[-1] if len(calls) > 1 else 0  # one call alone: all were in the cache
        return array
