"""What Keras' `load_img` makes of a photo, against the app's decoder."""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image

from core.export.load_img import compare_load_img
from core.images.crop import Crop
from core.images.decode import load_image
from core.inference.classifier import Classifier
from core.runs.run import Run
from tests.drawing import draw_image, encode


@pytest.mark.parametrize("crop", get_args(Crop))
def test_our_pixels_are_those_of_keras(keras: Any, tmp_path: Path, crop: Crop) -> None:
    """Landscape and portrait, sides that differ by even and odd numbers, larger and smaller than the model's."""
    from core.export.keras_side import read_photos  # loads TensorFlow

    sizes = [(100, 70), (101, 70), (70, 100), (70, 101), (64, 64), (65, 64), (64, 201), (500, 333), (9, 1), (1, 8)]
    files = []
    for number, size in enumerate(sizes):
        for format in ("PNG", "JPEG"):
            files.append(tmp_path / f"{number}.{format}")
            files[-1].write_bytes(encode(draw_image(number, size), format))
    theirs = read_photos([str(file) for file in files], 64, crop)
    for file, expected in zip(files, theirs, strict=True):
        assert expected.any()
        np.testing.assert_array_equal(load_image(file, 64, crop=crop), expected, str(file))


def test_photos_with_other_pixels_are_counted_and_their_predictions_compared(trained: Run, tmp_path: Path) -> None:
    classifier = Classifier.open(trained)
    size = classifier.image_size
    rotated = Image.Exif()
    rotated[0x0112] = 6
    contents = {
        "plain.jpg": encode(draw_image(1, (90, 70))),
        "rotated.jpg": encode(draw_image(2, (90, 70)), exif=rotated),
        "text.jpg": b"no image",
        "unread.png": encode(draw_image(3, (90, 70)), "PNG"),
    }
    photos, pixels = [], np.zeros((len(contents), size, size, 3), np.uint8)
    for at, (name, content) in enumerate(contents.items()):
        photos.append(tmp_path / name)
        photos[-1].write_bytes(content)
        if at < 2:  # as load_img does: it leaves the photo lying, and cannot read the last
            with Image.open(photos[-1]) as image:
                pixels[at] = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
    np.save(tmp_path / "load_img.npy", pixels)
    compared = compare_load_img(tmp_path / "load_img.npy", photos, classifier)
    assert compared is not None
    lying, upright = classifier.predict(pixels[1:2]), classifier.classify(photos[1])
    assert (compared.images, compared.same) == (2, 1)
    assert np.isclose(compared.difference, np.abs(lying[0] - list(upright.probabilities.values())).max())
    assert compared.difference > 0
    assert compare_load_img(tmp_path / "load_img.npy", photos[1:], classifier) is None
