"""The measures of an image: known values, and what must not change them."""

import io
import math

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from core.datasets.scan import measures
from core.datasets.scan.measures import Measures, measure
from core.images.decode import inspect_image
from tests.drawing import encode


def photo(seed: int, size: tuple[int, int] = (1200, 900)) -> Image.Image:
    """Something like a photo: soft light, things with edges in front of it, and a fine texture."""
    rng = np.random.default_rng(seed)
    image = Image.fromarray(rng.integers(40, 220, (4, 5, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y, r = rng.integers(0, (size[0], size[1], size[0] // 8)).tolist()
        draw.ellipse((x - r, y - r, x + r, y + r // 2), tuple(rng.integers(0, 256, 3).tolist()))
    texture = rng.normal(0, 6, (size[1], size[0], 1))
    return Image.fromarray(np.clip(np.asarray(image) + texture, 0, 255).astype(np.uint8))


def measured(image: Image.Image, format: str = "PNG", **options: object) -> Measures:
    return measure([inspect_image(encode(image, format, **options))[1]])[0]


def grey(values: list[int]) -> Image.Image:
    return Image.fromarray(np.array(values, np.uint8).reshape(16, -1))


@pytest.mark.parametrize(("level", "brightness"), [(0, 0.0), (255, 1.0), (51, 0.2)])
def test_one_level_has_its_brightness_and_nothing_else(level: int, brightness: float) -> None:
    found = measured(Image.new("L", (40, 30), level))
    assert (found.brightness, found.sharpness, found.entropy) == (brightness, 0.0, 0.0)


def test_brightness_weighs_the_colours_as_the_eye_does() -> None:
    red, green, blue = (measured(Image.new("RGB", (8, 8), colour)).brightness for colour in ("red", "lime", "blue"))
    assert (red, green, blue) == pytest.approx((0.299, 0.587, 0.114), abs=0.004)  # ITU-R 601


@pytest.mark.parametrize(("levels", "bits"), [(2, 1), (16, 4), (256, 8)])
def test_entropy_is_the_logarithm_of_equally_frequent_levels(levels: int, bits: float) -> None:
    assert measured(grey([number * 256 // levels for number in range(levels)] * (512 // levels))).entropy == bits


def test_entropy_of_unequal_levels() -> None:
    expected = -(0.25 * math.log2(0.25) + 0.75 * math.log2(0.75))
    assert measured(grey([0] * 64 + [9] * 192)).entropy == pytest.approx(expected, abs=1e-4)


def test_sharpness_of_a_single_dot() -> None:
    """The Laplacian is -4 at the dot and 1 at its four neighbours."""
    pixels = np.zeros((20, 25), np.uint8)
    pixels[9, 9] = 10
    assert measured(Image.fromarray(pixels)).sharpness == pytest.approx(100 * (16 + 4) / 500)


def test_a_ramp_is_not_sharp() -> None:
    ramp = Image.fromarray(np.tile(np.arange(200, dtype=np.uint8), (50, 1)))
    assert measured(ramp).sharpness < 0.1


@pytest.mark.parametrize("longest", [300, 640, 1200])
def test_blurred_photos_are_told_from_sharp_ones_at_every_resolution(longest: int) -> None:
    sharp, blurred = [], []
    for seed in range(6):
        size = (longest, longest * 3 // 4) if seed % 2 else (longest * 3 // 4, longest)
        image = photo(seed, (1200, 900) if seed % 2 else (900, 1200)).resize(size, Image.Resampling.LANCZOS)
        sharp.append(measured(image, "JPEG", quality=85).sharpness)
        soft = image.filter(ImageFilter.GaussianBlur(longest * 0.01))
        blurred.append(measured(soft, "JPEG", quality=85).sharpness)
    assert min(sharp) > 5 * max(blurred)


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_the_measures_do_not_depend_on_the_resolution(format: str) -> None:
    image = photo(1, (2048, 1536))
    whole = measured(image, format)
    for width in (1500, 1024, 700, 512, 300):
        found = measured(image.resize((width, width * 3 // 4), Image.Resampling.BOX), format)
        assert found.brightness == pytest.approx(whole.brightness, abs=0.01)
        assert found.entropy == pytest.approx(whole.entropy, abs=0.15)
        assert 0.5 < found.sharpness / whole.sharpness < 2, width


def test_transparent_parts_count_as_white() -> None:
    assert measured(Image.new("RGBA", (20, 20), (0, 0, 0, 0))).brightness == 1


def test_rotation_changes_no_measure_of_light() -> None:
    """Sides of four times 64, so that the reduced images are each other's turns."""
    image = photo(2, (512, 256))
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = image.transpose(Image.Transpose.ROTATE_90)  # a viewer turns it back
    one, other = measured(image), measured(stored, "PNG", exif=exif.tobytes())
    assert (one.brightness, one.sharpness, one.entropy) == (other.brightness, other.sharpness, other.entropy)
    assert one.signature == other.signature


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 300), (300, 1), (2, 2), (79, 81), (80, 80), (81, 80), (161, 9), (2000, 3), (130, 999)]
)
def test_the_signature_gets_at_most_80_pixels_a_side(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[np.ndarray] = []

    def watched(images: list[np.ndarray]) -> list[bytes]:
        seen.extend(images)
        return [b"x"]

    monkeypatch.setattr(measures, "signatures", watched)
    found = measured(photo(0, (40, 30)).resize(size))
    (pixels,) = seen
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 2
    assert max(pixels.shape) <= 80
    assert min(pixels.shape) >= 1
    assert max(pixels.shape) >= 32 or max(size) <= 32
    assert found.signature == b"x"
    assert found.sharpness >= 0


def test_the_signature_is_of_area_averages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A board of single black and white pixels is even grey, not a sample of some of them."""
    monkeypatch.setattr(measures, "signatures", lambda small: [bytes(sorted(set(small[0].ravel().tolist())))])
    board = np.indices((128, 128)).sum(axis=0) % 2 * 255
    (level,) = measured(Image.fromarray(board.astype(np.uint8))).signature
    assert level in (127, 128)


def test_the_same_file_measures_the_same_twice() -> None:
    content = io.BytesIO()
    photo(3).save(content, "JPEG")
    greys = [inspect_image(content.getvalue())[1] for _ in range(2)]
    assert measure(greys[:1]) == measure(greys[1:])
