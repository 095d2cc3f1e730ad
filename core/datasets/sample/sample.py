"""The drawn sample: cats and dogs that Pawlab draws itself, so that every page works with no network and no upload.

They are drawings, not photos, and say so wherever words can: a README beside them and a comment in every file. Each
image depends on nothing but (seed, split, label, number), so a larger sample begins with the same images.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageFilter

from core.datasets.sample.faces import Face, Species, draw_face, random_face
from core.datasets.sample.pen import Pen, darker, mirrored, oval, pick, smooth
from core.datasets.sample.scenes import BACKGROUNDS, COVERS, Painter, vivid
from core.errors import ConfigError, DatasetError
from core.jobs.progress import Progress, silent
from core.storage.files import atomic_folder
from core.storage.home import dataset_folder

VERSION = "sample-2"  # names the cached folder: count it up with every change of the images
SPLITS = ("train", "validation")
SPECIES: tuple[Species, ...] = ("cat", "dog")
OVERSAMPLE = 2  # drawn this much larger and averaged down, which smooths the edges
MOST_BRIGHT = 0.75  # mean grey level, 0..1
GRAIN = (3.0, 7.0)  # standard deviation in grey levels
DESCRIPTION = "drawn by Pawlab"
README = """These images are drawings, not photos.

Pawlab drew them with seed {seed}: {train} to train on and {validation} to validate on for each class, cats and dogs.
They stand in for photos where there are none, and some are hard on purpose: half hidden, small, or with a trait of the
other animal. A model trained on them has learnt about these drawings, not about real cats and dogs.
"""


def sample_folder(progress: Progress = silent) -> Path:
    """The default sample below `home()`, drawn the first time that it is asked for.

    Raises:
        Cancelled: `progress` asked to stop; nothing is left behind.
    """
    folder = dataset_folder(VERSION)
    if not folder.is_dir():
        with atomic_folder(folder) as temporary:
            write_sample(temporary, progress=progress)
    return folder


def write_sample(
    folder: Path, *, train: int = 200, validation: int = 80, seed: int = 0, progress: Progress = silent
) -> None:
    """Draws the sample into `folder`: train/cats/cat.0001.jpg, ..., validation/dogs/..., and a README.txt.

    The same arguments give the same bytes with the same Pillow and numpy.

    Args:
        folder: Made when it is missing; must be empty.
        train: Images a class in train/.
        validation: Images a class in validation/.
        seed: 0 or more.

    Raises:
        ConfigError: A count or the seed is out of range.
        DatasetError: `folder` is a file or is not empty.
        Cancelled: `progress` asked to stop; `folder` is left empty.
    """
    for name, value, least in (("train", train, 1), ("validation", validation, 1), ("seed", seed, 0)):
        if not least <= value <= 9999:  # four digits in a file's name
            raise ConfigError(f"{name} is {value}", f"a whole number from {least} to 9999")
    make_empty(folder)

    def image(split: str, species: Species, number: int) -> Image.Image:
        return draw_image(species, np.random.default_rng([seed, *split.encode(), *species.encode(), number]))

    readme = README.format(seed=seed, train=train, validation=validation)
    write_images(folder, dict(zip(SPLITS, (train, validation), strict=True)), image, readme, progress)


def make_empty(folder: Path) -> None:
    """Makes the folder where it is missing. Raises `DatasetError`: it is a file or is not empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DatasetError(f"{folder} is not an empty folder", "a new or an empty folder", "Choose another folder")
    folder.mkdir(parents=True, exist_ok=True)


def write_images(
    folder: Path,
    counts: Mapping[str, int],
    image: Callable[[str, Species, int], Image.Image],
    readme: str,
    progress: Progress = silent,
) -> None:
    """Writes `image(split, species, number)` for as many numbers, from 1, of each split as `counts` says, and a
    README.txt, into an empty folder. What stops it leaves none of them."""
    jobs = [
        (split, species, number) for split in counts for species in SPECIES for number in range(1, counts[split] + 1)
    ]

    def write(job: tuple[str, Species, int]) -> None:
        split, species, number = job
        save_image(image(split, species, number), folder / split / f"{species}s" / f"{species}.{number:04}.jpg")

    try:
        for split, species, _ in jobs:
            (folder / split / f"{species}s").mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(2) as pool:
            try:
                for done, _result in enumerate(pool.map(write, jobs), start=1):
                    progress("draw", done, len(jobs))
            finally:
                pool.shutdown(cancel_futures=True)  # drop the rest now, not when the iterator is collected
        (folder / "README.txt").write_text(readme, encoding="utf-8")
    except BaseException:
        for split in counts:
            shutil.rmtree(folder / split, ignore_errors=True)
        raise


def save_image(image: Image.Image, path: Path) -> None:
    """As a JPEG that says that it was drawn."""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = DESCRIPTION
    image.save(path, quality=88, exif=exif, comment=DESCRIPTION)


def draw_image(
    species: Species,
    rng: np.random.Generator,
    backgrounds: Sequence[Painter] = BACKGROUNDS,
    sizes: tuple[float, float] = (0.4, 0.68),
) -> Image.Image:
    """One finished image, RGB, 200..320 pixels wide and 190..260 high, on one of these backgrounds, with a head whose
    half height is so much of the image's, from and to."""
    width, height = int(rng.integers(200, 321)), int(rng.integers(190, 261))
    image = Image.new("RGB", (width * OVERSAMPLE, height * OVERSAMPLE))
    scene = Pen(image, (image.width / 2, image.height / 2), image.height / 2)  # y from -1 to 1, x a little wider
    pick(rng, backgrounds)(scene, rng)
    face = random_face(rng, species)
    size = rng.uniform(*sizes)
    x, y = rng.normal(0, 0.22), rng.normal(0.08, 0.16)
    centre = (image.width / 2 + x * image.height / 2, image.height / 2 + y * image.height / 2)
    turn = (rng.uniform(-0.4, 0.4), rng.uniform(-0.15, 0.15))
    ink = pick(rng, (0.0, 0.0, 0.02, 0.03))
    body = Pen(image, centre, size * image.height / 2, 0.0, turn, ink)
    _body(body, face, rng)
    draw_face(Pen(image, centre, body.size, float(rng.normal(0, 13)), turn, ink), face)
    if rng.random() < 0.3:
        pick(rng, COVERS)(scene, rng, x, y, size)
    return _light(image.reduce(OVERSAMPLE), rng)


def _body(pen: Pen, face: Face, rng: np.random.Generator) -> None:
    wide = rng.uniform(0.85, 1.3)
    shoulders = mirrored([(0, 0.2), (0.5, 0.3), (wide, 1.5), (wide + 0.2, 5), (0, 6)])
    pen.shape(shoulders, darker(face.fur, 0.15), depth=-0.3)
    if rng.random() < 0.5:
        pen.shape(mirrored([(0, 0.5), (0.4, 1.2), (0.3, 2.2), (0, 2.8)]), face.light, depth=-0.1)
    if rng.random() < 0.25:
        colour = vivid(rng)
        pen.line(smooth([(-0.66, 0.86), (0, 1.14), (0.66, 0.86)], closed=False), colour, 0.15, depth=-0.2)
        pen.shape(oval(0, 1.24, 0.11, 0.11), (240, 205, 90), depth=-0.15)


def _light(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Brightness, warmth, vignette, grain, and now and then blur.

    Grain, as every camera leaves it: without it areas of one colour have one grey level each, and the checks of a
    dataset's quality would rightly find too few levels and too little detail. For their sake no drawing is overexposed
    either.
    """
    if rng.random() < 0.25:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.4)))
    warm = rng.normal(0, 0.06)
    brightest = MOST_BRIGHT * 255 / np.asarray(image.convert("L")).mean()
    gain = min(rng.uniform(0.8, 1.1), brightest) * np.array((1 + warm, 1.0, 1 - warm))
    y, x = np.linspace(-1, 1, image.height)[:, None], np.linspace(-1, 1, image.width)
    shadow = 1 - rng.uniform(0, 0.3) * np.clip(0.5 * (x**2 + y**2), 0, 1)
    pixels = np.asarray(image, dtype=np.float32) * (gain * shadow[..., None]).astype(np.float32)
    pixels += rng.normal(0, 1, pixels.shape[:2]).astype(np.float32)[..., None] * rng.uniform(*GRAIN)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
