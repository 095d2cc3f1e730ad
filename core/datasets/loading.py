"""From a source to a dataset: downloaded, unpacked or drawn if need be, then scanned, split and edited."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from core.datasets.by_hand import find_images
from core.datasets.checks import check_any, check_classes, check_labelled
from core.datasets.edits.actions import Action, Digest
from core.datasets.edits.apply import apply_actions
from core.datasets.edits.sidecar import read_actions
from core.datasets.layout import ALIASES, EXPECTED, FoundFile, Layout, find_layout, find_root
from core.datasets.named_files import counts_in_words, find_named_files
from core.datasets.parts import image_folder, read_feature_records
from core.datasets.records import Dataset, ImageRecord
from core.datasets.remote import fetch_zip
from core.datasets.scan.file import Scanned
from core.datasets.scan.index import scan_files
from core.datasets.source import (
    BY_HAND,
    BY_NAME,
    FLAWED_SAMPLE,
    SAMPLE,
    SHORTCUT_SAMPLE,
    Source,
    nothing_at,
    resolve_source,
)
from core.datasets.split import choose_validation
from core.errors import ArchiveError, ConfigError, DatasetError, InputError, NamedFilesError
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
        source: As `resolve_source` takes it: "sample", "flawed_sample", "shortcut_sample", "cats_and_dogs", the http(s)
            address of a zip, or the path of a folder or a zip. A zip is downloaded and unpacked once, below `home()`,
            and found again by its content.
        validation_split: Share of each class for validation, above 0 and below 1. Used if the source has no
            validation folder.
        seed: Of that split.
        edits: Whether to exclude and relabel images as the user's edits say. Edits come after the split, so that none
            moves another image between training and validation.
        progress: Told of the phases "download", in bytes, and "extract" and "scan", in files. `Cancelled` from it stops
            the work.

    Raises:
        UnlabelledError: Its images have no labels: they are in no class folders, or were to be labelled by hand
            (`BY_HAND`) and fewer than two classes have images yet.
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
    check_any(records, layout, source)
    if not source.by_hand:
        check_classes(records, layout, source.shown)
    dataset = _split_dataset(source, layout, records, validation_split, seed)
    if not edits:
        return dataset
    dataset = _edited(dataset)
    if source.by_hand:
        check_labelled(dataset)
    return dataset


def open_unlabelled(
    source: str | Path | Source, *, validation_split: float = 0.2, seed: int = 0, progress: Progress = silent
) -> Dataset:
    """All images below a folder or in a zip, whatever its folders are called, with the labels that were given so far:
    for whoever gives the next ones, as edits (`Edits.relabel`). The rest has the label `UNLABELLED`, and is not in use.

    `open_dataset` of its source opens the same images with the same split, as soon as two classes have some. The split
    does not depend on labels: so no label moves an image between training and validation, and a share of all images,
    not of those that are easy to label, is held out.

    Args:
        source, validation_split, seed, progress: As `open_dataset` takes them.

    Raises:
        DatasetError: The source does not exist, holds no image that can be read, or its edits are broken.
        ArchiveError, DownloadError, Cancelled: As `open_dataset`.
    """
    source = resolve_source(source).marked(BY_HAND)
    layout, records = _scanned(source, progress)
    check_any(records, layout, source)
    return _edited(_split_dataset(source, layout, records, validation_split, seed))


def prepare_source(source: Source, progress: Progress = silent) -> str:
    """What the configuration of a run says of its data, after a look at it: a run that waits for hours should not fail
    because of a path that was mistyped. What must be downloaded, unpacked or drawn is ready then; no image is decoded.

    Raises:
        DatasetError: The source does not exist, or has no files in class folders.
        ArchiveError, DownloadError, Cancelled: As `open_dataset`.
    """
    if source.kind == "features":
        image_folder(source.files)
        return source.text
    layout = find_files(source, progress)
    if not layout.files:
        check_any([], layout, source)
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
    check_any(records, layout, source)
    records = [replace(record, split="test") for record in records]
    return _edited(Dataset(source, layout.root, tuple(records), layout.classes, loose=layout.loose))


def actions_of(source: str | Path | Source) -> tuple[Action, ...]:
    """The edits of a source, without opening it; none if it does not exist or was never opened.

    Raises:
        DatasetError: They are broken (`Edits.load`).
    """
    try:
        resolved = resolve_source(source)
        folder = _folder_of(resolved)
        root = folder.resolve() if resolved.by_hand else find_root(folder)
        if resolved.by_name:
            root = _find_layout(folder, resolved).root
    except InputError:  # whoever opens it will say so
        return ()
    return read_actions(root)[0]


def _scanned(source: Source, progress: Progress) -> tuple[Layout, list[ImageRecord]]:
    """The files of a source, each decoded once, wherever and whenever that was."""
    if source.kind == "features":
        return read_feature_records(source.files)
    layout = find_files(source, progress)
    openable = [file.path for file in layout.files if not file.problem]
    scanned = scan_files(layout.root, openable, progress)
    return layout, [_record(file, scanned.get(file.path)) for file in layout.files]


def find_files(source: Source, progress: Progress = silent) -> Layout:
    """The files of a source, which is downloaded, unpacked or drawn if need be; none is opened.

    Raises:
        DatasetError, ArchiveError, DownloadError, Cancelled: As `open_dataset`.
    """
    return _find_layout(_ready_folder(source, progress), source)


def _find_layout(folder: Path, source: Source) -> Layout:
    """The layout that the source asks for. Files that are named by class are offered where folders do not say it."""
    if source.by_hand:
        return find_images(folder)
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
        from core.datasets.sample.shortcut import SHORTCUT_VERSION

        names = {SAMPLE: VERSION, FLAWED_SAMPLE: FLAWED_VERSION, SHORTCUT_SAMPLE: SHORTCUT_VERSION}
        return dataset_folder(names[source.files])
    if source.kind == "folder":
        return source.path
    if source.kind == "features":
        return image_folder(source.files)
    if not source.path.is_file():
        raise nothing_at(source.shown)
    return dataset_folder(_zip_digest(source.path)[:20])


def _ready_folder(source: Source, progress: Progress) -> Path:
    """Where the files are, after downloading, unpacking or drawing them if need be."""
    if source.kind == "sample":
        from core.datasets.sample.flaws import flawed_sample_folder
        from core.datasets.sample.sample import sample_folder
        from core.datasets.sample.shortcut import shortcut_sample_folder

        drawn = {
            SAMPLE: sample_folder,
            FLAWED_SAMPLE: flawed_sample_folder,
            SHORTCUT_SAMPLE: shortcut_sample_folder,
        }
        return drawn[source.files](progress)
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


def _split_dataset(source: Source, layout: Layout, records: list[ImageRecord], fraction: float, seed: int) -> Dataset:
    records = _with_split(records, fraction, seed)
    return Dataset(source, layout.root, tuple(records), layout.classes, loose=layout.loose)


def _edited(dataset: Dataset) -> Dataset:
    """With the edits that are on disk."""
    return apply_actions(dataset, read_actions(dataset.root)[0])
