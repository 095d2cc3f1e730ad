"""Classified images as copies in one folder per predicted class, on this machine or in a zip.

Originals are read, never moved; nothing that exists is overwritten: a copy whose name is taken gets a number. An image
unlike the training images goes to `UNLIKE_FOLDER`, one below the threshold to `UNSURE_FOLDER`; one without a prediction
is left out, for its class is not known.

Hostile names: a class or an image is called whatever its maker liked, so every part of a path is made safe
(`core.text.file_names`), and a class folder that is a link is refused.
"""

import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO

from core.datasets.names import CLASS_BYTES
from core.errors import ConfigError, ImageError, PawlabError
from core.inference.batch import PROBLEM, UNLIKE, UNSURE, Batch, outcome
from core.inference.classifier import Prediction
from core.inference.given import InputImage
from core.jobs.progress import Progress, silent
from core.runs.limits import Limits
from core.text.file_names import file_name, folded, numbered

UNSURE_FOLDER, UNLIKE_FOLDER = "unsure", "unlike"
_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can store


class FolderSorter:
    """Copies images into folders of a folder.

    Attributes:
        target: The folder.
        counts: Number of images copied so far, per folder.
    """

    def __init__(self, target: Path, classes: Sequence[str], limits: Limits, inputs: Sequence[Path] = ()) -> None:
        """
        Args:
            target: Its folders are made as they are needed, and itself with its parents.
            inputs: Files and folders that the images come from.

        Raises:
            ConfigError: `target` is no folder, or copies in it would be among the inputs.
        """
        self.target, self._limits, self._folders = target, limits, class_folders(classes)
        self._numbers: Counter[tuple[str, str]] = Counter()
        self.counts: Counter[str] = Counter()
        self._check(inputs)

    def copy(self, name: str, content: bytes, prediction: Prediction) -> Path:
        """Writes the copy of one image and returns its path.

        Args:
            name: Of the original; folders in it do not count.

        Raises:
            PawlabError: It cannot be written.
        """
        folder = self.target / self._folders[outcome(prediction, self._limits)]
        try:
            self._make(folder)
            path = self._write(folder, _safe(name), content)
        except OSError as error:
            raise PawlabError(
                f"{folder} cannot be written: {error.strerror or error}", "a folder with room to write in"
            ) from error
        self.counts[folder.name] += 1
        return path

    def _check(self, inputs: Sequence[Path]) -> None:
        try:
            real = self.target.resolve()
            if real.exists() and not real.is_dir():
                raise ConfigError(f"{self.target} is a file", "a folder to copy into, existing or new")
            folders = [real / name for name in self._folders.values()]
            for source in (path.resolve() for path in inputs):
                if source == real or any(folder == source or folder in source.parents for folder in folders):
                    raise ConfigError(
                        f"The copies would lie among the images of {source}",
                        "another folder",
                        f"Choose a new one, such as {source.with_name(f'{source.name} sorted')}",
                    )
        except (OSError, ValueError, RuntimeError) as error:  # a name that is too long; a NUL; links in a circle
            raise ConfigError(f"{self.target} cannot be a folder", "a folder to copy into") from error

    def _make(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if folder.is_symlink():
            raise PawlabError(f"{folder} is a link to another place", "folders", "Choose another folder")

    def _write(self, folder: Path, name: PurePosixPath, content: bytes) -> Path:
        place = (folder.name, folded(name.name))
        while True:
            number = self._numbers[place]
            path = folder / (f"{name.stem}-{number + 1}{name.suffix}" if number else name.name)
            self._numbers[place] += 1
            with suppress(FileExistsError):  # also where it is a link
                with path.open("xb") as file:
                    try:
                        file.write(content)
                    except OSError:  # the disk is full: half an image is none
                        path.unlink()
                        raise
                return path


def class_folders(classes: Sequence[str]) -> dict[str, str]:
    """The names of the folders of each class, `UNLIKE` and `UNSURE`, all different and safe on every file system."""
    names = [(UNLIKE_FOLDER, ""), (UNSURE_FOLDER, ""), *((file_name(label, CLASS_BYTES), "") for label in classes)]
    return dict(zip((UNLIKE, UNSURE, *classes), numbered(names), strict=True))


def copy_batch(batch: Batch, sorter: FolderSorter, progress: Progress = silent) -> FolderSorter:
    """Copies all images of a batch and returns the sorter with its counts.

    Args:
        progress: Reports the phase "copy", in images. What it raises stops the work; what is copied stays.

    Raises:
        PawlabError: An image can no longer be read, or its copy cannot be written.
    """
    rows = [row for row in batch.rows if row.prediction]
    for number, row in enumerate(rows):
        progress("copy", number, len(rows))
        assert row.prediction
        sorter.copy(row.image.path, _content(row.image), row.prediction)
    progress("copy", len(rows), len(rows))
    return sorter


def write_sorted_zip(batch: Batch, limits: Limits, file: IO[bytes]) -> None:
    """Writes all images of a batch into a zip with one folder per class. The same images give the same bytes.

    Raises:
        PawlabError: An image can no longer be read.
    """
    with zipfile.ZipFile(file, "w") as archive:  # stored: images are compressed already
        for image, name in zip_names(batch, limits):
            archive.writestr(zipfile.ZipInfo(name, _TIME), _content(image))


def zip_names(batch: Batch, limits: Limits) -> Iterator[tuple[InputImage, str]]:
    """Each image that has a prediction, with its place in the zip: CLASS/NAME."""
    folders = class_folders(batch.classes)
    outcomes = [(row.image, row.outcome(limits)) for row in batch.rows]
    placed = [(image, folders[outcome]) for image, outcome in outcomes if outcome != PROBLEM]

    def wanted() -> Iterable[tuple[str, str]]:
        for image, folder in placed:
            name = _safe(image.path)
            yield f"{folder}/{name.stem}", name.suffix

    yield from zip((image for image, _ in placed), numbered(wanted()), strict=True)


def num_bytes(batch: Batch) -> int:
    """Of all images that have a prediction, to tell whether they fit into a zip."""
    total = 0
    for image in (row.image for row in batch.rows if row.prediction):
        with suppress(OSError):
            total += len(image.source) if isinstance(image.source, bytes) else image.source.stat().st_size
    return total


def _safe(name: str) -> PurePosixPath:
    """A file's name, which may stand behind folders, as every file system takes it."""
    return PurePosixPath(file_name(name.rstrip("/").rsplit("/", 1)[-1]))


def _content(image: InputImage) -> bytes:
    try:
        return image.read()
    except ImageError as error:
        raise PawlabError(f"{image.path} can no longer be read: {error.received}") from error
