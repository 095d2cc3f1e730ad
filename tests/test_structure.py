"""A file's parts are counted before a parser sees it: what is refused, what is let through, and that counting ends.

Work is measured in lines of Python that run, memory by the system in a child: no clock.
"""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL.JpegImagePlugin import JpegImageFile
from PIL.WebPImagePlugin import WebPImageFile

from core import images, structure, tiff
from core.errors import ImageError
from core.images import decode_image, inspect_image
from core.structure import check_structure
from tests import hostile_floods as flood
from tests.drawing import image_bytes
from tests.hostile import vp8l

FLOODS = flood.floods()
MB = 2**20


@pytest.mark.parametrize("name", FLOODS)
def test_no_parser_sees_a_flood(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr(images, "_PARSERS", [(magic, never) for magic, _ in images._PARSERS])
    with pytest.raises(ImageError) as caught:
        inspect_image(FLOODS[name])
    assert "damaged" not in caught.value.received
    assert "Expected" in str(caught.value)


def lines(content: bytes) -> int:
    """How many lines of `core.structure` and `core.tiff` run until the file is refused."""
    run = 0

    def trace(frame: Any, event: str, _: object) -> Any:
        nonlocal run
        if frame.f_code.co_filename not in (structure.__file__, tiff.__file__):
            return None
        run += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with pytest.raises(ImageError):
            check_structure(content)
    finally:
        sys.settrace(before)
    return run


@pytest.mark.parametrize(
    "part",
    [
        lambda number: flood.segments(1000 * number),
        lambda number: flood.segments(1, b"\xff\xfe\0\2" + bytes(40_000 * number)),
        lambda number: flood.segments(1, b"\xff" * (40_000 * number)),
        lambda number: flood.segments(10 * number, b"\xff\xe1\xff\xffExif\0\0" + bytes(65_527)),
        lambda number: flood.chunks(1000 * number),
        lambda number: flood.chunks(600_000 * number, b"IDAT", b""),
        lambda number: flood.blocks(b"!\xfe\0" * (60_000 * number)),
        lambda number: flood.blocks(b"!\xfe" + b"\1x" * (60_000 * number) + b"\0"),
        lambda number: flood.blocks(bytes(40_000 * number)),
        lambda number: flood.tiff({300 + tag: (1, 1, 0) for tag in range(600 * number)}, big=True),
        lambda number: flood.tiff({273: (4, 60_000 * number, 8)}),
    ],
    ids=[
        "segments",
        "stray",
        "padding",
        "exif",
        "chunks",
        "pieces",
        "extensions",
        "comment",
        "gif",
        "entries",
        "strips",
    ],
)
def test_a_longer_flood_is_no_more_work(part: Any) -> None:
    assert lines(part(8)) == lines(part(2))


CHILD = """
import sys
from pathlib import Path
from core.errors import ImageError
from core.images import inspect_image
from tests.hostile import bad_files
def peak(): return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) * 1024
contents = [content for name, content in bad_files().items() if name.endswith(sys.argv[1])]
before = peak()
for content in contents:
    try:
        inspect_image(content)
    except ImageError:
        pass
print(len(contents), peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system tells a child's own peak of memory there")
@pytest.mark.parametrize("ending", [".jpg", ".png", ".gif", ".bmp", ".webp", ".tif"])
def test_no_bad_file_takes_memory(ending: str) -> None:
    """A TIFF of 122 bytes took 760 MB, a WebP of 32 bytes 1.3 GB."""
    child = [sys.executable, "-c", CHILD, ending]
    done = subprocess.run(child, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=100, check=True)
    number, more = map(int, done.stdout.split())
    assert number > 2
    assert more < 32 * MB


# --- what is let through ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        flood.segments(900),
        flood.segments(200, b"\xff\xe2\xff\xffICC_PROFILE\0" + bytes(65_521)),  # 13 MB
        flood.segments(1, b"\xff\xfe\0\2" + bytes(60_000)),
        flood.segments(1, b"\xff" * 60_000),
        flood.chunks(900),
        flood.chunks(30_000, b"IDAT", b""),
        flood.blocks(b"!\xff\x0bXMP DataXMP" + (b"\xff" + bytes(255)) * 20_000 + b"\0"),  # 5 MB
    ],
    ids=["segments", "profile", "stray", "padding", "chunks", "pieces", "xmp"],
)
def test_ten_times_what_real_pictures_have_is_read(content: bytes) -> None:
    assert decode_image(content).shape == (16, 16, 3)


def test_scans_behind_the_only_one_of_a_plain_jpeg_are_not_counted() -> None:
    """They are of other pictures in the file, as phones write them."""
    content = image_bytes(size=(16, 16))
    assert decode_image(content + b"\xff\xda" * 200).shape == (16, 16, 3)


def test_a_plain_jpeg_that_sends_its_colours_apart_is_counted() -> None:
    content = image_bytes(size=(16, 16))
    at = content.index(b"\xff\xda") + 4
    apart = content[:at] + b"\1" + content[at + 1 :]
    with pytest.raises(ImageError, match="201 passes"):
        check_structure(apart + b"\xff\xda" * 200)


# --- the walks go where Pillow goes ----------------------------------------------------------------------------------

BETWEEN = st.sampled_from([b"", b"", b"\xff", b"\xff\xff\xff", b"\0\1stray\xff\0more", b"\xff\0", b"\xff\xff\0"])
SEGMENT = st.sampled_from(
    [b"\xff\xfe\0\2", b"\xff\xfe\0\1", b"\xff\xe1\0\6\xff\xda\xff\xd9", b"\xff\xd0", b"\xff\xf0", b"\xff\xd8"]
)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(BETWEEN, SEGMENT), min_size=1, max_size=30))
def test_segments_are_counted_as_pillow_finds_them(parts: list[tuple[bytes, bytes]]) -> None:
    """One fewer is allowed than there are: the last must be found, whatever is on the way."""
    content = flood.segments(1, b"\xff\xfe\0\2" + b"".join(between + segment for between, segment in parts))
    with JpegImageFile(io.BytesIO(content)) as image:
        assert image.size == (16, 16)
    own = 1 + segments_of(image_bytes(1, (16, 16)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structure, "MAX_SEGMENTS", own + len(parts))
        check_structure(content)
        patch.setattr(structure, "MAX_SEGMENTS", own + len(parts) - 1)
        with pytest.raises(ImageError, match="segments"):
            check_structure(content)


def segments_of(content: bytes) -> int:
    """Of a JPEG without stray bytes."""
    at, number = 2, 0
    while content[at + 1] != 0xDA:
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        number += 1
    return number


@pytest.mark.parametrize(
    ("content", "limit", "most"),
    [
        (flood.chunks(50), "MAX_OTHER_CHUNKS", 51),  # and IHDR
        (flood.chunks(50, b"IDAT", b""), "MAX_PIXEL_CHUNKS", 51),
        (flood.chunks(50, b"iTXt", b"a\0\0\0\0\0b"), "MAX_COMPRESSED_CHUNKS", 50),
        (flood.blocks(b"!\xfe\1x\0" * 25), "MAX_BLOCKS", 50),
        (flood.blocks(b"!\xf9\4\0\0\0\0\0" + bytes(50)), "MAX_STRAY_BYTES", 50),
        (flood.runs(8, 8, b"\x08\x12\0\0" * 8), "MAX_RUN_PIXELS", 64),
    ],
)
def test_a_limit_is_what_is_allowed(content: bytes, limit: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structure, limit, most)
    inspect_image(content)
    monkeypatch.setattr(structure, limit, most - 1)
    with pytest.raises(ImageError):
        check_structure(content)


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"MM\0*", b"II+\0"]),
    st.binary(max_size=120),
)
def test_garbage_is_walked_over(magic: bytes, garbage: bytes) -> None:
    check_structure(magic + garbage)


# --- pixels of a WebP ------------------------------------------------------------------------------------------------


def test_a_webp_beyond_its_own_limit_is_refused_by_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(WebPImageFile, "load", never)
    with pytest.raises(ImageError, match=r"8100x8100 pixels.*WEBP of at most 65 million"):
        inspect_image(vp8l(8100, 8100))


def test_the_limit_of_a_webp_is_inclusive_and_is_not_that_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_WEBP_PIXELS", 64 * 48)
    inspect_image(image_bytes(format="WEBP"))
    inspect_image(image_bytes(format="PNG", size=(65, 48)))
    with pytest.raises(ImageError, match="65x48 pixels"):
        inspect_image(image_bytes(format="WEBP", size=(65, 48)))
