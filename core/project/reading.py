"""Unpacks a project that a stranger may have made, and checks all of it before anything of it counts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from core.augmentation.store import MOST_NAMES, SavedSettings
from core.datasets.edits.actions import Action, from_json
from core.datasets.edits.apply import apply_actions
from core.datasets.edits.sidecar import Actions
from core.datasets.loading import open_dataset
from core.datasets.records import Dataset
from core.datasets.source import BY_NAME, Source, resolve_source
from core.errors import ArchiveError
from core.export.importing import CheckedBundle, read_bundle
from core.jobs.progress import Progress
from core.project.contents import (
    ABOUT,
    EDITS,
    IMAGES,
    LIMITS,
    MAX_ABOUT_BYTES,
    SETTINGS,
    Project,
    SavedRun,
    bundle_name,
    check_seal,
    edits_name,
    refused,
)
from core.storage.archives import extract_zip
from core.storage.files import sha256_file
from core.storage.models import load_model
from core.text.lines import quoted

MAX_SETTINGS_BYTES = 2**22
Value = TypeVar("Value")


@dataclass(frozen=True)
class CheckedRun:
    """A run of the project, its bundle checked, and the edits that it was trained with."""

    saved: SavedRun
    bundle: CheckedBundle
    actions: Actions


@dataclass(frozen=True)
class CheckedProject:
    """A project that passed every check.

    Attributes:
        images: The unpacked folder, to be moved.
        dataset: What it opens as, with the edits.
        edits: Those that hold, and those that were undone.
    """

    about: Project
    images: Path
    dataset: Dataset
    edits: tuple[Actions, Actions]
    settings: list[SavedSettings]
    runs: list[CheckedRun]


def images_source(folder: Path, *, by_name: bool) -> Source:
    """The source of a project's images that lie in `folder`."""
    return resolve_source(f"{BY_NAME}{folder}" if by_name else folder)


def read_project(source: Path, scratch: Path, progress: Progress) -> CheckedProject:
    """Unpacks a project into `scratch`, an empty folder that the caller removes, and checks all of it.

    Args:
        progress: Told of "extract" and "sums", in files, and of the phases of `open_dataset` and of an import.

    Raises:
        ArchiveError: It is no project, was changed or damaged, or holds what a project must not hold.
        DatasetError: Its images are no dataset.
        OSError: The disk refuses.
    """
    check_seal(source)
    folder = scratch / "project"
    try:
        extract_zip(source, folder, progress, LIMITS)
    except ArchiveError as error:  # whose message is about datasets
        raise refused(f"This is no project: {error.received}") from error
    about = _parsed(folder, ABOUT, lambda file: load_model(file, Project, max_bytes=MAX_ABOUT_BYTES))
    _check_files(folder, about, progress)
    edits = _parsed(folder, EDITS, _edits)
    settings = _parsed(folder, SETTINGS, _settings)
    dataset = open_dataset(images_source(folder / IMAGES, by_name=about.by_name), edits=False, progress=progress)
    runs = []
    for number, saved in enumerate(about.runs, 1):
        own = scratch / f"run-{number}"
        own.mkdir()
        actions = _parsed(folder, edits_name(number), _edits)[0] if saved.is_here else ()
        runs.append(CheckedRun(saved, read_bundle(folder / bundle_name(number), own, progress), actions))
    return CheckedProject(about, folder / IMAGES, apply_actions(dataset, edits[0]), edits, settings, runs)


def _parsed(folder: Path, name: str, parse: Callable[[Path], Value]) -> Value:
    try:
        return parse(folder / name)
    except FileNotFoundError as error:
        raise refused(f"The project contains no {name}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise refused(f"{name} of the project is broken: {error}") from error


def _edits(file: Path) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    return from_json(file.read_bytes())


def _settings(file: Path) -> list[SavedSettings]:
    settings = load_model(file, list[SavedSettings], max_bytes=MAX_SETTINGS_BYTES)
    if len(settings) > MOST_NAMES:
        raise ValueError(f"it has {len(settings)} settings, and {MOST_NAMES} are the limit")
    return settings


def _check_files(folder: Path, about: Project, progress: Progress) -> None:
    """Exactly the files that project.json lists, and that a project has, each with its checksum."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {ABOUT}
    if different := sorted(found ^ about.files.keys()):
        raise refused(f"{ABOUT} does not list the files of the project: {quoted(different[0])}")
    images = {f"{IMAGES}/{path}" for path in about.images()}
    if different := sorted((about.files.keys() - images) ^ about.other_files()):
        raise refused(f"The project lacks a file, or has one too many: {quoted(different[0])}")
    progress("sums", 0, len(found))
    for number, (name, digest) in enumerate(about.files.items(), 1):
        if sha256_file(folder / name) != digest:
            raise refused(f"The checksum of {quoted(name)} does not match {ABOUT}")
        progress("sums", number, len(found))
