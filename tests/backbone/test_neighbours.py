"""Distances to the training images: those of scikit-learn, a cut that keeps its share, and no file but ours."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from core.backbone.architecture import FEATURES
from core.backbone.neighbours import (
    DIGEST_BYTES,
    ENOUGH,
    MAX_ROWS,
    NEVER,
    K,
    Neighbours,
    averaged,
    load_neighbours,
    unit,
)


def features(number: int, seed: int = 0) -> NDArray[np.float32]:
    """As the base gives them: a common part, 0 or more, and what differs."""
    generator = np.random.default_rng([seed, number])
    common = np.random.default_rng(7).gamma(1, size=FEATURES)
    return unit((common + generator.gamma(0.3, size=(number, FEATURES))).astype(np.float32))


def neighbours(rows: int, held_out: int) -> Neighbours:
    images = np.arange(rows * DIGEST_BYTES, dtype=np.uint8).reshape(rows, DIGEST_BYTES)
    return Neighbours.of(features(rows), np.arange(rows) % 2, images, features(held_out, seed=1))


def with_distances(distances: Any) -> Neighbours:
    empty = np.empty(0, np.float32)
    return Neighbours(
        features(1), np.zeros(1, np.int64), np.zeros((1, 8), np.uint8), empty, np.array(distances, np.float32)
    )


@pytest.mark.parametrize("rows", [1, 3, K, K + 1, 60])
def test_distances_are_those_of_scikit_learn(rows: int) -> None:
    ours, queries = neighbours(rows, 0), features(20, seed=2)
    oracle = NearestNeighbors(n_neighbors=min(K, rows), metric="cosine", algorithm="brute").fit(ours.features)
    distances, places = oracle.kneighbors(queries)
    assert ours.distances(queries) == pytest.approx(distances[:, -1], abs=1e-6)
    for query, wanted, rows_wanted in zip(queries, distances, places, strict=True):
        nearest = ours.nearest(query)
        assert [row for row, _ in nearest] == rows_wanted.tolist()
        assert [distance for _, distance in nearest] == pytest.approx(wanted, abs=1e-6)


def test_a_training_image_is_no_neighbour_of_itself() -> None:
    ours = neighbours(40, 10)
    oracle = NearestNeighbors(n_neighbors=K, metric="cosine", algorithm="brute").fit(ours.features)
    assert ours.training == pytest.approx(oracle.kneighbors()[0][:, -1], abs=1e-6)
    assert len(neighbours(1, 10).training) == 1


def test_the_cut_rests_on_validation_images_where_there_are_enough() -> None:
    few, many = neighbours(30, ENOUGH - 1), neighbours(30, ENOUGH)
    assert len(few.held_out) == len(few.training) == 30
    assert many.held_out is many.validation
    assert not len(many.training)


@given(st.integers(1, 400), st.floats(0.001, 0.5))
def test_the_cut_is_the_least_distance_that_keeps_its_share(number: int, rejection: float) -> None:
    distances = np.random.default_rng(number).permutation(np.linspace(0.1, 0.9, number).astype(np.float32))
    cut = with_distances(distances).cut(rejection)
    wanted = (number + 1) * (1 - rejection) - 1e-9
    enough = [distance for distance in np.sort(distances) if (distances <= distance).sum() >= wanted]
    assert cut == pytest.approx(enough[0] if enough else distances.max())


def test_a_new_image_of_the_same_kind_is_rejected_as_seldom_as_was_asked() -> None:
    generator = np.random.default_rng(0)
    rejected = [generator.gamma(2) > with_distances(generator.gamma(2, size=150)).cut(0.1) for _ in range(2000)]
    assert 0.08 < np.mean(rejected) < 0.12  # 0.1 less 1 in 151; three standard errors are 0.02


def test_nothing_is_unlike_where_that_is_turned_off_or_unknown() -> None:
    assert with_distances([0.1, 0.2]).cut(0.0) == NEVER
    assert with_distances([]).cut(0.01) == NEVER


def test_the_file_gives_the_same_distances_and_a_bounded_one_is_taken(tmp_path: Path) -> None:
    ours = neighbours(MAX_ROWS, ENOUGH)
    (tmp_path / "n.npz").write_bytes(ours.content())
    read = load_neighbours(tmp_path / "n.npz", 2)
    query = features(5, seed=3)
    assert (read.distances(query) == ours.distances(query)).all()
    assert (read.held_out == ours.held_out).all()
    assert (read.images == ours.images).all() and (read.labels == ours.labels).all()


def changed(**arrays: Any) -> bytes:
    good = neighbours(10, 3)
    file = io.BytesIO()
    values: dict[str, Any] = {
        "features": good.features.astype(np.float16),
        "labels": good.labels,
        "images": good.images,
    }
    values |= {"validation": good.validation, "training": good.training} | arrays
    np.savez(file, allow_pickle=True, **{name: value for name, value in values.items() if value is not None})
    return file.getvalue()


def flipped() -> bytes:
    content = bytearray(changed())
    content[2000] ^= 4
    return bytes(content)


WRONG: dict[str, Any] = {
    "no zip": b"\x93NUMPY",
    "empty": b"",
    "a bit of a feature is flipped": flipped(),
    "an array is missing": changed(training=None),
    "pickled objects": changed(labels=np.array([{}] * 10, object)),
    "another type": changed(features=features(10)),
    "another width": changed(features=features(10)[:, :640].astype(np.float16)),
    "labels of fewer rows": changed(labels=np.zeros(9, np.int64)),
    "a label that is no class": changed(labels=np.full(10, 2)),
    "a negative label": changed(labels=np.full(10, -1)),
    "no rows": changed(
        features=np.empty((0, FEATURES), np.float16), labels=np.empty(0, np.int64), images=np.empty((0, 8), np.uint8)
    ),
    "not a number": changed(features=np.full((10, FEATURES), np.nan, np.float16)),
    "not of length 1": changed(features=(2 * features(10)).astype(np.float16)),
    "an infinite distance": changed(validation=np.full(3, np.inf, np.float32)),
    "distances in two dimensions": changed(training=np.zeros((5, 2), np.float32)),
    "too many rows": changed(
        features=np.zeros((MAX_ROWS + 100, FEATURES), np.float16),
        labels=np.zeros(MAX_ROWS + 100, np.int64),
        images=np.zeros((MAX_ROWS + 100, 8), np.uint8),
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_file_that_is_not_ours_is_refused(tmp_path: Path, what: str) -> None:
    (tmp_path / "n.npz").write_bytes(changed())
    load_neighbours(tmp_path / "n.npz", 2)
    (tmp_path / "n.npz").write_bytes(WRONG[what])
    with pytest.raises((OSError, KeyError, ValueError)):
        load_neighbours(tmp_path / "n.npz", 2)


def test_a_feature_map_is_averaged_over_its_places_and_a_blank_one_is_far_from_all() -> None:
    maps = np.random.default_rng(0).gamma(1, size=(2, 5, 5, FEATURES)).astype(np.float32)
    maps[1] = 0
    pooled = averaged(maps)
    assert np.linalg.norm(pooled[0]) == pytest.approx(1, abs=1e-6)
    assert pooled[0] == pytest.approx(maps[0].reshape(25, -1).mean(axis=0) / np.linalg.norm(maps[0].mean(axis=(0, 1))))
    assert neighbours(9, 0).distances(pooled)[1] == 1
