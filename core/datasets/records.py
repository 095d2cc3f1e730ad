"""What a dataset is once it has been read: one record a file, and what can be asked of all of them."""

import builtins
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One file below a class folder, whether it is a picture or not.

    `path` is relative to the dataset's root, with forward slashes. `digest` is the hexadecimal SHA-256 of the file's
    bytes, "" when they could not be read. `width` and `height` are pixels as the picture is looked at (after EXIF
    rotation), 0 when it does not decode. `reason` says in a few words why it does not, and is "" when it does.

    Measured on the picture (`core.datasets.measures`): `frames`; `brightness`, the mean grey level, 0..1; `sharpness`,
    0 and up; `entropy` of the grey levels, 0..8 bits; `signature`, bytes that look-alikes share nearly, "" when it does
    not decode.

    Edits (`core.datasets.edits`): `excluded` pictures are shown but not used; `folder_label` is the class that the
    folder says where `label` was changed, else "".
    """

    path: str
    split: str
    label: str
    digest: str = ""
    bytes: int = 0
    width: int = 0
    height: int = 0
    format: str = ""
    mode: str = ""
    reason: str = ""
    frames: int = 1
    brightness: float = 0.0
    sharpness: float = 0.0
    entropy: float = 0.0
    signature: builtins.bytes = b""
    excluded: bool = False
    folder_label: str = ""


@dataclass(frozen=True)
class Dataset:
    """Labelled pictures that lie in a folder. Only usable records are counted, trained on or fingerprinted: those that
    decode and that no edit excludes.

    `source` is what the user gave, `origin` is "folder", "zip" or "sample", and `root` is the folder that the records'
    paths begin at: the one that holds the class folders or the train folder, with its wrappings looked through.
    `fingerprint` is the same wherever that folder lies, and changes with any picture, label or split.
    """

    name: str
    root: Path
    source: str
    origin: str
    records: tuple[ImageRecord, ...]
    classes: tuple[str, ...]
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "records", tuple(sorted(self.records, key=lambda record: record.path)))
        object.__setattr__(self, "classes", tuple(sorted(self.classes)))
        object.__setattr__(self, "fingerprint", _fingerprint(self.classes, self.usable()))

    def counts(self) -> dict[str, dict[str, int]]:
        """Usable pictures as {split: {class: number}}: always train and validation, and test where there is one.

        Each split names every class, with 0 where it has none.
        """
        splits = {record.split for record in self.records} | {"train", "validation"}
        counts = {split: dict.fromkeys(self.classes, 0) for split in SPLITS if split in splits}
        for record in self.usable():
            counts[record.split][record.label] += 1
        return counts

    def usable(self, split: str | None = None) -> list[ImageRecord]:
        """The records that decode and are not excluded, in the order of their paths: of one split, or of all."""
        return [record for record in self.readable(split) if not record.excluded]

    def readable(self, split: str | None = None) -> list[ImageRecord]:
        """The records that decode, excluded or not, in the order of their paths: of one split, or of all."""
        return [record for record in self.records if not record.reason and split in {None, record.split}]

    def unreadable(self) -> list[ImageRecord]:
        """The records that do not decode; each says why in `reason`."""
        return [record for record in self.records if record.reason]

    def file(self, record: ImageRecord) -> Path:
        """Where the record's file lies."""
        return self.root / record.path


def _fingerprint(classes: Iterable[str], usable: Iterable[ImageRecord]) -> str:
    digest = hashlib.sha256()
    for text in classes:
        digest.update(text.encode() + b"\0")
    for record in usable:
        line = "\0".join((record.split, record.label, record.path, record.digest))
        digest.update(b"\n" + line.encode() + b"\0")
    return digest.hexdigest()
