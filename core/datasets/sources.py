"""From what a user gives (a folder, a zip, "sample") to a dataset."""

import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

from core.archives import extract_zip
from core.datasets.layout import EXPECTED, FoundFile, Layout, find_layout
from core.datasets.records import Dataset, ImageRecord
from core.datasets.scan import scan_files
from core.datasets.scan_file import Scanned
from core.datasets.split import choose_validation
from core.errors import ConfigError, DatasetError
from core.files import sha256_file, write_atomic
from core.home import subfolder
from core.progress import Progress, silent

SAMPLE = "sample"


def open_dataset(
    source: str | Path | bytes, *, validation_split: float = 0.2, seed: int = 0, progress: Progress = silent
) -> Dataset:
    """Finds the pictures, decodes each once to prove that it can be trained on, and splits them where they are not.

    Args:
        source: "sample" for the drawn sample; else a folder, a zip file, or a zip's content. A zip is unpacked once,
            below `home()`, and found again by its content. (A folder that is called sample: "./sample".)
        validation_split: Share of each class to validate on, above 0 and below 1. Used where the source has no
            validation folder.
        seed: Of that split.
        progress: Told of the phases "extract" and "scan", in files. `Cancelled` from it stops the work.

    Raises:
        DatasetError: There is no such source, or it holds no two classes with readable pictures to train on.
        ArchiveError: The zip is broken, hostile or too large.
        ConfigError: `validation_split` is out of range.
        Cancelled: From `progress`.

    Example:
        >>> dataset = open_dataset("sample")
        >>> dataset.classes
        ('cats', 'dogs')
    """
    if not 0 < validation_split < 1:
        raise ConfigError(f"Received {validation_split} for validation_split", "a share above 0 and below 1")
    name, origin, folder = _locate(source, progress)
    layout = find_layout(folder)
    shown = str(folder) if isinstance(source, bytes) else str(source)
    openable = [file.path for file in layout.files if not file.problem]
    scanned = scan_files(layout.root, openable, progress)
    records = [_record(file, scanned.get(file.path)) for file in layout.files]
    _check(records, layout, shown)
    records = _with_split(records, validation_split, seed)
    return Dataset(name, layout.root, shown, origin, tuple(records), layout.classes)


def _locate(source: str | Path | bytes, progress: Progress) -> tuple[str, str, Path]:
    """The dataset's name, its origin, and the folder where it lies, unpacked if need be."""
    if isinstance(source, bytes):
        digest = hashlib.sha256(source).hexdigest()
        return f"zip {digest[:8]}", "zip", _unpacked(source, digest, progress)
    if source == SAMPLE:
        from core.datasets.sample import sample_folder

        return SAMPLE, SAMPLE, sample_folder(progress)
    try:
        path = Path(source).expanduser().resolve()
        is_folder, is_file = path.is_dir(), path.is_file()
    except (OSError, ValueError, RuntimeError) as error:  # a NUL, a name too long, links in a circle, an unknown ~user
        raise _missing(source) from error
    if is_folder and str(source):
        return path.name, "folder", path
    if is_file:
        return path.stem, "zip", _unpacked(path, _zip_digest(path), progress)
    raise _missing(source)


def _unpacked(source: Path | bytes, digest: str, progress: Progress) -> Path:
    target = subfolder("datasets") / digest[:20]
    if not target.is_dir():
        extract_zip(source, target, progress)
    return target


def _zip_digest(path: Path) -> str:
    """The SHA-256 of a zip, remembered with its size and time of change: a large one takes seconds to read."""
    memory = subfolder("cache") / "zips.json"
    status = path.stat()
    stamp = [status.st_size, status.st_mtime_ns]
    try:
        known = dict(json.loads(memory.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError):
        known = {}
    match known.get(str(path)):
        case [size, changed, str(digest)] if [size, changed] == stamp and len(digest) == 64 and digest.isalnum():
            return digest
    digest = sha256_file(path)
    write_atomic(memory, json.dumps({**known, str(path): [*stamp, digest]}))
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
    """Gives a split to plain class folders, and a validation part to a train folder that stands alone."""
    readable = [record for record in records if not record.reason]
    if any(record.split == "validation" for record in readable):
        return records
    chosen = choose_validation((record for record in readable if record.split in {"", "train"}), fraction, seed)
    return [
        replace(record, split="validation" if record.path in chosen else record.split or "train") for record in records
    ]


def _check(records: list[ImageRecord], layout: Layout, source: str) -> None:
    """Two classes or more, each with a readable picture to train on (which a split never takes away)."""
    folders = f"class folders {', '.join(layout.classes[:10])}" if layout.classes else "no class folders"
    if not records:
        raise DatasetError(f"Found {folders} in {source}, and no files", EXPECTED, "Linked folders are not entered")
    readable = [record for record in records if not record.reason]
    if not readable:
        raise DatasetError(
            f"Found {folders} in {source}, but none of {len(records)} files is a picture that can be read "
            f"({records[0].path}: {records[0].reason})",
            EXPECTED,
        )
    number = Counter(record.label for record in readable if record.split in {"", "train"})
    found = ", ".join(f"{label}: {number[label]}" for label in layout.classes[:10])
    found += f" and {len(layout.classes) - 10} more" if len(layout.classes) > 10 else ""
    if len(number) < 2:
        raise DatasetError(
            f"Found readable pictures to train on in fewer than two classes in {source} ({found})", EXPECTED
        )
    if missing := [label for label in layout.classes if not number[label]]:
        raise DatasetError(
            f"Found no readable picture to train on in the class {missing[0]} of {source} ({found})",
            EXPECTED,
            "Put pictures into that folder, or remove it",
        )


def _missing(source: str | Path) -> DatasetError:
    return DatasetError(
        f"Found no folder and no zip at {str(source)!r}", 'a folder, a zip, or the word "sample"', "Check the path"
    )
