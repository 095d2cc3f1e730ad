"""From a source to a dataset: downloaded, unpacked or drawn if need be, then scanned, split and edited."""

import json
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from core.datasets.edits.actions import Action, Digest
from core.datasets.edits.apply import apply_actions
from core.datasets.edits.sidecar import read_actions
from core.datasets.layout import ALIASES, EXPECTED, FoundFile, Layout, find_layout, find_root
from core.datasets.named_files import counts_in_words, find_named_files
from core.datasets.records import Dataset, ImageRecord
from core.datasets.remote import fetch_zip
from core.datasets.scan.file import Scanned
from core.datasets.scan.index import scan_files
from core.datasets.source import BY_NAME, FLAWED_SAMPLE, Source, nothing_at, resolve_source
from core.datasets.split import choose_validation
from core.errors import ArchiveError, ConfigError, DatasetError, NamedFilesError
from core.jobs.progress import Progress, silent
from core.storage.archives import extract_zip
from core.storage.files import sha256_file, write_atomic
from core.storage.home import dataset_folder, subfolder
from core.storage.models import load_model


def open_dataset(
    source: str | Path | Source,
    *,
    validation_split: float = 0.2,
    seed: int = 0,
    edits: bool = True,
    progress: Progress = silent,
) -> Dataset:
    """Finds the images, decodes each once to prove that it can be trained on, and splits them if they are not split.

    Args:
        source: As `resolve_source` takes it: "sample", "flawed_sample", "cats_and_dogs", the http(s) address of a zip,
            or the path of a folder or a zip. A zip is downloaded and unpacked once, below `home()`, and found again by
            its content.
        validation_split: Share of each class for validation, above 0 and below 1. Used if the source has no
            validation folder.
        seed: Of that split.
        edits: Whether to exclude and relabel images as the user's edits say. Edits come after the split, so that none
            moves another image between training and validation.
        progress: Told of the phases "download", in bytes, and "extract" and "scan", in files. `Cancelled` from it stops
            the work.

    Raises:
        DatasetError: The source does not exist, has fewer than two classes with readable training images, or its edits
            are broken (`Edits.load`). What edits leave need not be trainable: see `check_trainable`.
        ArchiveError: The zip is broken, hostile or too large.
        DownloadError: An address gives no zip.
        ConfigError: `validation_split` is out of range.
        Cancelled: From `progress`.

    Example:
        >>> dataset = open_dataset("sample")
        >>> dataset.classes
        ('cats', 'dogs')
    """
    if not 0 < validation_split < 1:
        raise ConfigError(f"Received {validation_split} for validation_split", "a share above 0 and below 1")
    source = resolve_source(source)
    layout, records = _scanned(source, progress)
    _check_any(records, layout, source.shown)
    _check_trainable(records, layout, source.shown)
    records = _with_split(records, validation_split, seed)
    dataset = Dataset(source, layout.root, tuple(records), layout.classes, loose=layout.loose)
    return apply_actions(dataset, read_actions(dataset.root)[0]) if edits else dataset


def prepare_source(source: Source, progress: Progress = silent) -> str:
    """What the configuration of a run says of its data, after a look at it: a run that waits for hours should not fail
    because of a path that was mistyped. What must be downloaded, unpacked or drawn is ready then; no image is decoded.

    Raises:
        DatasetError: The source does not exist, or has no files in class folders.
        ArchiveError, DownloadError, Cancelled: As `open_dataset`.
    """
    layout = _find_layout(_ready_folder(source, progress), source)
    if not layout.files:
        _check_any([], layout, source.shown)
    return source.text


def open_labelled(source: str | Path | Source, progress: Progress = silent) -> Dataset:
    """Labelled images to score a model on: all of them, whatever their folders say of a split, with the user's edits.

    One class is enough. Each record's split is "test".

    Args:
        source, progress: As `open_dataset` takes them.

    Raises:
        DatasetError, ArchiveError, DownloadError, Cancelled: As `open_dataset`; a source without any readable image.
    """
    source = resolve_source(source)
    layout, records = _scanned(source, progress)
    _check_any(records, layout, source.shown)
    records = [replace(record, split="test") for record in records]
    dataset = Dataset(source, layout.root, tuple(records), layout.classes, loose=layout.loose)
    return apply_actions(dataset, read_actions(dataset.root)[0])


def actions_of(source: str | Path | Source) -> tuple[Action, ...]:
    """The edits of a source, without opening it; none if it does not exist or was never opened.

    Raises:
        DatasetError: They are broken (`Edits.load`).
    """
    try:
        resolved = resolve_source(source)
        folder = _folder_of(resolved)
        root = _find_layout(folder, resolved).root if resolved.by_name else find_root(folder)
    except DatasetError:  # whoever opens it will say so
        return ()
    return read_actions(root)[0]


def _scanned(source: Source, progress: Progress) -> tuple[Layout, list[ImageRecord]]:
    """The files of a source, each decoded once."""
    layout = _find_layout(_ready_folder(source, progress), source)
    openable = [file.path for file in layout.files if not file.problem]
    scanned = scan_files(layout.root, openable, progress)
    return layout, [_record(file, scanned.get(file.path)) for file in layout.files]


def _find_layout(folder: Path, source: Source) -> Layout:
    """The layout that the source asks for. Files that are named by class are offered where folders do not say it."""
    if source.by_name:
        named = find_named_files(folder)
        if named is None:
            received = f"Found no two classes in the names of the files in {source.shown}"
            raise DatasetError(received, "files such as cat.0.jpg, cat.1.jpg, dog.0.jpg, dog.1.jpg")
        return named
    layout = find_layout(folder)
    is_odd = len(layout.classes) < 2 or any(label.casefold() in ALIASES["train"] for label in layout.classes)
    if is_odd and (named := find_named_files(folder)):
        raise NamedFilesError(
            f"Found no class folders in {source.shown}, but files that are named by class: {counts_in_words(named)}",
            EXPECTED,
            f"Use the names of the files as classes: open {BY_NAME}{source.shown}",
        )
    return layout


def _folder_of(source: Source) -> Path:
    """Where the files are, or will be once they are unpacked or drawn."""
    if source.kind == "sample":
        # Here because the drawing code is only needed for the sample.
        from core.datasets.sample.flaws import FLAWED_VERSION
        from core.datasets.sample.sample import VERSION

        return dataset_folder(FLAWED_VERSION if source.text == FLAWED_SAMPLE else VERSION)
    if source.kind == "folder":
        return source.path
    if not source.path.is_file():
        raise nothing_at(source.shown)
    return dataset_folder(_zip_digest(source.path)[:20])


def _ready_folder(source: Source, progress: Progress) -> Path:
    """Where the files are, after downloading, unpacking or drawing them if need be."""
    if source.kind == "sample":
        from core.datasets.sample.flaws import flawed_sample_folder
        from core.datasets.sample.sample import sample_folder

        return flawed_sample_folder(progress) if source.text == FLAWED_SAMPLE else sample_folder(progress)
    if source.kind == "folder":
        with suppress(OSError):  # a name too long
            if source.path.is_dir():
                return source.path
        raise nothing_at(source.shown)
    if source.is_remote:
        fetch_zip(source, progress)
    folder = _folder_of(source)
    if folder.is_dir():
        return folder
    try:
        extract_zip(source.path, folder, progress)
    except ArchiveError:
        if source.is_remote:  # next time it is downloaded anew
            source.path.unlink(missing_ok=True)
        raise
    return folder


def _zip_digest(path: Path) -> str:
    """The SHA-256 of a zip, cached with its size and time of change: a large one takes seconds to read."""
    cache = subfolder("cache") / "zips.json"
    status = path.stat()
    stamp = (status.st_size, status.st_mtime_ns)
    try:
        digests = load_model(cache, dict[str, tuple[int, int, Digest]])
    except (OSError, ValueError):
        digests = {}
    match digests.get(str(path)):
        case (size, changed, digest) if (size, changed) == stamp:
            return digest
    digest = sha256_file(path)
    with suppress(OSError):  # a full disk costs the next opening some seconds
        write_atomic(cache, json.dumps({**digests, str(path): [*stamp, digest]}))
    return digest


def _record(file: FoundFile, scanned: Scanned | None) -> ImageRecord:
    if scanned is None:
        return ImageRecord(file.path, file.split, file.label, reason=file.problem)
    facts, measures = scanned.facts, scanned.measures
    if facts is None or measures is None:
        return ImageRecord(file.path, file.split, file.label, scanned.digest, scanned.bytes, reason=scanned.reason)
    return ImageRecord(
        path=file.path,
        split=file.split,
        label=file.label,
        digest=scanned.digest,
        bytes=scanned.bytes,
        width=facts.width,
        height=facts.height,
        format=facts.format,
        mode=facts.mode,
        frames=facts.frames,
        brightness=measures.brightness,
        sharpness=measures.sharpness,
        entropy=measures.entropy,
        signature=measures.signature,
    )


def _with_split(records: list[ImageRecord], fraction: float, seed: int) -> list[ImageRecord]:
    """Splits plain class folders, and a train folder without a validation folder."""
    readable = [record for record in records if not record.reason]
    if any(record.split == "validation" for record in readable):
        return records
    chosen = choose_validation((record for record in readable if record.split in {"", "train"}), fraction, seed)
    return [
        replace(record, split="validation" if record.path in chosen else record.split or "train") for record in records
    ]


def _check_any(records: list[ImageRecord], layout: Layout, source: str) -> None:
    """At least one readable image in a class folder."""
    folders = f"class folders {', '.join(layout.classes[:10])}" if layout.classes else "no class folders"
    if not records:
        fix = "Links to folders are not followed"
        if not layout.classes:
            parent = "If this folder is a single class, choose the folder above it"
            raise DatasetError(f"Found {folders} in {source}", EXPECTED, f"{parent}. {fix}")
        raise DatasetError(f"Found {folders} in {source}, and no files in them", EXPECTED, fix)
    if all(record.reason for record in records):
        raise DatasetError(
            f"Found {folders} in {source}, but none of {len(records)} files is an image that can be read "
            f"({records[0].path}: {records[0].reason})",
            EXPECTED,
        )


def _check_trainable(records: list[ImageRecord], layout: Layout, source: str) -> None:
    """Two or more classes, each with a readable training image (which a split never takes away)."""
    number = Counter(record.label for record in records if not record.reason and record.split in {"", "train"})
    counts = ", ".join(f"{label}: {number[label]}" for label in layout.classes[:10])
    counts += f" and {len(layout.classes) - 10} more" if len(layout.classes) > 10 else ""
    if len(number) < 2:
        raise DatasetError(f"Found readable training images in fewer than two classes in {source} ({counts})", EXPECTED)
    if missing := [label for label in layout.classes if not number[label]]:
        raise DatasetError(
            f"Found no readable training image in the class {missing[0]} of {source} ({counts})",
            EXPECTED,
            "Put images into that folder, or remove it",
        )
