"""How far the app's pixels, and what a model makes of them, are from those of Keras' `load_img`.

    python -m benchmarks.pixels [--run FOLDER] [--images 1000]

For factors of JPEG draft scaling (`core.images.decode.DRAFT_SIDES`; 0 decodes whole, as Keras does), on validation
photos as they are, and on every tenth one enlarged to 2,400 pixels with noise, as a phone's: `pixel`, the largest
difference in levels, and `mean`; `probability`, the largest difference of one, and `changed`, the predictions that
change; `cpu_ms`, the processor's time for the decode of one image. `nearest` is `load_img` with its default
interpolation, whole. `--run` should have been trained on photos; without it one is trained on the drawn sample.
"""

import argparse
import io
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.common import extracted, own_home, photos_zip, print_result
from benchmarks.live import trained_run
from core.images.crop import Crop, centred_square
from core.inference.classifier import Classifier

FACTORS = (1, 2, 3, 4, 6)
PHONE = 2400  # pixels of the longest side
NOISE = 8.0  # levels


def decode(content: bytes, size: int, crop: Crop, factor: int, resample: Image.Resampling) -> NDArray[np.uint8]:
    """uint8 (size, size, 3). Factor 0 is what `load_img` does."""
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
        reduced = image.draft("RGB", (factor * size, factor * size)) if factor else None
        scale = width / reduced[1][2] if reduced else 1
        box = centred_square(width, height) if crop == "center" else (0, 0, width, height)
        left, top, right, bottom = (edge / scale for edge in box)
        return np.asarray(image.convert("RGB").resize((size, size), resample, (left, top, right, bottom)))


def enlarged(content: bytes, rng: np.random.Generator) -> bytes:
    """The photo as a JPEG of `PHONE` pixels, with noise, which an enlarged photo lacks."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    scale = PHONE / max(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    noisy = np.asarray(image) + rng.normal(0, NOISE, (image.height, image.width, 1))
    file = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=88)
    return file.getvalue()


def differences(classifier: Classifier, contents: list[bytes]) -> dict[str, dict[str, float]]:
    ways = {"nearest": (0, Image.Resampling.NEAREST), "0": (0, Image.Resampling.BILINEAR)}
    ways |= {str(factor): (factor, Image.Resampling.BILINEAR) for factor in FACTORS}
    pixels: dict[str, NDArray[np.int16]] = {}
    result: dict[str, dict[str, float]] = {}
    for name, (factor, resample) in ways.items():
        started = time.process_time()
        size, crop = classifier.image_size, classifier.crop
        images = np.stack([decode(content, size, crop, factor, resample) for content in contents])
        spent = time.process_time() - started
        pixels[name] = images.astype(np.int16)
        result[name] = {"cpu_ms": round(1000 * spent / len(contents), 2)}
    whole = _probabilities(classifier, pixels["0"])
    for name, values in result.items():
        rows = _probabilities(classifier, pixels[name])
        levels = np.abs(pixels[name] - pixels["0"])
        values["pixel"], values["mean"] = int(levels.max()), round(float(levels.mean()), 3)
        values["probability"] = round(float(np.abs(rows - whole).max()), 4)
        values["changed"] = int((rows.argmax(axis=1) != whole.argmax(axis=1)).sum())
    return result


def _probabilities(classifier: Classifier, pixels: NDArray[np.int16]) -> Any:
    batches = (pixels[start : start + 32].astype(np.uint8) for start in range(0, len(pixels), 32))
    return np.concatenate([classifier.predict(batch) for batch in batches])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--run", help="a finished run's folder")
    parser.add_argument("--images", type=int, default=1000)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    with own_home(), extracted(photos_zip()) as folder:
        classifier = Classifier.open(trained_run(options.run))
        files = sorted((folder / "validation").glob("*/*.jpg"))
        contents = [file.read_bytes() for file in files[:: max(1, len(files) // options.images)]]
        print_result(
            {
                "size": classifier.image_size,
                "crop": classifier.crop,
                "photos": {"images": len(contents)} | differences(classifier, contents),
                "phone": {"images": len(contents[::10])}
                | differences(classifier, [enlarged(content, rng) for content in contents[::10]]),
            }
        )


if __name__ == "__main__":
    main()
