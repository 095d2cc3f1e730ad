"""From what a user gives (a folder, a zip, "sample") to a dataset."""

import hashlib
import json
from collections import Counter
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path

from core.archives import extract_zip
from core.datasets.actions import Action, apply_actions
from core.datasets.layout import EXPECTED, FoundFile, Layout, find_layout, find_root
from core.datasets.records import Dataset, ImageRecord
from core.datasets.remote import fetched_zip, is_remote, name_of, remembered_as, stored_zip
from core.datasets.scan import scan_files
from core.datasets.scan_file import Scanned
from core.datasets.sidecar import read_actions
from core.datasets.split import choose_validation
from core.errors import ConfigError, DatasetError
from core.files import sha256_file, write_atomic
from core.home import subfolder
from core.progress import Progress, silent

SAMPLE = "sample"


def open_dataset(
    source: str | Path | bytes,
    *,
    validation_split: float = 0.2,
    seed: int = 0,
    edits: bool = True,
    progress: Progress = silent,
) -> Dataset:
    """Finds the pictures, decodes each once to prove that it can be trained on, and splits them where they are not.

    Args:
        source: "sample" for the drawn sample; "cats_and_dogs" or the http(s) address of a zip, which is fetched once;
            else a folder, a zip file, or a zip's content. A zip is unpacked once, below `home()`, and found again by
            its content. (A folder that is called sample: "./sample".)
        validation_split: Share of each class to validate on, above 0 and below 1. Used where the source has no
            validation folder.
        seed: Of that split.
        edits: Whether pictures are excluded and relabelled as the user's edits say. They come after the split, so that
            no edit moves another picture between training and validation.
        progress: Told of the phases "extract" and "scan", in files, and of "download", in bytes. `Cancelled` from
            it stops the work.

    Raises:
        DatasetError: There is no such source, or it holds no two classes with readable pictures to train on, or its
            edits are broken (`Edits.load`). What edits leave need not be trainable: `check_trainable`.
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
    with fetched_zip(str(source), progress) if is_remote(source) else nullcontext(source) as here:
        name, origin, folder = _locate(source)
        folder = _made(here, origin, folder, progress)
    layout = find_layout(folder)
    shown = str(folder) if isinstance(source, bytes) else remembered_as(str(source))
    openable = [file.path for file in layout.files if not file.problem]
    scanned = scan_files(layout.root, openable, progress)
    records = [_record(file, scanned.get(file.path)) for file in layout.files]
    _check(records, layout, shown)
    records = _with_split(records, validation_split, seed)
    dataset = Dataset(name, layout.root, shown, origin, tuple(records), layout.classes)
    return apply_actions(dataset, read_actions(dataset.root)[0]) if edits else dataset


def actions_of(source: str | Path) -> tuple[Action, ...]:
    """The edits that hold for a source, without opening it: none where it is not there or was never opened.

    Raises:
        DatasetError: They are broken (`Edits.load`).
    """
    try:
        _, _, folder = _locate(source)
        root = find_root(folder)
    except DatasetError:  # whoever opens it will say so
        return ()
    return read_actions(root)[0]


def _locate(source: str | Path | bytes) -> tuple[str, str, Path]:
    """The dataset's name, its origin, and the folder where it lies, or will when it has been unpacked or drawn."""
    if isinstance(source, bytes):
        digest = hashlib.sha256(source).hexdigest()
        return f"zip {digest[:8]}", "zip", _folder_of(digest)
    if source == SAMPLE:
        from core.datasets.sample import VERSION

        return SAMPLE, SAMPLE, subfolder("datasets") / VERSION
    if is_remote(source):
        _, origin, folder = _locate(stored_zip(str(source)))
        return name_of(str(source)), origin, folder
    try:
        path = Path(source).expanduser().resolve()
        is_folder, is_file = path.is_dir(), path.is_file()
    except (OSError, ValueError, RuntimeError) as error:  # a NUL, a name too long, links in a circle, an unknown ~user
        raise _missing(source) from error
    if is_folder and str(source):
        return path.name, "folder", path
    if is_file:
        return path.stem, "zip", _folder_of(_zip_digest(path))
    raise _missing(source)


def _folder_of(digest: str) -> Path:
    return subfolder("datasets") / digest[:20]


def _made(source: str | Path | bytes, origin: str, folder: Path, progress: Progress) -> Path:
    """`folder`, after it was unpacked or drawn if need be."""
    if origin == SAMPLE:
        from core.datasets.sample import sample_folder

        return sample_folder(progress)
    if origin == "zip" and not folder.is_dir():
        extract_zip(source if isinstance(source, bytes) else Path(source).expanduser().resolve(), folder, progress)
    return folder


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
    with suppress(OSError):  # a full disk costs the next opening some seconds
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
        fix = "Linked folders are not entered"
        if not layout.classes:
            raise DatasetError(f"Found {folders} in {source}", EXPECTED, f"Is it one class? Give its parent. {fix}")
        raise DatasetError(f"Found {folders} in {source}, and no files in them", EXPECTED, fix)
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
        f"Found no folder and no zip at {str(source)!r}",
        "a folder, a zip, the address of a zip, or one of the words 'sample' and 'cats_and_dogs'",
        "Check the path",
    )
