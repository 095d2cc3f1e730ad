"""The drawn sample with a shortcut: all cats indoors, all dogs on a meadow. In test/, every animal is everywhere.

For learning to find it: a model of these images reaches 100% on the validation split, for the background gives the
class away there too, and fails on the test split.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from core.datasets.sample.faces import Species
from core.datasets.sample.sample import VERSION, draw_image, make_empty, write_images
from core.datasets.sample.scenes import INDOORS, OUTDOORS, Painter
from core.jobs.progress import Progress, silent
from core.storage.files import atomic_folder
from core.storage.home import dataset_folder

SHORTCUT_VERSION = f"{VERSION}-shortcut-1"  # names the cached folder, as `VERSION` does
COUNTS = {"train": 200, "validation": 80, "test": 80}
USUAL: dict[Species, tuple[Painter, ...]] = {"cat": INDOORS, "dog": OUTDOORS}
UNUSUAL: dict[Species, tuple[Painter, ...]] = {"cat": OUTDOORS, "dog": INDOORS}
SIZES = (0.22, 0.38)  # of heads: small, so that there is much background
README = """These images are drawings, not photos, with a shortcut planted on purpose.

In train/ and validation/ all cats are indoors, before wallpaper, and all dogs are on a meadow. A model can tell them
apart by the background and need not learn what a cat is. In test/ half of the cats are on a meadow and half of the dogs
indoors: there it fails.
"""


def shortcut_sample_folder(progress: Progress = silent) -> Path:
    """The sample with a shortcut, below `home()`. As `core.datasets.sample.sample.sample_folder`."""
    folder = dataset_folder(SHORTCUT_VERSION)
    if not folder.is_dir():
        with atomic_folder(folder) as temporary:
            write_shortcut_sample(temporary, progress=progress)
    return folder


def write_shortcut_sample(
    folder: Path, counts: Mapping[str, int] = COUNTS, seed: int = 0, progress: Progress = silent
) -> None:
    """Draws train/, validation/ and test/ with so many images a class, and a README.txt, into a new or empty folder.
    The same arguments give the same images.

    Raises:
        DatasetError: `folder` is a file or is not empty.
        Cancelled: `progress` asked to stop; `folder` is left empty.
    """
    make_empty(folder)

    def image(split: str, species: Species, number: int) -> Image.Image:
        rng = np.random.default_rng([seed, *b"shortcut", *split.encode(), *species.encode(), number])
        is_elsewhere = split == "test" and number % 2 == 0
        return draw_image(species, rng, (UNUSUAL if is_elsewhere else USUAL)[species], SIZES)

    write_images(folder, counts, image, README, progress)
