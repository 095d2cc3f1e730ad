"""Counting frames: Pillow's own count is the oracle, and what is broken behind the first frame fails no image."""

import contextlib
import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.errors import ImageError
from core.images.decode import MAX_FRAMES, inspect_image
from tests.drawing import draw_image, encode, image_bytes
from tests.hostile import odd_files


def animation(format: str, frames: int, **options: Any) -> bytes:
    first, *others = [draw_image(seed, (9, 7)) for seed in range(frames)]
    return encode(first, format, save_all=True, append_images=others, **options)


def frames_of(content: bytes) -> int:
    return inspect_image(content)[0].frames


@pytest.mark.parametrize("frames", [1, 2, 5, 40])
@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_frames_are_counted_as_pillow_does(format: str, frames: int) -> None:
    content = animation(format, frames)
    with Image.open(io.BytesIO(content)) as image:
        assert frames_of(content) == getattr(image, "n_frames", 1) == frames


@pytest.mark.parametrize("options", [{"loop": 3}, {"disposal": 2, "transparency": 0}, {"comment": b"x" * 700}])
def test_what_a_gif_holds_beside_frames_is_stepped_over(options: dict[str, Any]) -> None:
    assert frames_of(animation("GIF", 3, **options)) == 3


def test_pages_of_a_big_tiff_are_counted() -> None:
    assert frames_of(animation("TIFF", 3, big_tiff=True)) == 3


def test_pages_in_the_other_byte_order_are_counted() -> None:
    tags = {256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: 1, 339: 1}
    table = struct.pack(">H", len(tags)) + b"".join(struct.pack(">HHLL", tag, 4, 1, tags[tag]) for tag in tags)
    first = 10 + len(table) + 4
    content = b"MM\0*" + struct.pack(">L", 10) + b"\7\0" + table + struct.pack(">L", first) + table + b"\0\0\0\0"
    assert frames_of(content) == 2


@pytest.mark.parametrize("format", ["JPEG", "MPO", "BMP"])
def test_stills_have_one_frame(format: str) -> None:
    options: dict[str, Any] = {"save_all": True, "append_images": [draw_image(1)]} if format == "MPO" else {}
    assert frames_of(image_bytes(format=format, **options)) == 1


def test_a_circle_of_pages_ends() -> None:
    content = bytearray(animation("TIFF", 2))
    first = struct.unpack_from("<L", content, 4)[0]
    at = first
    while True:  # to the last page's link
        link = at + 2 + 12 * struct.unpack_from("<H", content, at)[0]
        if not (following := struct.unpack_from("<L", content, link)[0]):
            break
        at = following
    struct.pack_into("<L", content, link, first)
    assert frames_of(bytes(content)) == 2


def test_thousands_of_gif_frames_are_called_a_thousand() -> None:
    still = image_bytes(format="GIF", size=(2, 2))
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\1\0\0"
    assert frames_of(still[:-1] + frame * 20_000) == MAX_FRAMES


def test_of_millions_of_pages_only_the_first_are_looked_at() -> None:
    """Each page of `directories.tif` is a directory of 122 bytes."""
    content = odd_files()["directories.tif"]
    assert len(content) > 122 * 10 * MAX_FRAMES
    assert frames_of(content) == MAX_FRAMES


def test_an_image_whose_second_frame_is_broken_has_one_that_can_be_used() -> None:
    content = bytearray(animation("TIFF", 2))
    first = struct.unpack_from("<L", content, 4)[0]
    link = first + 2 + 12 * struct.unpack_from("<H", content, first)[0]
    struct.pack_into("<L", content, link, 2**31)
    assert frames_of(bytes(content)) == 1


@given(st.sampled_from(["GIF", "TIFF", "PNG", "WEBP"]), st.data())
def test_a_changed_byte_never_breaks_the_count(format: str, data: st.DataObject) -> None:
    content = bytearray(animation(format, 3))
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ImageError):
        assert 1 <= frames_of(bytes(content)) <= MAX_FRAMES
