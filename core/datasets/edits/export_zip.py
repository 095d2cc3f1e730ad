"""A dataset after its edits, as a zip in the notebook's layout: train/CLASS/NAME, validation/CLASS/NAME, test/..."""

import hashlib
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO, Any
from uuid import uuid4

from core.datasets.actions import count_edits
from core.datasets.names import CLASS_BYTES, safe_name, same_place
from core.datasets.records import Dataset, ImageRecord
from core.datasets.trainable import check_trainable
from core.errors import ConfigError, DatasetError, ImageError, PawlabError
from core.image_files import read_image_file
from core.progress import Progress, silent

DROPS = ("unreadable", "leaks", "duplicates", "near_duplicates")  # in the order in which they are dropped
COMPRESSED = frozenset({"JPEG", "PNG", "WEBP", "GIF"})
LARGEST_RATIO = 100  # a blank BMP packs 1,000 times smaller, and would be refused as a bomb when the zip is opened
_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: the same pictures give the same bytes on any day
_ORDINARY_FILE = 0o100644 << 16


def write_cleaned(
    dataset: Dataset, target: Path, drop: Collection[str] = (), progress: Progress = silent
) -> dict[str, Any]:
    """Writes the original bytes of every usable picture under its label; an existing `target` is replaced.

    Names are `safe_name` of the original ones, without folders below the class, and with "-2", "-3", ... before the
    suffix where two would fall on one place. A suffix stays even where it is wrong for the format. The same dataset
    gives the same bytes with the same zlib; opened again, it gives the same splits, classes and contents.

    Args:
        target: The zip. It appears only when it is whole.
        drop: What the report finds and the zip is to leave out as well: names of `DROPS`. Each is looked for in what
            the one before it left, so that no two of them drop both copies of a picture. "unreadable" changes nothing:
            a file that is no picture has no place in the zip anyway.
        progress: Told of phase "write", in pictures, and of the report's phases. `Cancelled` from it stops the work.

    Returns:
        "path", "bytes", "classes", "counts" (as `Dataset.counts`), "pictures", "renamed" (pictures whose name, or whose
        class' name, is another in the zip) and "left_out": how many were excluded, unreadable, and taken by each of
        `drop`.

    Raises:
        ConfigError: `drop` holds an unknown name.
        DatasetError: What is left has no two classes to train on, or a file is no longer what it was when the dataset
            was opened.
        PawlabError: `target` cannot be written.
    """
    if unknown := sorted(set(drop) - set(DROPS)):
        raise ConfigError(f"Received {unknown[0]!r} as something to drop", f"names among {', '.join(DROPS)}")
    left_out = {"excluded": count_edits(dataset)["excluded"], "unreadable": len(dataset.unreadable())}
    for name in DROPS[1:]:
        if name in drop:
            before, dataset = len(dataset.usable()), _without(dataset, name, progress)
            left_out[name] = before - len(dataset.usable())
    check_trainable(dataset, splits=("train",))
    records, names = dataset.usable(), zip_names(dataset)
    progress("write", 0, len(records))
    with _new_file(target) as file, zipfile.ZipFile(file, "w") as archive:
        for number, record in enumerate(sorted(records, key=lambda record: names[record.path]), 1):
            _add(archive, names[record.path], record, dataset)
            progress("write", number, len(records))
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
    """Where each usable picture goes in the zip, by its path: SPLIT/CLASS/NAME, all different on every file system.

    Where two would fall on one place, the one whose name is safe as it is keeps it.
    """
    labels = sorted(dataset.classes, key=lambda label: (safe_name(label, CLASS_BYTES) != label, label))
    folders = dict(zip(labels, _numbered((safe_name(label, CLASS_BYTES), "") for label in labels), strict=True))
    records = sorted(dataset.usable(), key=lambda record: (safe_name(_base(record)) != _base(record), record.path))

    def wanted(record: ImageRecord) -> tuple[str, str]:
        name = PurePosixPath(safe_name(_base(record)))
        return f"{record.split}/{folders[record.label]}/{name.stem}", name.suffix

    return dict(zip((record.path for record in records), _numbered(map(wanted, records)), strict=True))


def _numbered(wanted: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Stem and suffix put together; with "-2", "-3", ... between them from the second that falls on one place."""
    taken: set[str] = set()
    numbers: Counter[str] = Counter()
    for stem, suffix in wanted:
        path = stem + suffix
        place = same_place(path)
        while same_place(path) in taken:
            numbers[place] += 1
            path = f"{stem}-{numbers[place] + 1}{suffix}"
        taken.add(same_place(path))
        yield path


def _base(record: ImageRecord) -> str:
    return record.path.rsplit("/", 1)[-1]


def _without(dataset: Dataset, name: str, progress: Progress) -> Dataset:
    """The dataset with what the report proposes to remove under `name` excluded."""
    from core.datasets.report import make_report, to_remove  # here because few zips need it

    removed = {record.path for record in to_remove(make_report(dataset, progress), name)}
    records = tuple(replace(record, excluded=True) if record.path in removed else record for record in dataset.records)
    classes = {record.label for record in records if not record.reason and not record.excluded}
    return replace(dataset, records=records, classes=tuple(classes))


def _add(archive: zipfile.ZipFile, name: str, record: ImageRecord, dataset: Dataset) -> None:
    try:
        content = read_image_file(dataset.file(record))
    except ImageError:
        content = b""
    if hashlib.sha256(content).hexdigest() != record.digest:
        raise DatasetError(
            f"{record.path} has changed or gone since the dataset was opened",
            "files that stay as they are while the zip is written",
            "Open the dataset again",
        )
    info = zipfile.ZipInfo(name, _TIME)
    info.create_system, info.external_attr = 3, _ORDINARY_FILE  # else they say on which system the zip was written
    small = record.format in COMPRESSED or len(content) > LARGEST_RATIO * len(zlib.compress(content))
    archive.writestr(info, content, zipfile.ZIP_STORED if small else zipfile.ZIP_DEFLATED)


@contextmanager
def _new_file(target: Path) -> Iterator[IO[bytes]]:
    """A file under a temporary name beside `target`, which takes its place when the block ends without an error."""
    temporary = target.with_name(f".{uuid4().hex[:12]}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
        temporary.replace(target)
    except OSError as error:
        raise PawlabError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
