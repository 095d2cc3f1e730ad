"""The cache of features: what is not whole is made again, and never trained on."""

from pathlib import Path

import numpy as np
import pytest

from core.augmentation import AugmentationConfig
from core.backbone import rows as module
from core.backbone.features import FeaturePlan, _make_room, extract_features
from core.backbone.graph import cached_base
from core.backbone.rows import ROWS, FeatureArray, RowsWriter, SparseRows
from core.backbone.weights import resolve_weights
from core.datasets import open_dataset
from core.home import subfolder
from tests.drawing import write_images

PLAN = FeaturePlan(32, "flatten", 0, AugmentationConfig(), 0)


def cut(file: Path, by: int = 1) -> None:
    file.write_bytes(file.read_bytes()[:-by])


@pytest.mark.parametrize(
    "damage", ["rows cut short", "rows too long", "no facts", "empty labels", "a folder in its place"]
)
def test_a_damaged_array_is_computed_again(ready_home: Path, tmp_path: Path, damage: str) -> None:
    dataset = open_dataset(write_images(tmp_path / "pets", {"train/a": 3, "train/b": 3, "validation/a": 1}))
    weights = resolve_weights()
    base, digest = cached_base(weights), weights.provenance.digest

    def extracted() -> np.ndarray:
        array = extract_features(dataset, "train", PLAN, base, digest)
        try:
            return array.read(np.arange(array.rows)).dense()
        finally:
            array.close()

    expected = extracted()
    (folder,) = subfolder("cache", "features").iterdir()
    match damage:
        case "rows cut short":
            cut(folder / ROWS)
        case "rows too long":
            (folder / ROWS).write_bytes((folder / ROWS).read_bytes() + bytes(6))
        case "no facts":
            (folder / "facts.json").unlink()
        case "empty labels":
            (folder / "labels.npy").write_bytes(b"")
        case _:
            (folder / ROWS).unlink()
            (folder / ROWS).mkdir()
    np.testing.assert_array_equal(extracted(), expected)


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
    array = FeatureArray(tmp_path)
    with (tmp_path / ROWS).open("r+b") as file:
        file.truncate(2 * 40 * 6 + 7)
    np.testing.assert_array_equal(array.read(np.array([1])).dense(), dense[1:2])
    with pytest.raises(OSError, match="cut short"):
        array.read(np.array([0, 2]))
    array.close()


def test_room_is_made_while_others_make_room_too(pawlab_home: Path) -> None:
    """A link that leads nowhere stands for a file that vanished between two looks."""
    folder = subfolder("cache", "features") / "abc"
    folder.mkdir()
    (folder / "facts.json").write_text("{}")
    (folder / ROWS).symlink_to(folder / "gone")
    _make_room(1)
    assert folder.is_dir()
