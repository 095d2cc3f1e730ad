"""The cache of features: what is not whole is made again, and never trained on."""

import hashlib
import json
import os
import shutil
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pytest

from core.augmentation import AugmentationConfig, augment, preset
from core.backbone import features
from core.backbone import rows as module
from core.backbone.architecture import IMAGE
from core.backbone.features import FeaturePlan, extract_features, make_room, missing_rows
from core.backbone.graph import cached_base
from core.backbone.rows import ROWS, FeatureArray, RowsWriter, SparseRows, StoredRows
from core.backbone.session import open_session
from core.backbone.weights import resolve_weights
from core.datasets import open_dataset
from core.images.crop import Crop
from core.images.decode import load_image
from core.storage.files import size_of
from core.storage.home import subfolder
from tests.drawing import write_images

PLAN = FeaturePlan(32, "flatten", 0, AugmentationConfig(), 0)


class Passed:
    """A progress callback that notes how many rows each call says there are."""

    def __init__(self) -> None:
        self.totals: list[int] = []

    def __call__(self, phase: str, done: int, total: int) -> None:
        self.totals.append(total)


def cut(file: Path, by: int = 1) -> None:
    file.write_bytes(file.read_bytes()[:-by])


def flip(file: Path) -> None:
    """The last byte's lowest bit."""
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.parametrize(
    "damage",
    [
        "rows cut short",
        "rows too long",
        "a bit of a row",
        "a bit of an offset",
        "a bit of a label",
        "no facts",
        "empty labels",
        "a folder in its place",
    ],
)
def test_a_damaged_array_is_computed_again(ready_home: Path, tmp_path: Path, damage: str) -> None:
    dataset = open_dataset(write_images(tmp_path / "pets", {"train/a": 3, "train/b": 3, "validation/a": 1}))
    weights = resolve_weights()
    base, digest = cached_base(weights), weights.provenance.digest

    def extracted() -> np.ndarray:
        array = extract_features(dataset, "train", PLAN, base, digest)
        try:
            return np.column_stack([array.labels, array.read(np.arange(array.rows)).dense()])
        finally:
            array.close()

    expected = extracted()
    (folder,) = subfolder("cache", "features").iterdir()
    match damage:
        case "rows cut short":
            cut(folder / ROWS)
        case "rows too long":
            (folder / ROWS).write_bytes((folder / ROWS).read_bytes() + bytes(6))
        case "a bit of a row":
            flip(folder / ROWS)
        case "a bit of an offset":
            flip(folder / "offsets.npy")
        case "a bit of a label":
            flip(folder / "labels.npy")
        case "no facts":
            (folder / "facts.json").unlink()
        case "empty labels":
            (folder / "labels.npy").write_bytes(b"")
        case _:
            (folder / ROWS).unlink()
            (folder / ROWS).mkdir()
    np.testing.assert_array_equal(extracted(), expected)


@pytest.mark.parametrize(("pooling", "crop"), [("flatten", "squeeze"), ("average", "center")])
def test_what_is_kept_apart_gives_the_same_bits_whatever_was_cached_before(
    ready_home: Path, tmp_path: Path, pooling: Literal["flatten", "average"], crop: Crop
) -> None:
    dataset = open_dataset(write_images(tmp_path / "pets", {"train/a": 4, "train/b": 3, "validation/a": 1}))
    weights = resolve_weights()
    base = cached_base(weights)
    plan = FeaturePlan(32, pooling, 3, preset("strong"), 5, crop=crop)
    session = open_session(base, threads=1)
    expected = []
    for record in dataset.usable("train"):
        original = load_image(dataset.file(record), 32, crop=crop)
        copies = [augment(original, plan.augmentation, 5, record.digest, copy)[0] for copy in (1, 2, 3)]
        for image in (original, *copies):
            maps = session.run(None, {IMAGE: image[None].astype(np.float32)})[0]
            expected.append(maps.ravel() if pooling == "flatten" else maps.mean(axis=(1, 2)).ravel())
    total = {"nothing": 28, "the images": 21, "the copies": 7}
    for cached, left in total.items():
        digest = f"{weights.provenance.digest}, {cached}"
        images = missing_rows(dataset, "train", replace(plan, copies=0), digest)
        if cached == "the images":
            extract_features(dataset, "train", replace(plan, copies=0), base, digest).close()
        elif cached == "the copies":
            extract_features(dataset, "train", plan, base, digest).close()
            for folder in images:
                shutil.rmtree(folder)
        passed = Passed()
        array = extract_features(dataset, "train", plan, base, digest, passed)
        assert set(passed.totals) == {left}
        np.testing.assert_array_equal(array.read(np.arange(array.rows)).dense(), np.stack(expected))
        np.testing.assert_array_equal(array.labels, np.repeat([0, 0, 0, 0, 1, 1, 1], 4))
        array.close()


def test_another_augmentation_passes_only_its_copies(ready_home: Path, tmp_path: Path) -> None:
    dataset = open_dataset(write_images(tmp_path / "pets", {"train/a": 4, "train/b": 3, "validation/a": 1}))
    weights = resolve_weights()
    plan = replace(PLAN, copies=1, augmentation=preset("gentle"))
    passed = Passed()
    for other in (plan, replace(plan, augmentation=preset("strong")), replace(plan, seed=1), replace(plan, copies=2)):
        extract_features(dataset, "train", other, cached_base(weights), weights.provenance.digest, passed).close()
    assert [total for total, _ in groupby(passed.totals)] == [14, 7, 14]


def test_another_crop_never_gets_these_features_and_older_caches_keep_their_key(
    ready_home: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(write_images(tmp_path / "pets", {"train/a": 4, "train/b": 3, "validation/a": 1}))
    weights = resolve_weights()
    base, digest = cached_base(weights), weights.provenance.digest
    plans = [replace(PLAN, crop=crop, blocks=blocks, copies=1) for crop in get_args(Crop) for blocks in (0, 9)]
    folders = [folder for plan in plans for folder in missing_rows(dataset, "train", plan, digest)]
    assert len(set(folders)) == 2 * len(plans)
    old = json.dumps([5, dataset.fingerprint, "train", 32, "flatten", digest])
    assert folders[0].name == hashlib.sha256(old.encode()).hexdigest()[:24]
    extract_features(dataset, "train", plans[0], base, digest).close()
    assert sum(missing_rows(dataset, "train", replace(plans[0], crop="center"), digest).values()) == 14


def test_room_for_copies_is_not_made_where_their_images_are(
    ready_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The images were used longest ago: without a word they would be the first to go."""
    dataset = open_dataset(write_images(tmp_path / "pets", {"train/a": 4, "train/b": 3, "validation/a": 1}))
    weights = resolve_weights()
    base, digest = cached_base(weights), weights.provenance.digest
    other, plan = replace(PLAN, image_size=33), replace(PLAN, copies=1)
    for number, cached in enumerate((PLAN, other)):
        (folder,) = missing_rows(dataset, "train", cached, digest)
        extract_features(dataset, "train", cached, base, digest).close()
        os.utime(folder, (number, number))
    monkeypatch.setattr(features, "CACHE_BYTES", size_of(subfolder("cache", "features")))
    extract_features(dataset, "train", plan, base, digest).close()
    assert missing_rows(dataset, "train", plan, digest) == {}
    assert list(missing_rows(dataset, "train", other, digest).values()) == [7]


@pytest.mark.parametrize("scatter", [True, False])
def test_rows_that_vanish_while_they_are_read_are_no_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scatter: bool
) -> None:
    dense = np.random.default_rng(0).random((3, 40), np.float32)
    with RowsWriter(tmp_path, 40) as writer:
        writer.write(SparseRows.of(dense))
        writer.close(np.zeros(3, np.int64))
    monkeypatch.setattr(module, "HELD_BYTES", -1)
    monkeypatch.setattr(module, "SCATTER", scatter and module.SCATTER)
    array = FeatureArray(StoredRows(tmp_path))
    with (tmp_path / ROWS).open("r+b") as file:
        file.truncate(2 * 40 * 6 + 7)
    np.testing.assert_array_equal(array.read(np.array([1])).dense(), dense[1:2])
    with pytest.raises(OSError, match="cut short"):
        array.read(np.array([0, 2]))
    array.close()


def test_a_place_beyond_the_width_is_refused_before_anything_is_written_there(tmp_path: Path) -> None:
    """The checksums fit: it was damaged in memory before it was written."""
    rows = SparseRows(40, np.array([0, 2]), np.array([3, 41], np.uint16), np.ones(2, np.float32))
    with RowsWriter(tmp_path, 40) as writer:
        writer.write(rows)
        writer.close(np.zeros(1, np.int64))
    array = FeatureArray(StoredRows(tmp_path))
    with pytest.raises(OSError, match="40 features names feature 41"):
        array.read(np.array([0]))
    array.close()


def test_room_is_made_while_othersmake_room_too(pawlab_home: Path) -> None:
    """A link that leads nowhere stands for a file that vanished between two looks."""
    folder = subfolder("cache", "features") / "abc"
    folder.mkdir()
    (folder / "facts.json").write_text("{}")
    (folder / ROWS).symlink_to(folder / "gone")
    make_room(1)
    assert folder.is_dir()
