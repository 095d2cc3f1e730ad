"""The instant model on real photos: how right, how sure, and what it calls none of these, after few looks.

    python -m benchmarks.instant [--bursts 200] [--frames 8] [--photos 500] [--draws 8]

Classes are cats and dogs. A look is a burst of `--frames` frames of one photo, as a hand moves a camera: a crop that
wanders, a few degrees of rotation, brightness. `--bursts` photos of each class are looks, `--photos` others are held
out. For each number of looks at each class, means of `--draws` draws of looks: `accuracy` on the held-out photos;
`own_score`, the accuracy that the model says of itself by left-out bursts; `log_loss` and `calibration_error` (expected
calibration error, 10 bins) of its probabilities, and of those that it would give without the limit of Laplace's rule
(`unlimited`) and with a fitted or a fixed temperature throughout; `mean_confidence` and the highest one; and the shares
called none of these: of held-out photos (`photos`), of drawn things and textures (`benchmarks.unknown`), and of other
frames of the looks themselves (`same`), which were not shown. `penalties` has the accuracy for each fixed penalty.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from benchmarks.common import extracted, photos_zip, print_result
from benchmarks.unknown import drawings
from core.errors import ImageError
from core.instant.embedder import Embedder, Floats
from core.instant.fitted import Fitted, choose
from core.instant.left_out import PENALTIES, held_out_scores
from core.instant.model import Examples, fit
from core.instant.probabilities import TEMPERATURE, fitted_temperature, probabilities
from core.instant.unlike import distance

LOOKS = (1, 2, 5, 20, 100)
CLASSES = ("cats", "dogs")


def frames_of(file: Path, number: int, size: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """Frames of a hand that moves before the photo."""
    with Image.open(file) as opened:
        image = opened.convert("RGB")
    place, zoom, frames = np.array([0.5, 0.5]), 0.9, []
    for _ in range(number):
        place = np.clip(place + random.normal(0, 0.06, 2), 0.4, 0.6)
        zoom = float(np.clip(zoom + random.normal(0, 0.06), 0.75, 0.95))
        corners = np.clip([*(place - zoom / 2), *(place + zoom / 2)], 0, 1) * np.tile(image.size, 2)
        turned = image.rotate(float(random.normal(0, 4)), Image.Resampling.BILINEAR)
        frame = turned.resize((size, size), Image.Resampling.BILINEAR, tuple(corners))
        light = float(np.clip(random.normal(1, 0.12), 0.6, 1.5))
        frames.append(np.asarray(ImageEnhance.Brightness(frame).enhance(light)))
    return np.stack(frames)


def examples(bursts: list[Floats], looks: int, frames: int, random: np.random.Generator) -> tuple[Examples, Floats]:
    """So many looks at each class, with half of their frames; and the other halves."""
    shown, other, labels = [], [], []
    for label, of_class in enumerate(bursts):
        for place in random.permutation(len(of_class))[:looks]:
            shown.append(of_class[place, : frames // 2])
            other.append(of_class[place, frames // 2 :])
            labels += [label] * (frames // 2)
    groups = np.repeat(np.arange(len(shown)), frames // 2)
    return Examples(np.concatenate(shown), np.array(labels), groups, 2, np.arange(len(labels))), np.concatenate(other)


def quality(shares: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Log loss and expected calibration error."""
    loss = -np.log(np.maximum(shares[np.arange(len(labels)), labels], 1e-12)).mean()
    bins = np.minimum((shares.max(axis=1) * 10).astype(int), 9)
    gap = shares.max(axis=1) - (shares.argmax(axis=1) == labels)
    return float(loss), float(sum(abs(gap[bins == one].sum()) for one in np.unique(bins)) / len(labels))


def measure(
    given: Examples, other: Floats, photos: Floats, labels: NDArray[np.int64], unknown: dict[str, Floats]
) -> dict[str, float]:
    fitted = Fitted.of(CLASSES, given, choose(CLASSES, given))
    scores = photos @ fitted.head.weights.T + fitted.head.offset
    shares, most, temperature = fitted.probabilities(scores), fitted.most, fitted.choices.temperature
    result = {
        "accuracy": float((scores.argmax(axis=1) == labels).mean()),
        "own_score": fitted.choices.score.accuracy.value,
        "mean_confidence": float(shares.max(axis=1).mean()),
        "highest_confidence": float(shares.max()),
        "cut": fitted.choices.cut,
    }
    given_ways = {"": (temperature, most), "unlimited_": (temperature, 1.0), "fixed_unlimited_": (TEMPERATURE, 1.0)}
    if given.looks.min() > 1:
        held_out = held_out_scores(given, fitted.choices.penalty)
        fitted_one = fitted_temperature(held_out, given.labels, given.weights, 1.0)
        given_ways["fitted_unlimited_"] = (fitted_one, 1.0)
    for name, (way, limit) in given_ways.items():
        result[f"{name}log_loss"], result[f"{name}calibration_error"] = quality(
            probabilities(scores, way, limit), labels
        )
    for name, features in {"photos": photos, "same": other, **unknown}.items():
        far = [distance(fitted.reference, feature) > fitted.choices.cut for feature in features]
        result[f"none_{name}"] = float(np.mean(far))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bursts", type=int, default=200, help="of each class")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--photos", type=int, default=500, help="held out, of both classes")
    parser.add_argument("--draws", type=int, default=8)
    arguments = parser.parse_args()
    embedder, random = Embedder.ready(), np.random.default_rng(0)
    with extracted(photos_zip()) as folder:
        files = [random.permutation(sorted(folder.glob(f"*/{name}/*.jpg"))).tolist() for name in CLASSES]
        bursts = [
            np.stack(
                [
                    embedder.features(frames_of(file, arguments.frames, embedder.image_size, random))
                    for file in of_class[: arguments.bursts]
                ]
            )
            for of_class in files
        ]
        held_out = [of_class[arguments.bursts :][: arguments.photos // 2] for of_class in files]
        found = [feature for of_class in held_out for feature in embedder.each(of_class)]
        labels = np.repeat([0, 1], [len(of_class) for of_class in held_out])
    usable = np.array([not isinstance(feature, ImageError) for feature in found])
    photos, labels = np.stack([one for one in found if not isinstance(one, ImageError)]), labels[usable]
    size = (embedder.image_size, embedder.image_size)
    unknown = {
        kind: embedder.features(
            np.stack([np.asarray(one.convert("RGB").resize(size, Image.Resampling.BILINEAR)) for one in images])
        )
        for kind, images in drawings(200).items()
    }
    rows: dict[str, Any] = {}
    for looks in (number for number in LOOKS if number <= arguments.bursts):
        drawn = [
            examples(bursts, looks, arguments.frames, np.random.default_rng([1, draw]))
            for draw in range(arguments.draws)
        ]
        measured = [measure(*one, photos, labels, unknown) for one in drawn]
        rows[str(looks)] = {name: round(float(np.mean([one[name] for one in measured])), 4) for name in measured[0]}
        rows[str(looks)]["penalties"] = {
            str(penalty): round(
                float(
                    np.mean([(_scores(given, penalty, photos).argmax(axis=1) == labels).mean() for given, _ in drawn])
                ),
                4,
            )
            for penalty in PENALTIES
        }
    print_result({"benchmark": "instant", "looks": rows, "draws": arguments.draws, "photos": len(photos)})


def _scores(given: Examples, penalty: float, photos: Floats) -> Floats:
    head = fit(given, penalty)
    return np.asarray(photos @ head.weights.T + head.offset, np.float32)


if __name__ == "__main__":
    main()
