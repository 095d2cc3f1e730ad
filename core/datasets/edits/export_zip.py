"""A dataset after its edits, as a zip: train/CLASS/NAME, validation/CLASS/NAME, test/CLASS/NAME."""

import hashlib
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from core.datasets.edits.apply import count_edits
from core.datasets.names import CLASS_BYTES
from core.datasets.records import Dataset, ImageRecord
from core.datasets.trainable import check_trainable
from core.errors import ConfigError, DatasetError, ImageError, PawlabError
from core.images.files import read_image_file
from core.jobs.progress import Progress, silent
from core.storage.files import atomic_file
from core.text.file_names import file_name, numbered

DROPS = ("unreadable", "leaks", "duplicates", "near_duplicates")  # in the order in which they are dropped
COMPRESSED = frozenset({"JPEG", "PNG", "WEBP", "GIF"})
LARGEST_RATIO = 100  # a blank BMP compresses 1,000 times, and opening the zip would refuse that as a bomb
_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can store: the same images give the same bytes on any day
_ORDINARY_FILE = 0o100644 << 16


def write_cleaned(
    dataset: Dataset, target: Path, drop: Collection[str] = (), progress: Progress = silent
) -> dict[str, Any]:
    """Writes the original bytes of every usable image under its label; an existing `target` is replaced.

    Names are `file_name` of the original ones, without folders below the class, and with "-2", "-3", ... before the
    suffix if two would collide. A suffix stays even if it does not match the format. The same dataset gives the same
    bytes with the same zlib; the zip opens with the same splits, classes and contents.

    Args:
        target: The zip. It appears only once it is complete.
        drop: What to leave out besides: names of `DROPS`, as the report finds them. Each is looked for in what the one
            before it left, so that no two of them drop both copies of an image. "unreadable" changes nothing: the zip
            holds readable images only.
        progress: Told of phase "write", in images, and of the report's phases. `Cancelled` from it stops the work.

    Returns:
        "path", "bytes", "classes", "counts" (as `Dataset.counts`), "pictures", "renamed" (images whose name or class
        name differs in the zip) and "left_out": how many were excluded, unreadable, and dropped by each of `drop`.

    Raises:
        ConfigError: `drop` holds an unknown name.
        DatasetError: What is left has fewer than two classes to train on, or a file has changed since the dataset was
            opened.
        PawlabError: `target` cannot be written.
    """
    if unknown := sorted(set(drop) - set(DROPS)):
        raise ConfigError(f"Received {unknown[0]!r} for what to drop", f"names among {', '.join(DROPS)}")
    left_out = {"excluded": count_edits(dataset)["excluded"], "unreadable": len(dataset.unreadable())}
    for name in DROPS[1:]:
        if name in drop:
            before, dataset = len(dataset.usable()), _without(dataset, name, progress)
            left_out[name] = before - len(dataset.usable())
    check_trainable(dataset, splits=("train",))
    records, names = dataset.usable(), zip_names(dataset)
    progress("write", 0, len(records))
    try:
        with atomic_file(target) as file, zipfile.ZipFile(file, "w") as archive:
            for number, record in enumerate(sorted(records, key=lambda record: names[record.path]), 1):
                add_image(archive, names[record.path], record, dataset)
                progress("write", number, len(records))
    except OSError as error:
        raise PawlabError(f"{target} cannot be written: {error.strerror or error}") from error
    return {
        "path": str(target),
        "bytes": target.stat().st_size,
        "classes": list(dataset.classes),
        "counts": dataset.counts(),
        "pictures": len(records),
        "renamed": sum(names[record.path].split("/")[1:] != [record.label, _base(record)] for record in records),
        "left_out": left_out,
    }


def zip_names(dataset: Dataset) -> dict[str, str]:
    """Where each usable image goes in the zip, by its path: SPLIT/CLASS/NAME, all different on every file system.

    If two would collide, the one whose name is already safe keeps it.
    """
    labels = sorted(dataset.classes, key=lambda label: (file_name(label, CLASS_BYTES) != label, label))
    folders = dict(zip(labels, numbered((file_name(label, CLASS_BYTES), "") for label in labels), strict=True))
    records = sorted(dataset.usable(), key=lambda record: (file_name(_base(record)) != _base(record), record.path))

    def wanted(record: ImageRecord) -> tuple[str, str]:
        name = PurePosixPath(file_name(_base(record)))
        return f"{record.split}/{folders[record.label]}/{name.stem}", name.suffix

    return dict(zip((record.path for record in records), numbered(map(wanted, records)), strict=True))


def _base(record: ImageRecord) -> str:
    return record.path.rsplit("/", 1)[-1]


def _without(dataset: Dataset, name: str, progress: Progress) -> Dataset:
    """The dataset without what the report proposes to remove under `name`."""
    from core.datasets.quality.report import make_report, to_remove  # here because few zips need it

    removed = {record.path for record in to_remove(make_report(dataset, progress), name)}
    records = tuple(replace(record, excluded=True) if record.path in removed else record for record in dataset.records)
    classes = {record.label for record in records if record.in_use}
    return replace(dataset, records=records, classes=tuple(classes))


def add_image(archive: zipfile.ZipFile, name: str, record: ImageRecord, dataset: Dataset) -> None:
    """Adds the bytes of an image as they were when the dataset was opened.

    Raises:
        DatasetError: They have changed since, or are gone.
    """
    try:
        content = read_image_file(dataset.file(record))
    except ImageError:
        content = b""
    if hashlib.sha256(content).hexdigest() != record.digest:
        raise DatasetError(
            f"{record.path} has changed or gone since the dataset was opened",
            "files that stay the same while the zip is written",
            "Open the dataset again",
        )
    small = record.format in COMPRESSED or len(content) > LARGEST_RATIO * len(zlib.compress(content))
    archive.writestr(plain_member(name), content, zipfile.ZIP_STORED if small else zipfile.ZIP_DEFLATED)


def plain_member(name: str) -> zipfile.ZipInfo:
    """A file in a zip that says neither when nor on which system the zip was written."""
    info = zipfile.ZipInfo(name, _TIME)
    info.create_system, info.external_attr = 3, _ORDINARY_FILE
    return info
