"""A dataset once it has been read: one record for each file, and questions about all of them."""

import builtins
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.datasets.edits.actions import Action
from core.datasets.source import Source

SPLITS = ("train", "validation", "test")
UNLABELLED = "/unlabelled"
"""Instead of a label, before somebody gives one: no folder and no class can be called so."""


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One file below a class folder, whether it is an image or not.

    Attributes:
        path: Relative to the dataset's root, with forward slashes.
        digest: Hexadecimal SHA-256 of the file's bytes; "" if they could not be read.
        width, height: Pixels after EXIF rotation; 0 if it does not decode.
        reason: Why it does not decode, in a few words; "" if it does.
        frames: 2 or more if it is animated.
        brightness: Mean grey level, 0..1 (this and the next three: `core.datasets.scan.measures`).
        sharpness: 0 and up.
        entropy: Of the grey levels, 0..8 bits.
        signature: Bytes that are nearly the same for near-duplicates; b"" if it does not decode.
        excluded: Shown but not used (an edit).
        folder_label: The class of its folder if an edit changed `label`, else "".
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

    @property
    def in_use(self) -> bool:
        """Whether it decodes, is not excluded and has a label."""
        return not (self.reason or self.excluded or self.label == UNLABELLED)


@dataclass(frozen=True)
class Dataset:
    """Labelled images in a folder. Only usable records are counted, trained on or fingerprinted: those that decode,
    have a label, and are not excluded by an edit.

    Attributes:
        source: Where it comes from.
        root: The folder that the records' paths are relative to: it holds the class folders or the train folder.
        records: One for each file, sorted by path.
        classes: Sorted.
        edits: The user's actions that were applied, latest last.
        loose: Images beside the class folders, which are not used.
        fingerprint: The same wherever the folder is; changes with any usable image, label or split.
    """

    source: Source
    root: Path
    records: tuple[ImageRecord, ...]
    classes: tuple[str, ...]
    edits: tuple[Action, ...] = field(default=(), compare=False, repr=False)
    loose: tuple[str, ...] = field(default=(), compare=False, repr=False)
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "records", tuple(sorted(self.records, key=lambda record: record.path)))
        object.__setattr__(self, "classes", tuple(sorted(self.classes)))
        object.__setattr__(self, "fingerprint", _fingerprint(self.classes, self.usable()))

    @property
    def name(self) -> str:
        return self.source.name

    def counts(self) -> dict[str, dict[str, int]]:
        """Usable images as {split: {class: number}}: always train and validation, and test if there is one.

        Each split lists every class, with 0 for one without images.
        """
        splits = {record.split for record in self.records} | {"train", "validation"}
        counts = {split: dict.fromkeys(self.classes, 0) for split in SPLITS if split in splits}
        for record in self.usable():
            counts[record.split][record.label] += 1
        return counts

    def content(self) -> str:
        """As `fingerprint`, but the same however the images are split."""
        return _fingerprint(self.classes, (replace(record, split="") for record in self.usable()))

    def usable(self, split: str | None = None) -> list[ImageRecord]:
        """The records in use, sorted by path: of one split, or of all."""
        return [record for record in self.readable(split) if record.in_use]

    def readable(self, split: str | None = None) -> list[ImageRecord]:
        """The records that decode, excluded or not, sorted by path: of one split, or of all."""
        return [record for record in self.records if not record.reason and split in {None, record.split}]

    def unreadable(self) -> list[ImageRecord]:
        """The records that do not decode; each says why in `reason`."""
        return [record for record in self.records if record.reason]

    def file(self, record: ImageRecord) -> Path:
        """Where the record's file is."""
        return self.root / record.path


def _fingerprint(classes: Iterable[str], usable: Iterable[ImageRecord]) -> str:
    digest = hashlib.sha256()
    for text in classes:
        digest.update(text.encode() + b"\0")
    for record in usable:
        line = "\0".join((record.split, record.label, record.path, record.digest))
        digest.update(b"\n" + line.encode() + b"\0")
    return digest.hexdigest()
