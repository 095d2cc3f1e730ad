"""Vectors without their zeros: nothing is lost, in memory, on disk, or by reading in any order."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.backbone import rows as module
from core.backbone.rows import FeatureArray, RowsWriter, SparseRows, StoredRows
from tests.examples import FEW


def relu(rows: int, width: int, seed: int) -> NDArray[np.float32]:
    return np.maximum(np.random.default_rng(seed).standard_normal((rows, width)), 0).astype(np.float32)


@FEW
@given(st.integers(0, 9), st.integers(1, 70), st.integers(0, 2**32))
def test_dense_is_the_inverse_of_of(rows: int, width: int, seed: int) -> None:
    dense = relu(rows, width, seed)
    sparse = SparseRows.of(dense)
    np.testing.assert_array_equal(sparse.dense(), dense)
    assert len(sparse.values) == np.count_nonzero(dense)


def test_places_beyond_65536_are_kept() -> None:
    dense = np.zeros((1, 81_920), np.float32)
    dense[0, [0, 65_535, 65_536, 81_919]] = 1, 2, 3, 4
    np.testing.assert_array_equal(SparseRows.of(dense).dense(), dense)


@pytest.mark.parametrize("way", ["held", "scattered", "one by one"])
@pytest.mark.parametrize("width", [50, 70_000])
def test_rows_are_read_back_in_the_order_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, width: int
) -> None:
    dense = relu(11, width, seed=1)
    dense[4] = 0
    with RowsWriter(tmp_path, width) as writer:
        for start in range(0, 11, 4):
            writer.write(SparseRows.of(dense[start : start + 4]))
        writer.close(np.arange(11) % 3)
    monkeypatch.setattr(module, "HELD_BYTES", 10**9 if way == "held" else -1)
    monkeypatch.setattr(module, "SCATTER", way == "scattered")
    array = FeatureArray(StoredRows(tmp_path))
    order = np.array([10, 4, 0, 4, 7])
    np.testing.assert_array_equal(array.read(order).dense(), dense[order])
    assert len(array.read(order[:0])) == 0
    np.testing.assert_array_equal(array.labels, np.arange(11) % 3)
    array.close()
