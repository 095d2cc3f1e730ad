"""Puts a project that was checked below `home()`: all of it or nothing, beside what is there already."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from core.augmentation.store import LONGEST_NAME, SavedSettings, Store
from core.datasets.collect.cards import visible_names
from core.datasets.collect.journal import Journal
from core.datasets.collect.places import collections_folder, folder_name, lock
from core.datasets.edits.sidecar import edits_file, lock_edits, write_actions
from core.datasets.scan.index import move_memory
from core.export.importing import adopt_bundle
from core.project.contents import is_collection
from core.project.reading import CheckedProject, CheckedRun, images_source
from core.runs.names import NAME_CHARACTERS, NOTE_CHARACTERS
from core.runs.run import Run
from core.runs.store import list_runs
from core.storage.home import home
from core.text.file_names import folded
from core.text.lines import one_line


@dataclass(frozen=True)
class Opened:
    """What a project became.

    Attributes:
        name: Of the dataset, which differs from the project's where that was taken.
        source: The dataset as every command and page opens it.
        is_collection: Whether it is a collection, which can grow and is found by its name; else it is a folder.
        images: How many.
        runs: The new runs.
        settings: Names of the augmentation settings that were new.
        is_same: Whether the images are read here as where the project was saved.
    """

    name: str
    source: str
    is_collection: bool
    images: int
    runs: tuple[Run, ...]
    settings: tuple[str, ...]
    is_same: bool


def projects_folder() -> Path:
    """Where the images of projects lie that are no collections, whether or not it exists."""
    return home() / "projects"


def place_project(checked: CheckedProject, name: str = "") -> Opened:
    """Moves everything to its place; the images come last.

    Args:
        name: For the dataset; by default the project's. Where it is taken, a number follows it.

    Raises:
        ArchiveError: A run's predictions are broken. Nothing is left behind.
        OSError, PawlabError: The disk refuses. Nothing is left behind either.
    """
    about, as_collection = checked.about, is_collection(checked.about)
    parent = collections_folder() if as_collection else projects_folder()
    wanted = folder_name(name) or folder_name(about.name) or "project"
    parent.mkdir(parents=True, exist_ok=True)
    with lock(""), ExitStack() as undo:
        name = free_name(wanted, visible_names(parent), 100)
        target = parent / name
        source = images_source(target, by_name=about.by_name)
        old_root = checked.dataset.root
        root = target.resolve() / old_root.relative_to(checked.images.resolve())
        runs = _adopt_runs(checked.runs, source.text, undo)
        settings = _add_settings(checked.settings, undo)
        _write_edits(root, checked, undo)
        if as_collection and about.classes:
            Journal(checked.images).write_classes(about.classes)
        checked.images.rename(target)
        move_memory(old_root, root)
        undo.pop_all()
    is_same = checked.dataset.fingerprint == about.fingerprint
    num_images = len(checked.dataset.readable())
    return Opened(name, source.text, as_collection, num_images, tuple(runs), tuple(settings), is_same)


def free_name(name: str, taken: Iterable[str], longest: int) -> str:
    """`name`, or where that is taken, in whatever case, "name 2", "name 3", ... of at most `longest` characters."""
    names = set(map(folded, taken))
    return next(free for free in _numbered(name, longest) if folded(free) not in names)


def _numbered(name: str, longest: int) -> Iterator[str]:
    for number in count(1):
        suffix = f" {number}" if number > 1 else ""
        yield name[: longest - len(suffix)].rstrip() + suffix


def _adopt_runs(runs: list[CheckedRun], source: str, undo: ExitStack) -> list[Run]:
    taken = [run.name for run in list_runs().runs]
    adopted = []
    for checked in sorted(runs, key=lambda run: run.bundle.manifest.created):  # the newest of them is listed first
        saved = checked.saved
        wanted = one_line(saved.name, NAME_CHARACTERS) or one_line(checked.bundle.manifest.name, NAME_CHARACTERS)
        name = free_name(wanted, taken, NAME_CHARACTERS)
        run = adopt_bundle(checked.bundle, name, source=source if saved.is_here else "", actions=checked.actions)
        undo.callback(shutil.rmtree, run.directory, ignore_errors=True)
        if note := one_line(saved.note, NOTE_CHARACTERS):
            run = run.rename(run.name, note)
        taken.append(run.name)
        adopted.append(run)
    return adopted


def _add_settings(settings: list[SavedSettings], undo: ExitStack) -> list[str]:
    """Saves those that are not there already, and returns their names."""
    store = Store()
    added: list[str] = []
    for saved in settings:
        names = store.names()
        for name in _numbered(one_line(saved.name, LONGEST_NAME), LONGEST_NAME):
            if name not in names:
                added.append(store.save(name, saved.settings))
                undo.callback(store.delete, name)
                break
            if store.open(name) == saved.settings:
                break
    return added


def _write_edits(root: Path, checked: CheckedProject, undo: ExitStack) -> None:
    file = edits_file(root)
    if any(checked.edits) or file.exists():  # of a dataset that was once at this place
        undo.callback(file.unlink, missing_ok=True)
        with lock_edits(root):
            write_actions(root, *checked.edits)
