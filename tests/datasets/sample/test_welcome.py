"""The drawings on the first page: the same for everybody, small, and no two alike."""

import io

from PIL import Image

from core.datasets.sample.welcome import SIDE, welcome_drawings


def test_they_are_small_jpegs_of_cats_and_dogs_in_turn_no_two_alike() -> None:
    drawings = welcome_drawings()
    assert [drawing.species for drawing in drawings] == ["cat", "dog"] * 4
    assert len({drawing.content for drawing in drawings}) == 8
    assert sum(len(drawing.content) for drawing in drawings) < 100_000, "they go to every newcomer's browser"
    for drawing in drawings:
        with Image.open(io.BytesIO(drawing.content)) as image:
            assert image.format == "JPEG"
            assert image.size == (SIDE, SIDE)
    welcome_drawings.cache_clear()
    assert welcome_drawings() == drawings, "another server draws others"
