"""Images that have just passed the base: shown as the network saw them, a few at a time, and gone at the end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.augmentation import augment
from core.backbone.features import FeaturePlan
from core.backbone.graph import cached_base
from core.backbone.weights import resolve_weights
from core.datasets import open_dataset
from core.errors import Cancelled
from core.images.decode import load_image
from core.runs.feature_plan import feature_plan, workload_of
from core.runs.passing_images import COUNT, passed
from core.runs.settings import preset
from core.training.loop.feature_pass import FeaturePass
from core.training.loop.passing_images import SIDE, PassingImages

CONFIG = preset("fast").changed(image_size=64, copies=1)


def pixels(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_originals_and_copies_are_shown_in_turn_as_the_network_sees_them(drawn: Path, tmp_path: Path) -> None:
    dataset, plan = open_dataset(drawn), FeaturePlan(128, "average", 1, CONFIG.augmentation, 5, crop="center")
    passing, record = PassingImages(tmp_path), dataset.usable("train")[3]
    events = [passing.lay_out(dataset, record, plan)["image"] for _ in range(2)]
    copy, original = passed(tmp_path, events)
    assert (original.number, original.copy, copy.number, copy.copy) == (0, 0, 1, 1)
    assert (copy.path, copy.label) == (record.path, record.label)
    seen = load_image(dataset.file(record), SIDE, crop="center")
    assert np.abs(pixels(original.file) - seen).mean() < 4, "JPEG"
    assert np.abs(pixels(copy.file) - augment(seen, plan.augmentation, 5, record.digest, 1)[0]).mean() < 4
    assert np.abs(pixels(copy.file) - seen).mean() > 8


def test_only_the_latest_are_kept_and_a_file_that_is_gone_is_passed_over(drawn: Path, tmp_path: Path) -> None:
    dataset, plan = open_dataset(drawn), feature_plan(CONFIG, "validation")
    passing, records = PassingImages(tmp_path), dataset.usable("validation")
    events = [passing.lay_out(dataset, record, plan)["image"] for record in records]
    assert len(list((tmp_path / "passing").iterdir())) == COUNT
    assert [image.path for image in passed(tmp_path, events)] == [record.path for record in records[::-1][:COUNT]]
    gone = dataset.usable("train")[0]
    object.__setattr__(gone, "path", "train/cats/gone.png")
    assert passing.lay_out(dataset, gone, plan) == {}


class Reports:
    """What a pass reports, with the image of every call."""

    def __init__(self, *, cancel_at: int = -1) -> None:
        self.numbers: list[tuple[int, int]] = []
        self.images: list[dict[str, Any]] = []
        self._cancel_at = cancel_at

    def __call__(self, phase: str, done: int, total: int, image: Callable[[], dict[str, Any]]) -> None:
        assert phase == "features"
        if done == self._cancel_at:
            raise Cancelled("stopped")
        self.numbers.append((done, total))
        self.images += [fields["image"] for fields in [image()] if fields]


def test_both_splits_are_one_count_and_cached_ones_none(ready_home: Path, drawn: Path, tmp_path: Path) -> None:
    dataset, weights = open_dataset(drawn), resolve_weights()
    digest, base = weights.provenance.digest, cached_base(weights)
    plans = {split: feature_plan(CONFIG, split) for split in ("train", "validation")}

    def run(reports: Reports) -> None:
        new_rows = workload_of(dataset, CONFIG, digest).new_rows
        for array in FeaturePass(tmp_path, dataset, new_rows, reports).extract(plans, base, digest).values():
            array.close()

    with pytest.raises(Cancelled):
        run(Reports(cancel_at=40))
    assert not (tmp_path / "passing").exists()
    reports = Reports()
    run(reports)
    counts = [done for done, _ in reports.numbers]
    assert counts == sorted(counts)
    assert reports.numbers[-1] == (96, 96)  # 40 images to train on with a copy each, 16 to validate on
    assert {image["path"].split("/")[0] for image in reports.images} == {"train", "validation"}
    assert not (tmp_path / "passing").exists()
    again = Reports()
    run(again)
    assert {total for _, total in again.numbers} == {0}
