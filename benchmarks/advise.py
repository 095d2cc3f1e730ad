"""How right advice is, and how long it takes: `python -m benchmarks.advise [--seeds 5] [--draws 20] [--parts ...]`.

Everything is measured on the features of the preset `fast`: 3,000 photos of cats and dogs
(`benchmarks.common.photos_zip`) and 2,100 drawings of ten shapes, which are hard for the base.

times       Seconds of each part on the 3,000 photos, features cached, and on 12,000 by repetition.
labels      3% and 10% of the training labels are flipped. `precision` among as many flags as flips, `recall` among
            twice as many; of our ranking, and of cleanlab's self-confidence (the probability of the label) and
            normalized margin (that less the highest of the others) on the same probabilities, and of the former on
            those of a plain 5-fold logistic regression (scikit-learn). `accuracy` on the
            validation images, which have their own labels, of heads of the clean labels, of the flipped ones, and after
            every sure suggestion was accepted.
curve       From a quarter of the training images, the forecast for twice and four times as many, against a head of so
            many on the validation images: how often its interval holds that, how wide it is, how often it says that it
            knows; and how often the interval of the gain holds the mean gain of all draws.
real        The same against real runs (`benchmarks.advise_real`): minutes, so it runs only where `--parts` names it.
weights     What class weights do on imbalanced data, and whether they earn a setting: `benchmarks.class_weights`.
shortcuts   20 variants are planted into 400 photos, one class differing in what should not matter: how many are found.
            And 20 random halves of the clean photos, and the same with shuffled labels: how many warnings are cried.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageEnhance, ImageOps
from sklearn.linear_model import LogisticRegression

from benchmarks.advise_real import real_runs
from benchmarks.class_weights import SETS, class_weights, earns
from benchmarks.common import extracted, own_home, photos_zip, print_result
from benchmarks.drawn_shapes import draw_shapes
from core.advice.actions import relabel_gain, setting_gains
from core.advice.advice import advise
from core.advice.comparison import REPEATS, compare_features
from core.advice.forecast import forecast
from core.advice.head import Floats, Labels, fit, held_out
from core.advice.label_errors import DEALS, doubts
from core.advice.learning_curve import learning_curve
from core.advice.looks import looks_of
from core.advice.material import Material, gather
from core.advice.shortcuts import find_shortcuts
from core.advice.weak_groups import weak_groups
from core.datasets import Dataset, open_dataset
from core.datasets.sample.shortcut import write_shortcut_sample
from core.images.crop import Crop
from core.jobs.parallel import one_core_for_blas
from core.storage.home import home

SIZE = 160
SPLITS = ("train", "validation")
PARTS = ("times", "labels", "curve", "weights", "shortcuts")
REAL = "real"  # minutes of training: only where it is asked for
RATES = (0.03, 0.1)
PLANTED = 200  # photos a class


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--few", type=int, default=500, help="photos that `real` forecasts from")
    parser.add_argument("--runs", type=int, default=4, help="draws of `real`, three runs each")
    options = parser.parse_args()
    parts = options.parts.split(",")
    cache = home() / "cache" / "weights"
    result: dict[str, Any] = {"benchmark": "advise", "seeds": options.seeds, "draws": options.draws}
    with (
        one_core_for_blas(),  # fits are spread over the cores
        own_home(cache if cache.is_dir() else None),
        tempfile.TemporaryDirectory(prefix="pawlab-bench-") as drawn,
        extracted(photos_zip()) as folder,
    ):
        photos = open_dataset(folder)
        draw_shapes(Path(drawn) / "shapes", 150, 60)
        shapes = open_dataset(Path(drawn) / "shapes")
        crop: Crop = "center"
        materials = {"cats and dogs": gather(photos, SIZE, crop), "drawn shapes": gather(shapes, SIZE, crop)}
        if "times" in parts:
            result["times"] = times(photos, materials["cats and dogs"])
        if "labels" in parts:
            result["labels"] = {name: labels(material, options.seeds) for name, material in materials.items()}
        if "curve" in parts:
            result["curve"] = {name: curve(material, options.draws) for name, material in materials.items()}
        if REAL in parts:
            train, held = (
                materials["cats and dogs"].part(of_split(materials["cats and dogs"], split)) for split in SPLITS
            )
            result[REAL] = real_runs(photos, train, held, Path(drawn) / REAL, options.few, options.runs)
        if "weights" in parts:
            result["weights"] = weights(materials, options.draws)
        if "shortcuts" in parts:
            result["shortcuts"] = shortcuts(photos, materials["cats and dogs"], Path(drawn), options.draws)
    print_result(result)


def times(dataset: Dataset, material: Material) -> dict[str, Any]:
    seconds: dict[str, float] = {}

    @contextmanager
    def timed(part: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        seconds[part] = round(time.perf_counter() - started, 2)

    with timed("all, nothing but features cached"):
        advise(dataset, seed=1)
    with timed("all, other sizes' features cached"):
        advise(dataset, seed=2)
    with timed("all, cached"):
        advise(dataset, seed=2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with timed("material"):
        gather(dataset, SIZE, "center")
    looks = looks_of(dataset, material.records)
    with timed("relabelling"):
        relabel_gain(material)
    with timed("settings"):
        setting_gains(dataset, material, SIZE, "center")
    with timed("two settings, 10 x 5 folds"):
        compare_features(material.rows, material.rows[:, :200], material, REPEATS)
    several = {"3,000": 1, "12,000": 4}
    by_size: dict[str, dict[str, float]] = {}
    for name, times_ in several.items():
        whole = repeated(material, times_)
        more = type(looks)(*(np.concatenate([array] * times_) for array in vars(looks).values()))
        seconds_before, seconds = seconds, {}
        with timed("label errors"):
            found = doubts(
                whole.rows, whole.labels, [whole.folds(0, deal) for deal in range(DEALS)], len(whole.classes)
            )
        with timed("learning curve"):
            forecast(learning_curve(whole), len(whole) * 2 // 3, len(whole) * 4 // 3)
        with timed("groups"):
            right = found.plain.argmax(axis=1) == whole.labels
            weak_groups(whole, more, right)
        with timed("shortcuts"):
            find_shortcuts(whole, more, float(right.mean()))
        by_size[name], seconds = seconds, seconds_before
    return {"seconds": seconds, "by images": by_size, "peak MB": round(peak)}


def repeated(material: Material, number: int) -> Material:
    """The material with each image so many times, as if they were different ones."""
    groups = np.concatenate([material.groups + copy * (material.groups.max() + 1) for copy in range(number)])
    return replace(
        material,
        records=material.records * number,
        rows=np.tile(material.rows, (number, 1)),
        labels=np.tile(material.labels, number),
        groups=groups,
    )


def labels(material: Material, seeds: int) -> dict[str, Any]:
    train = material.part(of_split(material, "train"))
    held = material.part(of_split(material, "validation"))
    num_classes = len(material.classes)
    result: dict[str, Any] = {}

    def accuracy(given: Labels) -> float:
        return float((fit(train.rows, given, num_classes).predict(held.rows) == held.labels).mean())

    for rate in RATES:
        rankings: dict[str, list[tuple[float, float]]] = {}
        accuracies, sure, seconds = [], [], []
        for seed in range(seeds):
            given = flipped(train.labels, rate, num_classes, seed)
            wrong = given != train.labels
            deals = [replace(train, labels=given).folds(seed, deal) for deal in range(DEALS)]
            started = time.perf_counter()
            found = doubts(train.rows, given, deals, num_classes)
            seconds.append(time.perf_counter() - started)
            own = np.arange(len(given)), given
            orders: dict[str, np.ndarray] = {
                "ours": -found.scores,
                "self-confidence, same probabilities": found.probabilities[own],
                "normalized margin, same probabilities": margin(found.probabilities, given),
                "self-confidence, plain probabilities": found.plain[own],
                "self-confidence, scikit-learn": scikit(train.rows, given, deals[0], num_classes)[own],
            }
            for name, order in orders.items():
                rankings.setdefault(name, []).append(scored(order, wrong))
            mended = np.where(found.errors, found.suggested, given)
            accuracies.append((accuracy(train.labels), accuracy(given), accuracy(mended)))
            sure.append((int(found.errors.sum()), float(wrong[found.errors].mean())))
        result[f"{rate:.0%}"] = {
            **{
                name: dict(zip(("precision", "recall"), means(pairs, 3), strict=True))
                for name, pairs in rankings.items()
            },
            "flips": int(wrong.sum()),
            "sure": round(float(np.mean([count for count, _ in sure])), 1),
            "precision of sure": round(float(np.mean([share for _, share in sure])), 3),
            "accuracy": dict(zip(("clean", "flipped", "mended"), means(accuracies, 4), strict=True)),
            "seconds": round(float(np.median(seconds)), 2),
        }
    return result


def means(rows: Sequence[Sequence[float]], digits: int) -> list[float]:
    return [round(float(np.mean(column)), digits) for column in zip(*rows, strict=True)]


def of_split(material: Material, split: str) -> np.ndarray:
    return np.array([record.split == split for record in material.records])


def flipped(truth: Labels, rate: float, num_classes: int, seed: int) -> Labels:
    """The labels, so many of them replaced by another one at random."""
    random = np.random.default_rng(seed)
    given = truth.copy()
    rows = random.choice(len(truth), round(rate * len(truth)), replace=False)
    given[rows] = (given[rows] + random.integers(1, num_classes, len(rows))) % num_classes
    return given


def scikit(rows: Floats, given: Labels, folds: Labels, num_classes: int) -> Floats:
    probabilities = np.zeros((len(rows), num_classes), np.float32)
    for fold in np.unique(folds):
        own = folds == fold
        model = LogisticRegression(max_iter=1000).fit(rows[~own], given[~own])
        probabilities[own] = model.predict_proba(rows[own])
    return probabilities


def margin(probabilities: Floats, given: Labels) -> np.ndarray:
    rows = np.arange(len(given))
    others = probabilities.copy()
    others[rows, given] = -np.inf
    return np.asarray(probabilities[rows, given] - others.max(axis=1))


def scored(order: np.ndarray, wrong: np.ndarray) -> tuple[float, float]:
    """Precision among as many flags as flips, and recall among twice as many; the least first."""
    flips = int(wrong.sum())
    ranked = wrong[np.argsort(order, kind="stable")]
    return float(ranked[:flips].mean()), float(ranked[: 2 * flips].sum() / flips)


def curve(material: Material, draws: int) -> dict[str, Any]:
    train = material.part(of_split(material, "train"))
    held = material.part(of_split(material, "validation"))
    num_classes, few = len(material.classes), int(of_split(material, "train").sum()) // 4
    rows: dict[int, list[dict[str, float]]] = {2: [], 4: []}
    for draw in range(draws):
        order = np.random.default_rng(draw).permutation(len(train))
        begun = learning_curve(train.part(np.isin(np.arange(len(train)), order[:few])), seed=draw)
        for times_, found in rows.items():
            forecasted = forecast(begun, few, times_ * few, seed=draw)
            now, then = (
                float((fit(train.rows[own], train.labels[own], num_classes).predict(held.rows) == held.labels).mean())
                for own in (order[:few], order[: times_ * few])
            )
            found.append(
                {
                    "covered": forecasted.low <= then <= forecasted.high,
                    "gain": then - now,
                    "gain low": forecasted.gain_low,
                    "gain high": forecasted.gain_high,
                    "half width": (forecasted.high - forecasted.low) / 2,
                    "error": abs(forecasted.accuracy - then),
                    "forecast": forecasted.accuracy,
                    "truth": then,
                    "known": forecasted.known,
                }
            )
    result = {}
    for times_, found in rows.items():
        means_ = {key: round(float(np.mean([row[key] for row in found])), 4) for key in found[0]}
        gain = means_["gain"]  # of one draw it is mostly chance
        means_["gain covered"] = round(
            float(np.mean([row["gain low"] <= gain <= row["gain high"] for row in found])), 4
        )
        result[f"from {few} for {times_ * few}"] = means_
    return result


def weights(materials: dict[str, Material], draws: int) -> dict[str, Any]:
    found = {
        f"{name}, {thinned}": class_weights(
            material.part(of_split(material, "train")), material.part(of_split(material, "validation")), thin, draws
        )
        for name, material in materials.items()
        for thinned, thin in SETS[name].items()
    }
    return {**found, "earns a setting": earns(found)}


def shortcuts(dataset: Dataset, material: Material, folder: Path, rounds: int) -> dict[str, Any]:
    found = {}
    for name, (cue, plant) in VARIANTS.items():
        variant = folder / name.replace(" ", "-")
        plant_into(variant, dataset, plant)
        warnings = warnings_of(open_dataset(variant))
        found[name] = {"cue": cue, "found": cue in warnings, "warnings": warnings}
    write_shortcut_sample(folder / "indoors")
    warnings = warnings_of(open_dataset(folder / "indoors"))
    found["all cats indoors"] = {"cue": "border", "found": "border" in warnings, "warnings": warnings}
    looks = looks_of(dataset, material.records)
    clean, shuffled = [], []
    for seed in range(rounds):
        random = np.random.default_rng(seed)
        half = random.random(len(material)) < 0.5
        some = type(looks)(*(array[half] for array in vars(looks).values()))
        part = material.part(half)
        clean.append(cried(part, some, seed))
        mixed = replace(part, labels=random.permutation(part.labels))
        shuffled.append(cried(mixed, some, seed))
    return {
        "planted": len(found),
        "found": sum(each["found"] for each in found.values()),
        "variants": found,
        "false alarms on clean halves": sum(map(bool, clean)),
        "false alarms on shuffled labels": sum(map(bool, shuffled)),
        "rounds": rounds,
    }


def cried(material: Material, looks: Any, seed: int) -> list[str]:
    probabilities = held_out(material.rows, material.labels, material.folds(seed), len(material.classes))
    accuracy = float((probabilities.argmax(axis=1) == material.labels).mean())
    return [each.cue for each in find_shortcuts(material, looks, accuracy, seed) if each.warning]


def warnings_of(dataset: Dataset) -> list[str]:
    material = gather(dataset, SIZE, "center")
    trained = material.part(material.trained)
    return cried(trained, looks_of(dataset, trained.records), 0)


Planter = Callable[[Image.Image, Path, np.random.Generator], None]
"""Saves an image of the class that differs, at a path without an ending."""


def plant_into(folder: Path, dataset: Dataset, plant: Planter) -> None:
    """Some photos of each class, those of the first changed."""
    for label in dataset.classes:
        (folder / label).mkdir(parents=True)
        records = [record for record in dataset.usable("train") if record.label == label][:PLANTED]
        for number, record in enumerate(records):
            with Image.open(dataset.file(record)) as opened:
                image = ImageOps.exif_transpose(opened).convert("RGB")
            place = folder / label / f"{number:04}"
            if label == dataset.classes[0]:
                plant(image, place, np.random.default_rng(number))
            else:
                image.save(place.with_suffix(".jpg"), quality=90)


def jpeg(change: Callable[[Image.Image, np.random.Generator], Image.Image], **options: Any) -> Planter:
    return lambda image, place, rng: change(image, rng).save(place.with_suffix(".jpg"), **{"quality": 90, **options})


def same(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return image


def tinted(red: float, blue: float) -> Callable[[Image.Image, np.random.Generator], Image.Image]:
    def change(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        return Image.fromarray(np.clip(np.asarray(image) * np.array((red, 1.0, blue)), 0, 255).astype(np.uint8))

    return change


def framed(share: float, colour: tuple[int, int, int]) -> Callable[[Image.Image, np.random.Generator], Image.Image]:
    def change(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        width = max(2, round(share * min(image.size)))
        return ImageOps.expand(ImageOps.crop(image, width), width, colour)

    return change


def dated(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    width, height = image.size
    image.paste((255, 140, 0), (int(0.75 * width), int(0.93 * height), int(0.98 * width), int(0.98 * height)))
    return image


def sized(side: int) -> Callable[[Image.Image, np.random.Generator], Image.Image]:
    return lambda image, rng: ImageOps.contain(image, (side, side))


def brightened(low: float, high: float) -> Callable[[Image.Image, np.random.Generator], Image.Image]:
    return lambda image, rng: ImageEnhance.Brightness(image).enhance(rng.uniform(low, high))


def png(share: float) -> Planter:
    def plant(image: Image.Image, place: Path, rng: np.random.Generator) -> None:
        image.save(place.with_suffix(".png" if rng.random() < share else ".jpg"))

    return plant


def named(form: str) -> Planter:
    return lambda image, place, rng: image.save(place.with_name(form.format(place.name)), quality=90)


def camera(model: str) -> Planter:
    def plant(image: Image.Image, place: Path, rng: np.random.Generator) -> None:
        exif = Image.Exif()
        exif[ExifTags.Base.Model] = model
        image.save(place.with_suffix(".jpg"), quality=90, exif=exif)

    return plant


VARIANTS: dict[str, tuple[str, Planter]] = {
    "warm light": ("colour", jpeg(tinted(1.5, 0.6))),
    "cold light": ("colour", jpeg(tinted(0.6, 1.5))),
    "weak warm light": ("colour", jpeg(tinted(1.25, 0.8))),
    "dark": ("brightness", jpeg(brightened(0.2, 0.4))),
    "bright": ("brightness", jpeg(brightened(1.8, 2.4))),
    "white frame": ("border", jpeg(framed(0.05, (255, 255, 255)))),
    "black frame": ("border", jpeg(framed(0.03, (0, 0, 0)))),
    "grey frame": ("border", jpeg(framed(0.08, (120, 120, 120)))),
    "date in the corner": ("border", jpeg(dated)),
    "PNG": ("format", png(1.0)),
    "nine in ten PNG": ("format", png(0.9)),
    "small": ("size", jpeg(sized(120))),
    "all of one size": ("size", jpeg(sized(300))),
    "low quality": ("file_size", jpeg(same, quality=25)),
    "high quality": ("file_size", jpeg(same, quality=99)),
    "names of a camera": ("name", named("IMG_{}.jpg")),
    "names of a search": ("name", named("download-{}.jpg")),
    "EXIF of one camera": ("camera", camera("Pawcam 3")),
    "EXIF without a model": ("camera", camera("")),
}

if __name__ == "__main__":
    main()
