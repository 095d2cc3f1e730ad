import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from core.datasets.quality.candidates import MIN_DETAIL
from core.datasets.quality.signature import (
    EVEN,
    LENGTH,
    coefficients,
    cropped,
    details,
    signature,
    signatures,
    similarity,
    stack,
    vectors,
)
from tests.datasets.look_alike_files import drawing, small_grey
from tests.drawing import draw_image

GREYS = arrays.arrays(np.uint8, st.tuples(st.integers(1, 64), st.integers(1, 64)))


def vectors_of(*greys: NDArray[np.uint8]) -> NDArray[np.float32]:
    return vectors(coefficients(stack(signature(grey) for grey in greys)))


def alike(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    one, other = vectors_of(first, second)
    return float(one @ other)


@given(GREYS)
def test_any_shape_gives_a_signature_of_the_same_length(grey: NDArray[np.uint8]) -> None:
    assert len(signature(grey)) == LENGTH <= 96
    assert np.isfinite(vectors_of(grey)).all()


@given(arrays.arrays(np.uint8, st.tuples(st.integers(8, 64), st.integers(8, 64)), elements=st.integers(0, 255)))
def test_the_mirrored_image_differs_by_the_sign_of_the_tail(grey: NDArray[np.uint8]) -> None:
    one, mirrored = vectors_of(grey, np.ascontiguousarray(grey[:, ::-1]))
    assert one[:EVEN] == pytest.approx(mirrored[:EVEN], abs=0.02)
    assert one[EVEN:] == pytest.approx(-mirrored[EVEN:], abs=0.02)


@pytest.mark.parametrize("number", range(6))
def test_light_and_size_hardly_matter(number: int) -> None:
    image = drawing(number)
    grey = small_grey(image)
    assert alike(grey, (grey * 0.7 + 40).astype(np.uint8)) > 0.99
    assert alike(grey, small_grey(image.resize((image.width // 3, image.height // 3)))) > 0.97


def test_other_images_are_told_apart() -> None:
    found, _ = similarity(*[vectors_of(*(small_grey(drawing(number)) for number in range(40)))] * 2)
    np.fill_diagonal(found, 0)
    assert np.median(found) < 0.5
    assert found.max() < 0.97


@pytest.mark.parametrize("number", range(6))
def test_a_crop_is_foreseen(number: int) -> None:
    image = drawing(number)
    part = image.crop((0.1 * image.width, 0.04 * image.height, image.width, 0.9 * image.height))
    whole = coefficients(stack([signature(small_grey(image))]))
    found = vectors_of(small_grey(part))[0]
    foreseen = float(found @ vectors(cropped(whole, (0.1, 0), (0.04, 0.1)))[0])
    assert foreseen > 0.93
    assert foreseen > float(found @ vectors(whole)[0])


def test_a_crop_of_nothing_changes_nothing() -> None:
    whole = coefficients(stack([signature(small_grey(drawing(1)))]))
    assert cropped(whole, (0, 0), (0, 0)) == pytest.approx(whole, abs=1e-3)


def test_similarity_is_of_the_better_side() -> None:
    grey, other = small_grey(drawing(1)), small_grey(drawing(2))
    found = vectors_of(grey, np.ascontiguousarray(grey[:, ::-1]), other)
    values, sides = similarity(found, found)
    assert values == pytest.approx(values.T, abs=1e-5)
    assert values[0, 1] == pytest.approx(1, abs=0.01)
    assert sides[0, 0] > 0 > sides[0, 1]
    plain, mirrored = found[0] @ found[2], found[1] @ found[2]
    assert values[0, 2] == pytest.approx(max(plain, mirrored), abs=0.02)


def test_similarity_is_the_same_in_used_memory() -> None:
    found = vectors_of(*(small_grey(drawing(number)) for number in range(5)))
    used = np.full((3, 100), np.nan, np.float32)
    for ours, fresh in zip(similarity(found[:3], found, used), similarity(found[:3], found), strict=True):
        assert (ours == fresh).all()


def test_a_signature_of_another_length_resembles_nothing() -> None:
    good = signature(small_grey(drawing(1)))
    stacked = stack([good, b"", good[:-1], good + b"x"])
    values, _ = similarity(vectors(coefficients(stacked)), vectors(coefficients(stacked)))
    assert values[0, 0] == pytest.approx(1, abs=1e-4)
    assert not values[0, 1:].any() and not values[1:].any()
    assert not details(stacked)[1:].any()


@pytest.mark.parametrize("grey", [0, 7, 255])
def test_a_flat_image_has_no_detail(grey: int) -> None:
    stacked = stack([signature(np.full((40, 64), grey, np.uint8))])
    assert details(stacked)[0] == 0
    assert not vectors(coefficients(stacked)).any()


def test_a_gradient_has_less_detail_than_a_image() -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    found = details(stack([signature(np.tile(ramp, (48, 1))), signature(small_grey(drawing(1)))]))
    assert found[0] < MIN_DETAIL < found[1]


def test_detail_is_of_the_image_not_of_its_size() -> None:
    image = draw_image(3, (64, 64))
    found = details(stack(signature(small_grey(image.resize((side, side), Image.Resampling.BOX))) for side in (64, 32)))
    assert found[0] == pytest.approx(found[1], abs=1)


def test_signatures_of_a_batch_are_those_of_each_alone() -> None:
    sizes = [(64, 48), (50, 64), (64, 48), (9, 7)]
    greys = [small_grey(drawing(number).resize(size)) for number, size in enumerate(sizes)]
    assert signatures(greys) == [signature(grey) for grey in greys]
    assert signatures([]) == []
