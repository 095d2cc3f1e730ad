"""Writes a project: all of it, or nothing."""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.augmentation.store import SavedSettings, Store
from core.datasets.collect.journal import Journal
from core.datasets.collect.places import collection_folder
from core.datasets.edits.actions import Action, to_json
from core.datasets.edits.apply import apply_actions
from core.datasets.edits.export_zip import add_image, plain_member
from core.datasets.edits.sidecar import read_actions
from core.datasets.records import Dataset, ImageRecord
from core.errors import ConfigError, DatasetError, PawlabError
from core.export.kept import BUNDLE
from core.jobs.progress import Progress, silent
from core.project.contents import (
    ABOUT,
    EDITS,
    IMAGES,
    LIMITS,
    MOST_RUNS,
    SEAL_BYTES,
    SETTINGS,
    Project,
    SavedRun,
    bundle_name,
    edits_name,
    seal,
)
from core.runs.run import Run
from core.storage.archives import check_distinct, path_parts
from core.storage.files import atomic_file

_CHUNK = 2**20


@dataclass(frozen=True)
class Saved:
    """What was saved.

    Attributes:
        images: How many, excluded ones among them.
        unreadable: Files that are no images, which were left out.
        runs: Ids.
        settings: Names of augmentation settings.
    """

    path: str
    bytes: int
    name: str
    images: int
    unreadable: int
    runs: tuple[str, ...]
    settings: tuple[str, ...]
    fingerprint: str


def save_project(dataset: Dataset, target: Path, runs: Sequence[Run] = (), progress: Progress = silent) -> Saved:
    """Writes a dataset with its edits, runs and the saved augmentation settings to one file. Saved again with nothing
    changed, it has the same bytes.

    Args:
        target: A file in a folder that exists, which appears only when it is complete; an existing file is replaced.
        runs: With models. Each goes in as the bundle that Export model makes, which is made first where there is none.
        progress: Told of "write", in images, and of the phases of `make_bundle`. `Cancelled` from it stops the work.

    Raises:
        DatasetError: A name cannot be in a zip, the images are too many, or one has changed since they were opened.
        RunError, ExportError: As `make_bundle`.
        PawlabError: The file cannot be written.
    """
    runs = list({run.directory: run for run in runs}.values())
    if len(runs) > MOST_RUNS:
        raise ConfigError(f"Received {len(runs)} runs", f"at most {MOST_RUNS}")
    actions, undone = read_actions(dataset.root)
    dataset = apply_actions(dataset, actions)
    records = dataset.readable()
    _check_names(records)
    summaries = [run.summary() for run in runs]  # of all, before one takes minutes
    here = [
        run.source == dataset.source.text or summary.get("fingerprint") == dataset.fingerprint
        for run, summary in zip(runs, summaries, strict=True)
    ]
    bundles = [_bundle(run, progress) for run in runs]
    _check_size(sum(record.bytes for record in records) + sum(file.stat().st_size for file in bundles), len(records))
    settings = [SavedSettings(name=name, settings=Store().open(name)) for name in Store().names()]
    try:
        with atomic_file(target) as temporary:
            with zipfile.ZipFile(temporary, "w") as archive:
                files = _Files(archive)
                files.add_images(dataset, records, progress)
                files.add_text(EDITS, to_json(_nobodys(actions), _nobodys(undone)))
                files.add_text(SETTINGS, json.dumps([saved.model_dump(mode="json") for saved in settings]))
                for number, (run, file, is_here) in enumerate(zip(runs, bundles, here, strict=True), 1):
                    files.add_file(bundle_name(number), file, progress)
                    if is_here:
                        files.add_text(edits_name(number), to_json(_nobodys(run.edits())))
                about = Project(
                    name=dataset.source.name[:255],
                    by_name=dataset.source.by_name,
                    classes=_order(dataset),
                    fingerprint=dataset.fingerprint,
                    runs=tuple(
                        SavedRun(name=run.name, note=run.note, is_here=is_here)
                        for run, is_here in zip(runs, here, strict=True)
                    ),
                    files=files.digests,
                )
                files.add_text(ABOUT, about.model_dump_json())
                archive.comment = b"0" * SEAL_BYTES
            seal(temporary)
    except OSError as error:
        raise PawlabError(f"{target} cannot be written: {error.strerror or error}") from error
    return Saved(
        str(target),
        target.stat().st_size,
        about.name,
        len(records),
        len(dataset.unreadable()),
        tuple(run.id for run in runs),
        tuple(saved.name for saved in settings),
        dataset.fingerprint,
    )


class _Files:
    """The files of the zip, with the SHA-256 of each as it is written."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.digests: dict[str, str] = {}

    def add_images(self, dataset: Dataset, records: Sequence[ImageRecord], progress: Progress) -> None:
        progress("write", 0, len(records))
        for number, record in enumerate(records, 1):
            name = f"{IMAGES}/{record.path}"
            add_image(self.archive, name, record, dataset)
            self.digests[name] = record.digest
            progress("write", number, len(records))

    def add_text(self, name: str, text: str) -> None:
        content = text.encode("utf-8")
        self.archive.writestr(plain_member(name), content, zipfile.ZIP_DEFLATED)
        self.digests[name] = hashlib.sha256(content).hexdigest()

    def add_file(self, name: str, file: Path, progress: Progress) -> None:
        digest, member = hashlib.sha256(), plain_member(name)
        member.file_size = file.stat().st_size  # zipfile then knows whether it needs its form for large files
        with file.open("rb") as source, self.archive.open(member, "w") as target:
            while piece := source.read(_CHUNK):
                digest.update(piece)
                target.write(piece)
                progress("write", 0, 0)
        self.digests[name] = digest.hexdigest()


def _bundle(run: Run, progress: Progress) -> Path:
    if BUNDLE.find(run) is None:
        BUNDLE.keep(run, progress)
    return run.directory / BUNDLE.file


def _nobodys(actions: Iterable[Action]) -> tuple[Action, ...]:
    """Edits without the sessions that made them, whose ids stand in addresses."""
    return tuple(replace(action, author="") for action in actions)


def _order(dataset: Dataset) -> tuple[str, ...]:
    folder = collection_folder(dataset.root.name)
    return Journal(folder).read().classes if folder and folder.resolve() == dataset.root else ()


def _check_names(records: Sequence[ImageRecord]) -> None:
    check_distinct(((path_parts(f"{IMAGES}/{one.path}", LIMITS, _unfit), False) for one in records), _unfit)


def _unfit(problem: str) -> DatasetError:
    return DatasetError(
        f"The dataset cannot be saved as a project, because it {problem}",
        "names that every computer can have",
        "Rename that file or folder; or write the dataset with clean, which renames",
    )


def _check_size(total: int, num_images: int) -> None:
    if total > LIMITS.total_bytes * 0.99 or num_images > LIMITS.members - 1_000:
        raise DatasetError(
            f"The project would have {total / 2**30:.1f} GB in {num_images:,} images",
            f"at most {LIMITS.total_bytes / 2**30:.0f} GB and {LIMITS.members - 1_000:,} images",
            "Save it with fewer runs, or share the folder itself",
        )
