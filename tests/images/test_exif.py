"""EXIF as words, from files that Pillow wrote, and no harm from files that nobody should write."""

import contextlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from core.errors import ImageError
from core.images.decode import read_exif
from core.images.exif import MAX_LENGTH, Exif
from core.text.lines import one_line
from tests.drawing import image_bytes


def written(format: str = "JPEG", **first: object) -> bytes:
    """An image with EXIF: `first` gives tags of the first directory as t010F="Canon"."""
    exif = Image.Exif()
    for name, value in first.items():
        exif[int(name[1:], 16)] = value
    return image_bytes(format=format, exif=exif)


def with_position() -> bytes:
    exif = Image.Exif()
    gps = exif.get_ifd(0x8825)
    gps.update({1: "N", 2: (48.0, 51.0, 29.88), 3: "W", 4: (2.0, 17.0, 40.2), 6: 35.0})
    details = exif.get_ifd(0x8769)
    details.update({0x829A: IFDRational(1, 250), 0x829D: IFDRational(28, 10), 0x9003: "2024:05:01 10:30:00"})
    return image_bytes(exif=exif)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_format_that_can_carry_tags_is_read(format: str) -> None:
    facts = read_exif(written(format, t010F="Canon", t0110="EOS 5D", t0112=6)).facts
    assert facts["Camera maker"] == "Canon"
    assert facts["Camera model"] == "EOS 5D"
    assert facts["Orientation as stored"] == "turned by 90°"


def test_numbers_come_with_their_units_as_photographers_write_them() -> None:
    facts = read_exif(with_position()).facts
    assert (facts["Exposure"], facts["Aperture"], facts["Taken"]) == ("1/250 s", "f/2.8", "2024-05-01 10:30:00")


def test_the_place_is_given_in_degrees() -> None:
    exif = read_exif(with_position())
    assert exif.position == exif.facts["Position"] == "48.85830° N, 2.29450° W"
    assert exif.facts["Altitude"] == "35 m"


def test_a_image_without_tags_has_no_facts() -> None:
    assert read_exif(image_bytes()) == Exif()


def test_text_is_one_short_line_without_characters_that_play_tricks() -> None:
    text = read_exif(written(t010E=("a\n\x1b[31mb\u202egpj.exe" + "é" * 1000).encode())).facts["Title"]
    assert text.startswith("a [31mbgpj.exe")
    assert len(text) == MAX_LENGTH
    assert text == one_line(text)


def block(entries: bytes, number: int, more: bytes = b"") -> bytes:
    """A JPEG with these entries as the first directory of its EXIF, at offset 8, and `more` behind it."""
    tags = b"Exif\0\0II*\0" + struct.pack("<LH", 8, number) + entries + b"\0" * 4 + more
    return image_bytes(exif=tags)


def test_a_directory_that_is_its_own_child_ends() -> None:
    assert read_exif(block(struct.pack("<HHLL", 0x8769, 4, 1, 8), 1)) == Exif(block=True)


def test_a_count_beyond_the_block_is_left_out_and_the_rest_is_read() -> None:
    entries = struct.pack("<HHLL", 0x010F, 2, 2**32 - 1, 8) + struct.pack("<HHL4s", 0x0131, 2, 4, b"abc\0")
    assert read_exif(block(entries, 2)).facts == {"Software": "abc"}


def test_a_division_by_zero_is_no_exposure() -> None:
    details = struct.pack("<HHHLLL", 1, 0x829A, 5, 1, 44, 0) + struct.pack("<LL", 1, 0)
    assert read_exif(block(struct.pack("<HHLL", 0x8769, 4, 1, 26), 1, details)).facts == {}


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_comment_is_read_in_the_encoding_that_it_names(order: str) -> None:
    text = "Grüße aus Żyrardów"
    value = b"UNICODE\0" + text.encode("utf-16-le" if order == "<" else "utf-16-be")
    head = b"II*\0" if order == "<" else b"MM\0*"
    pointer = struct.pack(order + "LHHHLLL", 8, 1, 0x8769, 4, 1, 26, 0)
    details = struct.pack(order + "HHHLLL", 1, 0x9286, 7, len(value), 44, 0)
    assert read_exif(image_bytes(exif=b"Exif\0\0" + head + pointer + details + value)).facts == {"Comment": text}


def test_text_is_read_as_utf_8_or_else_as_latin_1() -> None:
    assert read_exif(written(t010E="Łódź".encode())).facts["Title"] == "Łódź"
    assert read_exif(written(t010E="café".encode("latin-1"))).facts["Title"] == "café"


def test_numbers_of_position_tags_elsewhere_are_no_position() -> None:
    """Only the position's own directory says where an image was taken."""
    entries = struct.pack("<HHL4s", 1, 2, 2, b"N\0\0\0") + struct.pack("<HHLL", 2, 5, 3, 66)
    entries += struct.pack("<HHL4s", 3, 2, 2, b"E\0\0\0") + struct.pack("<HHLL", 4, 5, 3, 66)
    assert read_exif(block(entries, 4, struct.pack("<LLLLLL", 1, 1, 1, 1, 1, 1))).position == ""


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_whatever_a_file_holds_facts_are_short_printable_text(data: st.DataObject) -> None:
    content = bytearray(with_position())
    for _ in range(data.draw(st.integers(1, 12))):
        content[data.draw(st.integers(2, 400))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    with contextlib.suppress(ImageError):
        for words, text in read_exif(bytes(content[:cut])).facts.items():
            assert text == one_line(text)
            assert len(words + text) < 2 * MAX_LENGTH


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=300), st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]))
def test_random_bytes_do_no_harm(content: bytes, head: bytes) -> None:
    read_exif(image_bytes(exif=b"Exif\0\0" + head + content))
    with contextlib.suppress(ImageError):
        read_exif(head + content)
