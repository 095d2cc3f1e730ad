import numpy as np
import pytest
from numpy.typing import NDArray

from core.datasets.quality import candidates
from core.datasets.quality.candidates import MOST, SECOND, find_candidates
from core.datasets.quality.signature import LENGTH, signature, stack
from core.errors import Cancelled
from tests.datasets.look_alike_files import drawing, small_grey


def unrelated(number: int) -> NDArray[np.int8]:
    """Signatures that have nothing in common."""
    stacked = np.random.default_rng(0).integers(-127, 128, (number, LENGTH), dtype=np.int8)
    stacked[:, 0] = 60
    return stacked


def test_a_pair_is_found_across_blocks() -> None:
    stacked = unrelated(2 * candidates._COLUMNS + 300)
    planted = [(3, len(stacked) - 1), (candidates._ROWS, candidates._ROWS - 1), (5, candidates._COLUMNS)]
    for first, second in planted:
        stacked[second] = stacked[first]
    found = find_candidates(stacked)
    assert {tuple(pair) for pair in found.pairs.tolist()} == {(min(pair), max(pair)) for pair in planted}
    assert found.similarities == pytest.approx(1, abs=1e-5)
    assert not found.mirrored.any()


def test_a_mirrored_copy_is_said_to_be_mirrored() -> None:
    greys = [small_grey(drawing(number)) for number in range(20)]
    found = find_candidates(stack(signature(grey) for grey in [*greys, np.ascontiguousarray(greys[4][:, ::-1])]))
    pairs = {tuple(pair): bool(mirrored) for pair, mirrored in zip(found.pairs.tolist(), found.mirrored, strict=True)}
    assert pairs[4, 20]


def test_each_pair_comes_once_and_the_most_alike_first() -> None:
    stacked = stack(signature(small_grey(drawing(number))) for number in range(150))
    found = find_candidates(stacked)
    assert len(found.pairs) > 0
    assert len({tuple(pair) for pair in found.pairs.tolist()}) == len(found.pairs)
    assert (found.pairs[:, 0] < found.pairs[:, 1]).all()
    assert (np.diff(found.similarities) <= 0).all()
    assert found.similarities.min() >= SECOND


def test_no_image_has_more_than_its_share_where_all_look_alike() -> None:
    noise = np.random.default_rng(1).integers(-2, 3, (1500, LENGTH))
    stacked = (stack([signature(small_grey(drawing(1)))]) // 2 + noise).astype(np.int8)
    stacked[:, 0] = 60
    found = find_candidates(stacked)
    assert 1500 < len(found.pairs) <= 1500 * MOST


def test_flat_images_are_no_candidates() -> None:
    stacked = np.repeat(unrelated(1), 10, axis=0)
    stacked[:5, 0] = 2
    assert set(find_candidates(stacked).pairs.ravel()) == set(range(5, 10))
    stacked[:, 0] = -100  # which no signature has
    assert len(find_candidates(stacked).pairs) == 0


def test_nothing_in_nothing_out() -> None:
    found = find_candidates(stack([]))
    assert found.pairs.shape == (0, 2)
    assert len(found.similarities) == len(found.mirrored) == 0


def test_cancelled_between_blocks() -> None:
    def progress(phase: str, done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        find_candidates(unrelated(600), progress)
