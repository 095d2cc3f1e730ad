"""EXIF as words, from files that Pillow wrote, and no harm from files that nobody should write."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from core.datasets.exif import MAX_LENGTH, Exif, read_exif
from tests.drawing import image_bytes


def written(format: str = "JPEG", **first: object) -> bytes:
    """A picture with EXIF: `first` gives tags of the first directory as t010F="Canon"."""
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


def test_a_picture_without_tags_has_no_facts() -> None:
    assert read_exif(image_bytes()) == read_exif(b"") == read_exif(b"<html>") == Exif()


def test_text_is_one_short_line_without_characters_that_play_tricks() -> None:
    text = read_exif(written(t010E=("a\n\x1b[31mb\u202egpj.exe" + "é" * 1000).encode())).facts["Title"]
    assert text.startswith("a [31mb gpj.exe")
    assert len(text) == MAX_LENGTH
    assert text.isprintable()


def test_a_directory_that_is_its_own_child_ends() -> None:
    block = b"II*\0" + struct.pack("<L", 8) + struct.pack("<HHHLLL", 1, 0x8769, 4, 1, 8, 0)
    assert read_exif(block) == Exif()


def test_a_count_beyond_the_block_is_left_out_and_the_rest_is_read() -> None:
    entries = struct.pack("<HHLL", 0x0112, 3, 2**32 - 1, 8) + struct.pack("<HHL4s", 0x0131, 2, 4, b"abc\0")
    assert read_exif(b"II*\0" + struct.pack("<LH", 8, 2) + entries).facts == {"Software": "abc"}


def test_a_division_by_zero_is_no_exposure() -> None:
    details = struct.pack("<H", 1) + struct.pack("<HHLL", 0x829A, 5, 1, 40) + struct.pack("<LL", 1, 0)
    block = b"II*\0" + struct.pack("<L", 8) + struct.pack("<HHHLL", 1, 0x8769, 4, 1, 26) + b"\0" * 4 + details
    assert read_exif(block).facts == {}


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_whatever_a_file_holds_facts_are_short_printable_text(data: st.DataObject) -> None:
    content = bytearray(with_position())
    for _ in range(data.draw(st.integers(1, 12))):
        content[data.draw(st.integers(2, 400))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    for words, text in read_exif(bytes(content[:cut])).facts.items():
        assert text.isprintable()
        assert len(words + text) < 2 * MAX_LENGTH


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=300), st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]))
def test_random_bytes_do_no_harm(content: bytes, head: bytes) -> None:
    read_exif(head + content)
    read_exif(b"\xff\xd8" + content)
    read_exif(b"\x89PNG\r\n\x1a\n" + content)
    read_exif(b"RIFF\0\0\0\0WEBP" + content)
