"""The decoder: one test a property, with Pillow's own functions or hand-made pixels as the oracle."""

import io
import os
import struct
import subprocess
import sys
import tracemalloc
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps
from PIL.WebPImagePlugin import WebPImageFile

from core.errors import ImageError, LargeImageError
from core.images import decode as images
from core.images import pixels as pixel_kinds
from core.images.crop import Crop
from core.images.decode import (
    MAGIC_BYTES,
    ImageFacts,
    begins_as_image,
    decode_image,
    inspect_image,
    load_image,
    load_views,
)
from core.images.limits import Limits
from core.jobs.process import PROJECT
from tests.drawing import draw_image, encode, image_bytes
from tests.hostile import vp8l

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
CROPS: tuple[Crop, ...] = get_args(Crop)
FUNCTIONS: tuple[Callable[[bytes | Path], Any], ...] = (
    inspect_image,
    decode_image,
    lambda source: decode_image(source, 20),
    lambda source: load_image(source, 16),
)


def reasons(source: bytes | Path) -> set[str]:
    """The reason that each of the functions refuses `source` with, "" for one that does not."""
    found = set()
    for function in FUNCTIONS:
        try:
            function(source)
            found.add("")
        except ImageError as error:
            found.add(error.received)
    return found


def like_keras(image: Image.Image, size: int, crop: Crop) -> np.ndarray:
    """What Keras' load_img makes of it, which tests/export/test_load_img.py asks itself."""
    side, box = min(image.size), (0, 0, *image.size)
    if crop == "center":
        left, top = (image.width - side) // 2, (image.height - side) // 2
        box = (left, top, left + side, top + side)
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box))


@pytest.mark.parametrize("crop", CROPS)
@pytest.mark.parametrize("size", [(100, 70), (70, 101), (40, 40)])
def test_load_image_agrees_with_keras_load_img(size: tuple[int, int], crop: Crop) -> None:
    image = draw_image(size=size)
    loaded = load_image(encode(image, "PNG"), 40, crop=crop)
    assert loaded.dtype == np.uint8
    np.testing.assert_array_equal(loaded, like_keras(image, 40, crop))


@pytest.mark.parametrize("crop", CROPS)
@pytest.mark.parametrize(("size", "most"), [((900, 511), 0), ((901, 700), 3), ((2049, 1751), 2)])
def test_load_image_of_a_jpeg_is_the_full_decode_or_close_to_it(size: tuple[int, int], most: int, crop: Crop) -> None:
    """Sides that are no multiple of 8: a reduced scale rounds them up, and the image would be shifted."""
    content = image_bytes(size=size, quality=95)
    full = like_keras(Image.open(io.BytesIO(content)), 64, crop)
    difference = np.abs(load_image(content, 64, crop=crop).astype(int) - full)
    assert difference.max() <= most
    square, _ = load_views(content, 64, 300, crop=crop)
    np.testing.assert_array_equal(square, load_image(content, 64, crop=crop))


def test_load_image_never_enlarges_a_reduced_jpeg() -> None:
    """A draft below the wanted size would lose detail: a one-pixel pattern has to survive at its own size."""
    pattern = np.zeros((64, 200), np.uint8)
    pattern[:, ::2] = 255
    content = encode(Image.fromarray(pattern), quality=100)
    assert load_image(content, 64).std() < load_image(content, 200).std() / 5
    assert load_image(content, 200).std() > 120


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_gives_the_images_pixels(format: str) -> None:
    image = draw_image()
    content = encode(image, format, **({"lossless": True} if format == "WEBP" else {}))
    tolerance = {"JPEG": 8, "GIF": 40}.get(format, 0)  # JPEG loses a little, GIF has 256 colours
    assert np.abs(decode_image(content).astype(int) - np.asarray(image)).max() <= tolerance
    assert inspect_image(content)[0] == ImageFacts(64, 48, format, "P" if format == "GIF" else "RGB")


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF", "MPO"])
def test_the_first_of_several_images_is_taken(format: str) -> None:
    red, blue = Image.new("RGB", (16, 16), (250, 0, 0)), Image.new("RGB", (16, 16), (0, 0, 250))
    content = encode(red, format, save_all=True, append_images=[blue])
    assert np.abs(decode_image(content).astype(int) - [250, 0, 0]).max() <= 4


def test_a_phones_image_of_several_is_a_jpeg_with_draft_scaling() -> None:
    content = image_bytes(format="MPO", size=(64, 48), save_all=True, append_images=[draw_image(1)])
    assert inspect_image(content)[0] == ImageFacts(64, 48, "JPEG", "RGB")
    assert decode_image(content, 32).shape == (24, 32, 3)


@pytest.mark.parametrize(
    ("size", "decoded"),
    [((640, 480), (320, 240)), ((480, 1030), (120, 258)), ((255, 200), (255, 200)), ((4000, 30), (500, 4))],
)
def test_inspecting_decodes_a_jpeg_at_the_smallest_scale_that_can_be_measured(
    size: tuple[int, int], decoded: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    real = ImageFile.ImageFile.load

    def watched(image: ImageFile.ImageFile) -> Any:
        seen.append((image.size, image.mode))
        return real(image)

    monkeypatch.setattr(ImageFile.ImageFile, "load", watched)
    assert inspect_image(image_bytes(size=size))[0] == ImageFacts(*size, "JPEG", "RGB")
    assert set(seen) == {(decoded, "L")}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF"])
@pytest.mark.parametrize("side", [1, 200, 240, 479, 480, 1000, 2600])
def test_the_grey_image_has_240_to_479_pixels_where_there_are_as_many(side: int, format: str) -> None:
    _, grey = inspect_image(image_bytes(size=(side, max(1, side // 2)), format=format))
    assert max(grey.size) == side if side < 480 else 240 <= max(grey.size) < 480
    assert grey.mode == "L"


@pytest.mark.parametrize("format", FORMATS)
def test_the_grey_image_is_the_one_that_is_looked_at(format: str) -> None:
    image = draw_image(3, (120, 90))
    grey = inspect_image(encode(image, format, **({"lossless": True} if format == "WEBP" else {})))[1]
    assert np.abs(np.asarray(grey).astype(int) - np.asarray(image.convert("L"))).max() <= (30 if format == "GIF" else 4)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_the_grey_image_is_on_white(mode: str) -> None:
    content = encode(Image.new(mode, (5, 5), (0, 0, 0, 51) if mode == "RGBA" else (0, 51)), "PNG")
    assert set(np.asarray(inspect_image(content)[1]).ravel().tolist()) == {204}


def test_a_transparent_grey_level_is_white_in_the_grey_image() -> None:
    content = encode(Image.new("L", (4, 4), 40), "PNG", transparency=40)
    assert set(np.asarray(inspect_image(content)[1]).ravel().tolist()) == {255}


@pytest.mark.parametrize("format", FORMATS)
def test_an_image_that_takes_more_memory_is_left_alone_and_says_how_much(
    format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = image_bytes(format=format)
    with pytest.raises(LargeImageError) as caught:
        inspect_image(content, Limits(memory=64 * 48))
    assert 64 * 48 < caught.value.memory < 64 * 48 * 20 + 2 * len(content) + 1
    assert inspect_image(content, Limits(memory=caught.value.memory))[0].width == 64
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: pytest.fail("decoded"))
    monkeypatch.setattr(WebPImageFile, "_open", lambda image: pytest.fail("its decoder was made"))
    with pytest.raises(LargeImageError):
        inspect_image(content, Limits(memory=caught.value.memory - 1))


def test_bytes_and_path_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a 'quoted'\nname \U0001f436 \u202etxt.jpg"
    path.write_bytes(image_bytes())
    np.testing.assert_array_equal(decode_image(path), decode_image(image_bytes()))
    np.testing.assert_array_equal(load_image(path, 20), load_image(image_bytes(), 20))
    assert inspect_image(path) == inspect_image(image_bytes())


@pytest.mark.parametrize("size", [(100, 60), (60, 100), (33, 1000), (1, 300), (64, 64)])
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_longest_bounds_the_longest_side_and_keeps_the_aspect(size: tuple[int, int], format: str) -> None:
    height, width, _ = decode_image(image_bytes(size=size, format=format), 50).shape
    assert max(width, height) == 50
    assert abs(width - max(1, 50 * size[0] / max(size))) <= 0.5
    assert abs(height - max(1, 50 * size[1] / max(size))) <= 0.5


def test_longest_never_enlarges() -> None:
    assert decode_image(image_bytes(size=(30, 20)), 500).shape == (20, 30, 3)


# --- orientation -----------------------------------------------------------------------------------------------------


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[0x010F] = "a maker"
    block[0x0112] = orientation
    return block.tobytes()


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation_is_applied_as_pillow_does(format: str, orientation: int) -> None:
    options: dict[str, Any] = {"lossless": True} if format == "WEBP" else {}
    content = image_bytes(format=format, exif=exif(orientation), **options)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    np.testing.assert_array_equal(decode_image(content), upright)
    facts, grey = inspect_image(content)
    assert grey.size == (facts.width, facts.height)
    assert np.abs(np.asarray(grey).astype(int) - np.asarray(Image.fromarray(upright).convert("L"))).max() <= 2
    assert (facts.height, facts.width) == upright.shape[:2]
    if 5 <= orientation <= 8:
        assert (facts.width, facts.height) == (48, 64)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_loading_and_reducing_turn_the_image_too(orientation: int) -> None:
    content = image_bytes(exif=exif(orientation))
    upright = decode_image(content)
    square = Image.fromarray(upright).resize((32, 32), Image.Resampling.BILINEAR)
    assert np.abs(load_image(content, 32).astype(int) - np.asarray(square)).max() <= 2
    for size in ((65, 48), (48, 65)):  # one side loses a pixel more: which it is shows where nothing is resized
        odd = image_bytes(size=size, format="PNG", exif=exif(orientation))
        expected = like_keras(Image.fromarray(decode_image(odd)), 48, "center")
        np.testing.assert_array_equal(load_image(odd, 48, crop="center"), expected)
    reduced = decode_image(content, 32)
    assert reduced.shape[0] / reduced.shape[1] == upright.shape[0] / upright.shape[1]
    smaller = Image.fromarray(upright).resize(reduced.shape[1::-1], Image.Resampling.BILINEAR)
    assert np.abs(reduced.astype(int) - np.asarray(smaller)).max() <= 8  # a draft is not a resize


@given(st.binary(max_size=120), st.sampled_from([b"Exif\0\0II*\0\x08\0\0\0", b"Exif\0\0MM\0*\0\0\0\x08", b""]))
def test_no_exif_block_fails_a_good_image(garbage: bytes, start: bytes) -> None:
    content = image_bytes(exif=start + garbage)
    assert reasons(content) == {""}
    assert sorted(decode_image(content).shape) == [3, 48, 64]


def test_pillows_log_does_not_reach_the_terminal() -> None:
    """In a process of its own, for pytest handles logs in this one."""
    content = bytearray(image_bytes(format="TIFF"))
    content[content.index(struct.pack("<HHL", 277, 3, 1)) + 8] = 200  # samples a pixel
    assert "" not in reasons(bytes(content))
    code = "from core.images.decode import inspect_image\n"
    code += f"try: inspect_image({bytes(content)!r})\nexcept Exception: print('refused')"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("refused\n", "")


def test_a_warning_of_pillow_does_not_fail_a_good_image() -> None:
    entry = struct.pack("<HHLL", 0x010F, 2, 5000, 26)  # a maker's name that runs past the end
    block = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 1) + entry + b"\0\0\0\0"
    content = image_bytes(exif=block)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(Warning):
            Image.open(io.BytesIO(content))
        assert reasons(content) == {""}


# --- kinds of pixels -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_alpha_is_laid_on_white(format: str) -> None:
    image = draw_image()
    alpha = np.linspace(0, 1, 64 * 48).reshape(48, 64)
    image.putalpha(Image.fromarray((alpha * 255).round().astype(np.uint8)))
    content = encode(image, format, **({"lossless": True, "exact": True} if format == "WEBP" else {}))
    expected = np.asarray(draw_image()) * alpha[..., None] + 255 * (1 - alpha[..., None])
    assert np.abs(decode_image(content) - expected).max() <= 2


def test_grey_with_alpha_is_laid_on_white() -> None:
    image = Image.merge("LA", [Image.new("L", (4, 4), 100), Image.new("L", (4, 4), 51)])
    assert np.abs(decode_image(encode(image, "PNG")).astype(int) - round(100 * 0.2 + 255 * 0.8)).max() <= 1


@pytest.mark.parametrize(
    ("mode", "transparency", "colour"),
    [("L", 40, 40), ("RGB", (9, 8, 7), (9, 8, 7)), ("P", 3, 3), ("P", bytes([255, 255, 255, 0]), 3), ("1", 0, 0)],
)
def test_a_transparent_colour_becomes_white_and_no_other(mode: str, transparency: Any, colour: Any) -> None:
    image = Image.new(mode, (2, 1), 1 if mode != "RGB" else (1, 1, 1))
    if mode == "P":
        image.putpalette([value for value in range(0, 250, 10) for _ in range(3)])
    image.putpixel((0, 0), colour)
    pixels = decode_image(encode(image, "PNG", transparency=transparency))
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 1].tolist() == {"P": [10] * 3, "1": [255] * 3}.get(mode, [1] * 3)


def test_a_transparent_gif_is_laid_on_white() -> None:
    image = Image.new("P", (2, 1), 1)
    image.putpalette([0, 0, 0, 200, 10, 20])
    image.putpixel((0, 0), 0)
    assert decode_image(encode(image, "GIF", transparency=0)).tolist() == [[[255, 255, 255], [200, 10, 20]]]


@pytest.mark.parametrize(("mode", "format"), [("L", "JPEG"), ("L", "PNG"), ("1", "PNG"), ("1", "BMP"), ("L", "TIFF")])
def test_grey_and_black_and_white_have_three_equal_channels(mode: str, format: str) -> None:
    image = draw_image(mode=mode)
    pixels = decode_image(encode(image, format))
    assert np.ptp(pixels, axis=2).max() == 0
    assert np.abs(pixels[..., 0].astype(int) - np.asarray(image.convert("L"))).max() <= 3


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_has_the_right_colours(format: str) -> None:
    inks = Image.merge("CMYK", [Image.new("L", (16, 16), value) for value in (255, 0, 0, 0)])
    content = encode(inks, format)
    assert np.abs(decode_image(content).astype(int) - [0, 255, 255]).max() <= 3
    assert inspect_image(content)[0].mode == "CMYK"


@pytest.mark.parametrize("format", ["PNG", "TIFF", "big-endian TIFF"])
def test_16_bits_are_scaled_and_not_clipped(format: str) -> None:
    values = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    if format == "big-endian TIFF":
        content = tiff(values.astype(">u2"), b"MM\0*", bits=16, kind=1)
    else:
        content = encode(Image.fromarray(values), format)
    assert inspect_image(content)[0].mode.startswith("I;16")
    np.testing.assert_array_equal(decode_image(content)[..., 1], np.round(values / 257))
    assert np.ptp(decode_image(content), axis=2).max() == 0


def test_16_bit_colour_is_scaled() -> None:
    rows = np.array([[[65535, 0, 30000]]], ">u2").tobytes()
    assert np.abs(decode_image(png(1, 1, rows, depth=16, colour=2)).astype(int) - [255, 0, 117]).max() <= 1


def test_a_transparent_16_bit_grey_becomes_white() -> None:
    rows = np.array([[1000, 1001]], ">u2").tobytes()
    content = png(2, 1, rows, depth=16, colour=0, extra=png_chunk(b"tRNS", struct.pack(">H", 1000)))
    assert decode_image(content)[0, :, 0].tolist() == [255, 4]


def test_32_bit_integers_within_16_bits_are_scaled() -> None:
    values = np.array([[0, 32768, 65535]], np.int32)
    assert decode_image(encode(Image.fromarray(values), "TIFF"))[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("values", [np.array([[0, 65536]], np.int32), np.array([[-1, 5]], np.int32)])
def test_integers_of_an_unknown_range_are_refused(values: np.ndarray) -> None:
    (reason,) = reasons(encode(Image.fromarray(values), "TIFF"))
    assert "unknown" in reason


def test_floating_point_pixels_are_refused_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: pytest.fail("decoded"))
    (reason,) = reasons(encode(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF"))
    assert "the kind F" in reason


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "I", "I;16"])
def test_a_large_image_is_converted_in_tiles_to_the_same_pixels(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(7).integers(0, 65536, (61, 47, 4))
    array = {"I": np.int32, "I;16": np.uint16}.get(mode)
    image = Image.fromarray(noise[..., 0].astype(array) if array else (noise // 256).astype(np.uint8))
    image = image if array else image.convert(mode)
    content = encode(image, "TIFF" if mode == "I" else "PNG", **({"transparency": 3} if mode in "LP" else {}))
    whole, grey = decode_image(content), inspect_image(content)[1]
    for number in (1, 30, 47, 100):  # less than a row, a row, two
        monkeypatch.setattr(pixel_kinds, "TILE_PIXELS", number)
        np.testing.assert_array_equal(decode_image(content), whole)
        np.testing.assert_array_equal(inspect_image(content)[1], grey)


# --- hostile input ---------------------------------------------------------------------------------------------------


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, row: bytes, depth: int = 8, colour: int = 2, extra: bytes = b"") -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(b"\0" + row))
    return b"\x89PNG\r\n\x1a\n" + header + extra + pixels + png_chunk(b"IEND", b"")


def tiff(pixels: np.ndarray, magic: bytes, bits: int, kind: int) -> bytes:
    """An uncompressed grey TIFF by hand: Pillow writes only the machine's own byte order."""
    order = ">" if magic.startswith(b"MM") else "<"
    height, width = pixels.shape
    size = pixels.nbytes
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: size, 339: kind}
    entries = b"".join(struct.pack(order + "HHLL", tag, 4, 1, value) for tag, value in tags.items())
    table = struct.pack(order + "H", len(tags)) + entries + b"\0\0\0\0"
    return magic + struct.pack(order + "L", 8 + size) + pixels.tobytes() + table


def huge(format: str) -> bytes:
    """A small file whose header promises 20000x20000 pixels."""
    if format == "PNG":
        return png(20000, 20000, b"")
    content = bytearray(image_bytes(format=format))
    if format == "JPEG":
        at = content.index(b"\xff\xc0")
        content[at + 5 : at + 9] = struct.pack(">HH", 20000, 20000)
    elif format == "GIF":
        content[6:10] = struct.pack("<HH", 20000, 20000)
    elif format == "BMP":
        content[18:26] = struct.pack("<ii", 20000, 20000)
    elif format == "TIFF":
        pixels = np.zeros((1, 1), np.uint8)
        content = bytearray(tiff(pixels, b"II*\0", 8, 1))
        for tag in (256, 257):
            at = content.index(struct.pack("<HHL", tag, 4, 1))
            content[at + 8 : at + 12] = struct.pack("<L", 20000)
    return bytes(content)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "BMP", "TIFF"])
def test_too_many_pixels_are_refused_before_decoding(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("decoded")

    content = huge(format)
    monkeypatch.setattr(ImageFile.ImageFile, "load", never)
    (reason,) = reasons(content)
    assert reason.startswith("the image has 20000x20000 pixels, more than")


def test_too_many_pixels_of_webp_are_refused_too() -> None:
    content = bytearray(image_bytes(format="WEBP", lossless=True))
    at = content.index(b"VP8L") + 9
    content[at : at + 4] = struct.pack("<L", (16383 << 14) | 16383)
    (reason,) = reasons(bytes(content))
    assert "pixels" in reason


def test_the_limit_on_pixels_is_inclusive() -> None:
    limits = Limits(pixels=64 * 48)
    assert load_image(image_bytes(format="PNG"), 16, limits).shape == (16, 16, 3)
    with pytest.raises(ImageError, match="the image has 65x48 pixels"):
        load_image(image_bytes(format="PNG", size=(65, 48)), 16, limits)


def test_a_webp_that_takes_too_much_memory_is_refused_by_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WebPImageFile, "_open", lambda _: pytest.fail("its decoder was made"))
    with pytest.raises(ImageError, match=r"9000x9000 pixels; .*1620 MB.*more than 1610: save a smaller copy"):
        inspect_image(vp8l(9000, 9000))


def scans(number: int, side: int, behind: bytes = b"") -> bytes:
    """A progressive JPEG of so many scans whose header promises so many pixels a side."""
    whole = image_bytes(1, (16, 16), progressive=True)
    last = whole.rindex(b"\xff\xda")
    more = whole[:last] + whole[last:-2] * (number - whole.count(b"\xff\xda") + 1) + whole[-2:]
    return more.replace(struct.pack(">HH", 16, 16), struct.pack(">HH", side, side), 1) + behind


def test_scans_times_pixels_of_a_jpeg_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    assert inspect_image(scans(40, 16))[0].width == 16
    thumbnail = b"\xff\xe1" + struct.pack(">H", 42) + b"\xff\xda" * 20
    for behind in (b"", b"\xff\xda" * 100):  # a phone's film
        content = scans(25, 10_000, behind)
        images.read_exif(content[:2] + thumbnail + content[2:])
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: pytest.fail("decoded"))
    with pytest.raises(ImageError, match=r"26 scans of 10000x10000 pixels.*without 'progressive'.*at most 25 scans"):
        inspect_image(scans(26, 10_000))
    flood = scans(26, 10_000)
    start = flood.index(b"\xff\xda")
    with pytest.raises(ImageError, match="26 scans"):  # also behind more markers than are looked at
        inspect_image(flood[:start] + b"\xff\xfe\0\2" * 20_000 + flood[start:])


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("compression", ["raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_a_tiff_with_a_strip_for_each_few_rows_is_read(compression: str, big: bool) -> None:
    image = draw_image(size=(40, 2000))
    content = encode(image, "TIFF", compression=compression, strip_size=120, big_tiff=big)
    assert np.abs(decode_image(content).astype(int) - np.asarray(image)).max() <= (60 if compression == "jpeg" else 0)


def test_scans_behind_the_only_one_of_a_plain_jpeg_are_of_other_images() -> None:
    """As phones write them."""
    assert decode_image(image_bytes(size=(16, 16)) + b"\xff\xda" * 200).shape == (16, 16, 3)


def test_a_large_file_is_refused_before_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.jpg"
    with path.open("wb") as file:
        file.truncate(70 * 2**20)

    def never(*_: object) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr(os, "read", never)
    assert reasons(path) == {"the file has 70 MB"}


def test_large_bytes_are_refused() -> None:
    assert reasons(b"\xff\xd8\xff" + bytes(64 * 2**20)) == {"the file has 64 MB"}


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert reasons(tmp_path / "pipe.jpg") == {"not a file"}


def test_a_folder_is_not_a_image(tmp_path: Path) -> None:
    assert reasons(tmp_path) == {"not a file"}


@pytest.mark.parametrize("name", ["missing.jpg", "a\0b.jpg", "x" * 300])
def test_a_file_that_cannot_be_opened_is_an_image_error(tmp_path: Path, name: str) -> None:
    (reason,) = reasons(tmp_path / name)
    assert reason.startswith("the file cannot be read: ")


def test_an_empty_file() -> None:
    assert reasons(b"") == {"the file is empty"}


@pytest.mark.parametrize(
    "content",
    [
        b"just text",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",  # Pillow would start Ghostscript
        b"P6 1 1 255 abc",
        image_bytes(format="ICO"),
        image_bytes(format="JPEG2000"),
        image_bytes(format="AVIF"),
        image_bytes(format="TGA"),
    ],
)
def test_other_formats_are_refused_by_name(content: bytes) -> None:
    assert reasons(content) == {"not an image in a format that we read (JPEG, PNG, WebP, BMP, GIF, TIFF)"}


@pytest.mark.parametrize("format", [*FORMATS, "progressive JPEG"])
def test_every_cut_is_noticed_by_every_function(format: str) -> None:
    options: dict[str, Any] = {"progressive": True} if format == "progressive JPEG" else {}
    options |= {"TIFF": {"compression": "tiff_lzw"}}.get(format, {})
    content = image_bytes(size=(40, 30), format=format.removeprefix("progressive "), **options)
    end = len(content) - 20  # the last bytes may hold no pixels: PNG's IEND, GIF's and JPEG's end marks
    for cut in range(0, end, max(1, end // 50)):
        found = reasons(content[:cut])
        assert "" not in found, cut
        assert len(found) == 1, found


def test_a_cut_image_says_so() -> None:
    for content in (image_bytes(quality=95), image_bytes(format="PNG")):
        (reason,) = reasons(content[: len(content) * 2 // 3])
        assert reason.startswith("the image is cut off")


@given(
    st.sampled_from(FORMATS), st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=5)
)
def test_damaged_bytes_give_a_image_or_an_image_error_and_all_functions_agree(
    format: str, damage: list[tuple[float, int]]
) -> None:
    content = bytearray(image_bytes(size=(20, 15), format=format))
    for place, value in damage:
        content[int(place * len(content))] = value
    assert len(reasons(bytes(content))) == 1


@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0"]), st.binary(max_size=80)
)
def test_garbage_behind_a_magic_number_is_an_image_error(magic: bytes, garbage: bytes) -> None:
    assert "" not in reasons(magic + garbage)


@pytest.mark.parametrize(
    "error", [OSError("x"), SyntaxError("x"), struct.error("x"), EOFError(), MemoryError(), KeyError]
)
def test_whatever_pillow_raises_becomes_an_image_error(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise error

    content = image_bytes(format="PNG")
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    (reason,) = reasons(content)
    assert reason.startswith(("the image is ", "there is not enough memory"))


def test_the_message_says_what_is_expected_and_what_to_do() -> None:
    with pytest.raises(ImageError) as caught:
        inspect_image(b"text")
    message = str(caught.value)
    assert "64 MB" in message
    assert "100 million pixels" in message
    assert "save it as JPEG" in message


def test_a_compressed_text_bomb_is_not_unpacked() -> None:
    bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000)))
    content = png(1, 1, b"\1\2\3", extra=bomb)
    tracemalloc.start()
    try:
        reasons(content)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


# --- threads ---------------------------------------------------------------------------------------------------------


def test_threads_get_what_one_thread_gets() -> None:
    contents = [image_bytes(seed, (300, 200), format=FORMATS[seed % 6]) for seed in range(24)]
    expected = [load_image(content, 50) for content in contents]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            for got, want in zip(pool.map(lambda content: load_image(content, 50), contents), expected, strict=True):
                np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_is_recognised_by_its_first_bytes_and_not_by_fewer(format: str) -> None:
    content = image_bytes(format=format)
    assert begins_as_image(content)
    assert begins_as_image(content[:MAGIC_BYTES])
    assert not begins_as_image(content[:1])


@pytest.mark.parametrize("content", [b"", b"<svg xmlns='http:'>", b"%PDF-1.7", b"PK\x03\x04", b"RIFF1234WAVEfmt "])
def test_other_files_are_not_recognised(content: bytes) -> None:
    assert not begins_as_image(content)
