"""The drawn sample with mistakes planted in it: one or more of each kind that `core.datasets.quality` looks for.

For learning to find them: the files are named like their neighbours, and the README beside them has the solution.
"""

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from core.datasets.sample.faces import Species
from core.datasets.sample.sample import VERSION, draw_image, save_image, write_sample
from core.jobs.progress import Progress, silent
from core.storage.files import atomic_folder
from core.storage.home import dataset_folder

FLAWED_VERSION = f"{VERSION}-flaws-1"  # names the cached folder, as `VERSION` does
MISLABELLED = "mislabelled"
WORDS = {
    "duplicates": "exact duplicate of another training image",
    "near_duplicates": "another training image, smaller and encoded again",
    "leaks": "a validation image that is also in training",
    "label_conflicts": "a cat that is among the cats and among the dogs",
    MISLABELLED: "in the wrong class; only the map or a trained model shows it",
    "very_dark": "hardly anything is visible",
    "blurry": "out of focus",
    "odd_aspect": "a strip that is squeezed to a square before training",
    "tiny": "too small to show an animal",
    "low_information": "no animal at all",
    "unreadable": "damaged: the end of the file is missing",
    "empty": "a file without content",
    "wrong_extension": "a PNG file that is called .jpg",
}
"""{kind: words}. Each kind but `MISLABELLED` is the key of a row of the report."""


def flawed_sample_folder(progress: Progress = silent) -> Path:
    """The default sample with mistakes, below `home()`. As `core.datasets.sample.sample.sample_folder`."""
    folder = dataset_folder(FLAWED_VERSION)
    if not folder.is_dir():
        with atomic_folder(folder) as temporary:
            write_sample(temporary, progress=progress)
            plant_flaws(temporary)
    return folder


def plant_flaws(folder: Path, seed: int = 0) -> dict[str, tuple[str, ...]]:
    """Adds files with mistakes to a drawn sample, and the list of them to its README.

    Args:
        folder: As `write_sample` left it, with 3 or more training images a class.

    Returns:
        {kind: paths relative to `folder`}, with the kinds of `WORDS`.
    """
    return _Planter(folder, seed).plant()


class _Planter:
    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.numbers = Counter({place: len(list(place.iterdir())) for place in folder.glob("*/*")})
        self.planted: dict[str, list[str]] = defaultdict(list)

    def plant(self) -> dict[str, tuple[str, ...]]:
        old = self.existing
        self.place("duplicates", "train", "cat").write_bytes(old("cat", 1).read_bytes())
        self.place("leaks", "validation", "cat").write_bytes(old("cat", 2).read_bytes())
        self.place("label_conflicts", "train", "dog").write_bytes(old("cat", 3).read_bytes())
        with Image.open(old("dog", 1)) as image:
            smaller = image.resize((image.width * 4 // 5, image.height * 4 // 5))
            smaller.save(self.place("near_duplicates", "train", "dog"), quality=60)
        save_image(self.new("dog"), self.place(MISLABELLED, "train", "cat"))
        save_image(self.new("cat"), self.place(MISLABELLED, "validation", "dog"))
        dark = self.new("dog").point(lambda level: level * 0.1)
        save_image(dark, self.place("very_dark", "train", "dog"))
        save_image(self.new("cat").filter(ImageFilter.GaussianBlur(7)), self.place("blurry", "train", "cat"))
        wide = self.new("cat")
        strip = wide.crop((0, wide.height // 3, wide.width, wide.height // 3 + wide.width // 3))
        save_image(strip, self.place("odd_aspect", "train", "cat"))
        save_image(self.new("dog").resize((40, 32)), self.place("tiny", "train", "dog"))
        page = Image.new("RGB", (240, 220), "white")
        ImageDraw.Draw(page).line((90, 110, 150, 110), "grey", 3)
        save_image(page, self.place("low_information", "train", "dog"))
        broken = self.place("unreadable", "train", "dog")
        save_image(self.new("dog"), broken)
        broken.write_bytes(broken.read_bytes()[:2_000])
        self.place("empty", "train", "cat").touch()
        self.new("dog").save(self.place("wrong_extension", "validation", "dog"), "PNG")
        planted = {kind: tuple(paths) for kind, paths in self.planted.items()}
        self.write_solution(planted)
        return planted

    def existing(self, species: Species, number: int) -> Path:
        return self.folder / "train" / f"{species}s" / f"{species}.{number:04}.jpg"

    def place(self, kind: str, split: str, species: Species) -> Path:
        """The next file of a class, noted as one of this kind."""
        parent = self.folder / split / f"{species}s"
        self.numbers[parent] += 1
        path = parent / f"{species}.{self.numbers[parent]:04}.jpg"
        self.planted[kind].append(path.relative_to(self.folder).as_posix())
        return path

    def new(self, species: Species) -> Image.Image:
        """A drawing that the sample does not have."""
        count = sum(self.numbers.values())
        return draw_image(species, np.random.default_rng([self.seed, *b"flaws", count]))

    def write_solution(self, planted: dict[str, tuple[str, ...]]) -> None:
        with (self.folder / "README.txt").open("a", encoding="utf-8") as file:
            file.write("\nMistakes planted on purpose, for learning to find them:\n")
            file.writelines(f"{path}: {WORDS[kind]}\n" for kind, paths in planted.items() for path in paths)
