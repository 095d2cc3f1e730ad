"""The map of a dataset against an independent principal component analysis, and on real files."""

from pathlib import Path

import numpy as np
import pytest

from core.backbone.feature_map import make_map, principal_components
from core.backbone.rows import FeatureArray, RowsWriter, SparseRows, StoredRows
from core.datasets import open_dataset
from core.datasets.edits.edits import Edits
from core.errors import Cancelled, DatasetError
from tests.drawing import write_images


def stored(folder: Path, rows: np.ndarray) -> FeatureArray:
    folder.mkdir()
    with RowsWriter(folder, rows.shape[1]) as writer:
        writer.write(SparseRows.of(rows))
        writer.close(np.zeros(len(rows), np.int64))
    return FeatureArray(StoredRows(folder))


def test_it_is_the_analysis_that_a_singular_value_decomposition_gives(tmp_path: Path) -> None:
    generator = np.random.default_rng(2)
    rows = (generator.standard_normal((40, 6)) * [5, 3, 1, 1, 0.5, 0.1] + 7).astype(np.float32)
    arrays = [stored(tmp_path / "a", rows[:15]), stored(tmp_path / "b", rows[15:])]
    points, shares = principal_components(arrays)
    left, sizes, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(points), np.abs(left[:, :2] * sizes[:2]), rtol=1e-3, atol=1e-3)
    assert shares == pytest.approx((sizes[:2] ** 2 / (sizes**2).sum()).tolist(), rel=1e-4)
    for array in arrays:
        array.close()


def test_each_usable_image_has_a_point_and_equal_images_share_one(ready_home: Path, tmp_path: Path) -> None:
    folder = write_images(tmp_path / "pets", {"train/a": 3, "train/b": 3, "validation/a": 2, "validation/b": 2})
    (folder / "train" / "a" / "copy.jpg").write_bytes((folder / "train" / "a" / "0.jpg").read_bytes())
    dataset = open_dataset(folder)
    Edits.load(dataset).exclude([record for record in dataset.records if record.path == "train/b/0.jpg"])
    dataset = open_dataset(folder)
    told: list[tuple[int, int]] = []
    found = make_map(
        dataset, 32, lambda phase, done, total: told.append((done, total)) if phase == "features" else None
    )
    assert sorted(record.path for record in found.records) == sorted(record.path for record in dataset.usable())
    place = {record.path: point for record, point in zip(found.records, found.points, strict=True)}
    np.testing.assert_allclose(place["train/a/copy.jpg"], place["train/a/0.jpg"], atol=1e-4)
    assert np.ptp(found.points, axis=0).min() > 0
    assert told[-1] == (10, 10)


def test_a_stop_is_heard(ready_home: Path, tmp_path: Path) -> None:
    dataset = open_dataset(write_images(tmp_path / "pets", {"a": 3, "b": 3}))

    def stop(phase: str, done: int, total: int) -> None:
        raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        make_map(dataset, 32, stop)


def test_two_images_make_no_map(tmp_path: Path) -> None:
    dataset = open_dataset(write_images(tmp_path / "pets", {"train/a": 1, "train/b": 1}))
    with pytest.raises(DatasetError, match="2 usable images"):
        make_map(dataset, 32)
