"""A TIFF's directory is limited before Pillow and libtiff read it, and what programs write stays within the limits."""

import contextlib
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core import tiff as limits
from core.errors import ImageError
from core.images import decode_image, inspect_image
from core.tiff import check_tiff
from tests.drawing import draw_image, encode, image_bytes
from tests.hostile_floods import LONG, RATIONAL, UNDEFINED, behind, tiff

PACKED = {259: (LONG, 1, 32_773)}


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("compression", ["raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_a_strip_for_each_few_rows_is_read(compression: str, big: bool) -> None:
    image = draw_image(size=(40, 2000))
    content = encode(image, "TIFF", compression=compression, strip_size=120, big_tiff=big)
    assert np.abs(decode_image(content).astype(int) - np.asarray(image)).max() <= (60 if compression == "jpeg" else 0)


def test_ninety_thousand_strips_are_read() -> None:
    """A picture of 30,000 rows with a strip for each row of each colour has as many; here in one column of grey."""
    number = 90_000
    parts = {257: (LONG, 1, number), 273: (LONG, number, 0), 279: (LONG, number, 0)}
    at = behind(parts)
    parts |= {273: (LONG, number, at), 279: (LONG, number, at + 4 * number)}
    places = np.arange(at + 8 * number, at + 9 * number, dtype="<u4").tobytes()
    content = tiff(parts, places + np.ones(number, "<u4").tobytes() + bytes([7]) * number)
    assert (decode_image(content) == 7).all()


def test_exif_and_its_position_are_let_through() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2024:05:01 10:30:00"
    exif.get_ifd(0x8825)[2] = (1.0, 2.0, 3.0)
    inspect_image(encode(draw_image(), "TIFF", exif=exif))


@pytest.mark.parametrize("name", ["MAX_ENTRIES", "MAX_PARTS", "MAX_NUMBERS"])
def test_a_limit_is_what_is_allowed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = encode(draw_image(size=(30, 20)), "TIFF", compression="packbits", strip_size=90)  # 20 strips
    (at,) = struct.unpack_from("<L", content, 4)
    (entries,) = struct.unpack_from("<H", content, at)
    kinds = [struct.unpack_from("<HHL", content, at + 2 + 12 * number) for number in range(entries)]
    numbers = sum(count for _, kind, count in kinds if kind not in (1, 2, 7))
    most = {"MAX_ENTRIES": entries, "MAX_PARTS": 20, "MAX_NUMBERS": numbers}[name]
    monkeypatch.setattr(limits, name, most)
    check_tiff(content)
    monkeypatch.setattr(limits, name, most - 1)
    with pytest.raises(ImageError):
        check_tiff(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            tiff(PACKED | {256: (LONG, 1, 400), 257: (LONG, 1, 400), 322: (LONG, 1, 1), 323: (LONG, 1, 1)}),
            "160000 strips",
        ),
        (tiff({257: (LONG, 1, 50_000), 277: (LONG, 1, 3), 284: (LONG, 1, 2)}), "150000 strips"),
        (tiff({278: (RATIONAL, 1, 8)}, bytes(9)), "entry 278 .* kind 5"),
        (tiff({40_000 + number: (UNDEFINED, 100, 8) for number in range(20)}), "names 20"),
    ],
)
def test_the_reason_says_what_is_wrong(content: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        check_tiff(content)


def test_an_entry_that_is_there_twice_is_refused() -> None:
    """Pillow would go by the first and libtiff by another."""
    content = tiff({300: (LONG, 1, 1)})
    twice = content.replace(struct.pack("<HHL", 300, LONG, 1), struct.pack("<HHL", 257, LONG, 1))
    with pytest.raises(ImageError, match="257 twice"):
        check_tiff(twice)


def test_values_beyond_the_end_of_the_file_are_nobodys_numbers() -> None:
    """A broken entry of EXIF must not fail a good picture: parsers leave it out."""
    assert inspect_image(tiff({282: (RATIONAL, 2**30, 8)}, b"\0"))[0].width == 1


def test_directories_of_exif_that_lead_in_circles_end() -> None:
    circle = {34_665: (LONG, 1, 8), 34_853: (LONG, 1, 8)}
    inspect_image(tiff(circle, b"\0"))


def test_a_chain_of_directories_is_not_followed_for_ever() -> None:
    at = behind({34_665: (LONG, 1, 0)})
    chain = b"".join(struct.pack("<HHHLLL", 1, 40_965, LONG, 1, at + 18 * (link + 1), 0) for link in range(50))
    with pytest.raises(ImageError, match="more than 10 directories"):
        check_tiff(tiff({34_665: (LONG, 1, at)}, chain + bytes(18)))


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from([{}, {"big_tiff": True}, {"compression": "packbits"}]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), max_size=5),
)
def test_damage_gives_an_image_error_or_nothing(options: dict[str, Any], damage: list[tuple[float, bytes]]) -> None:
    content = bytearray(image_bytes(size=(5, 4), format="TIFF", **options))
    for place, values in damage:
        at = int(place * len(content))
        content[at : at + len(values)] = values
    with contextlib.suppress(ImageError):
        check_tiff(bytes(content))
