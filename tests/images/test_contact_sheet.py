"""The preview sheet: where each image lies, how large the sheet is, what fills the rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.images.contact_sheet import compose


def flat(value: int, size: int = 3) -> np.ndarray:
    return np.full((size, size, 3), value, np.uint8)


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(0, 4), min_size=1, max_size=4).filter(any),
    size=st.integers(1, 5),
)
def test_each_image_lies_at_its_place_and_the_rest_is_background(lengths: list[int], size: int) -> None:
    numbers = iter(range(100, 200))
    rows = [[flat(next(numbers), size) for _ in range(length)] for length in lengths]

    sheet = compose(rows)

    assert sheet.dtype == np.uint8
    assert sheet.shape == (len(rows) * size, max(lengths) * size, 3)
    left_over = np.ones(sheet.shape[:2], bool)
    for top, row in enumerate(rows):
        for left, image in enumerate(row):
            place = np.s_[top * size : (top + 1) * size, left * size : (left + 1) * size]
            assert (sheet[place] == image).all()
            left_over[place] = False
    assert (sheet[left_over] == 255).all()


def test_images_keep_their_orientation_and_colours() -> None:
    image = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)

    assert (compose([[flat(0), image]])[:, 3:] == image).all()


@pytest.mark.parametrize("rows", [[], [[]], [[flat(1, 3), flat(2, 4)]]], ids=["nothing", "empty row", "two sizes"])
def test_no_image_or_two_sizes_are_refused(rows: list[list[np.ndarray]]) -> None:
    with pytest.raises(ValueError, match="one shape"):
        compose(rows)
