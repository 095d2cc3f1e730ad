"""What a project's file holds.

    images/...              the readable images as they are, in the folders that say their class and split
    edits.json              the edits, and those that were undone
    augmentations.json      the saved augmentation settings
    run-1.zip, run-2.zip    bundles, as `core.export` writes and checks them
    run-1.json              the edits that the run was trained with, where it was trained on these images
    project.json            everything else, and the SHA-256 of each file above

It is an ordinary zip, which opens as a dataset too, since it has one folder. Its comment, the last 64 bytes, is the
SHA-256 of all bytes before: any change is found before anything is unpacked. Whoever forges can seal anew, so
everything else is checked as a stranger's.
"""

import hashlib
import re
from pathlib import Path, PurePosixPath
from typing import Annotated, BinaryIO, Literal

from pydantic import Field

from core.config import Settings
from core.datasets.collect.collection import MOST_CLASSES, MOST_IMAGES
from core.datasets.collect.places import folder_name
from core.datasets.edits.actions import Digest
from core.datasets.layout import is_image_name
from core.errors import ArchiveError
from core.runs.names import NAME_CHARACTERS, NOTE_CHARACTERS
from core.storage.archives import ArchiveLimits
from core.storage.files import open_regular

IMAGES, EDITS, SETTINGS, ABOUT = "images", "edits.json", "augmentations.json", "project.json"
LIMITS = ArchiveLimits()
MOST_RUNS = 100
MAX_ABOUT_BYTES = 64 * 2**20
SEAL_BYTES = 64
_MAX_BYTES = LIMITS.total_bytes + 2**30  # of the file, with what a zip adds for each member
_CHUNK = 2**20
Label = Annotated[str, Field(max_length=255)]


class SavedRun(Settings):
    """A run of the project, whose bundle has its number. `is_here` says whether it was trained on these images."""

    name: str = Field(max_length=NAME_CHARACTERS)
    note: str = Field("", max_length=NOTE_CHARACTERS)
    is_here: bool


class Project(Settings):
    """The content of project.json. It says no time and no place: saved twice, a project has the same bytes.

    Attributes:
        name: Of the dataset.
        by_name: Whether classes come from the names of files.
        classes: Those of a collection in their order; () for another dataset.
        fingerprint: Of the dataset with its edits.
    """

    format: Literal["pawlab project"] = "pawlab project"
    version: Literal[1] = 1
    name: str = Field(max_length=255)
    by_name: bool
    classes: tuple[Label, ...] = Field((), max_length=MOST_CLASSES)
    fingerprint: Digest
    runs: tuple[SavedRun, ...] = Field((), max_length=MOST_RUNS)
    files: dict[str, Digest] = Field(max_length=LIMITS.members)

    def images(self) -> list[str]:
        """The paths of the images, relative to the root of the dataset."""
        return [path.removeprefix(f"{IMAGES}/") for path in self.files if path.startswith(f"{IMAGES}/")]

    def other_files(self) -> set[str]:
        """What it must hold besides images and project.json."""
        numbered = list(enumerate(self.runs, 1))
        bundles = {bundle_name(number) for number, _ in numbered}
        return {EDITS, SETTINGS, *bundles, *(edits_name(number) for number, run in numbered if run.is_here)}


def bundle_name(number: int) -> str:
    """Where the bundle of run `number`, 1 and up, is."""
    return f"run-{number}.zip"


def edits_name(number: int) -> str:
    """Where the edits that run `number` was trained with are."""
    return f"run-{number}.json"


def is_collection(project: Project) -> bool:
    """Whether the images can be a collection: plain class folders, as many and of such names as the page Collect
    takes. What has split folders, folders in class folders or classes in the names of files stays a folder."""
    paths = [PurePosixPath(path) for path in project.images()]
    labels = {path.parts[0] for path in paths}
    are_plain = all(len(path.parts) == 2 and is_image_name(path.name) for path in paths)
    are_few = len(labels) <= MOST_CLASSES and len(paths) <= MOST_IMAGES
    return are_plain and are_few and not project.by_name and all(folder_name(label) == label for label in labels)


def seal(path: Path) -> None:
    """Replaces the last 64 bytes, a zip's comment of that length, by the SHA-256 of those before."""
    with path.open("r+b") as file:
        digest = _digest(file, path.stat().st_size - SEAL_BYTES)
        file.seek(-SEAL_BYTES, 2)
        file.write(digest)


def check_seal(path: Path) -> None:
    """Checks that no byte of a project's file has changed.

    Raises:
        ArchiveError: One has, or the file is none, or too large.
        OSError: It cannot be read.
    """
    with open_regular(path, _MAX_BYTES) as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - SEAL_BYTES))
        stated = file.read()
        if not re.fullmatch(rb"[0-9a-f]{64}", stated):
            raise refused("This is no project, or not the whole file")
        file.seek(0)
        if _digest(file, size - SEAL_BYTES) != stated:
            raise refused("The project was changed or damaged: its checksum does not match")


def refused(received: str, expected: str = "") -> ArchiveError:
    """The error for a file that is no project."""
    return ArchiveError(
        received,
        expected or "a project as Pawlab saved it",
        "Save it again, or copy it again. A model's bundle is opened with import, other zips as a dataset",
    )


def _digest(file: BinaryIO, size: int) -> bytes:
    digest = hashlib.sha256()
    while size > 0 and (piece := file.read(min(size, _CHUNK))):
        digest.update(piece)
        size -= len(piece)
    return digest.hexdigest().encode()
