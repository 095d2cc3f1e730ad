"""The files of a bundle, and their checksums as `sha256sum -c SHA256SUMS` reads them."""

import json
import re
import zipfile
from pathlib import Path

from core.backbone.neighbours import K
from core.errors import ArchiveError
from core.export.manifest import Manifest
from core.storage.archives import ArchiveLimits
from core.storage.files import sha256_file

SUMS = "SHA256SUMS"
REQUIRED = (
    "README.md",
    "labels.json",
    "model.keras",
    "model.onnx",
    "notebook.ipynb",
    "predict.py",
    "requirements.txt",
    "run.json",
)
OPTIONAL = ("base.onnx", "data.json", "model.tflite", "neighbours.npz", "validation.npz")
MEMBERS = (*REQUIRED, *OPTIONAL)
_STORED = (".keras", ".onnx", ".tflite", ".npz")  # not worth compressing
# A model.keras is a zip too, whose entries count as well; `check_files` checks the names one by one.
LIMITS = ArchiveLimits(members=200, total_bytes=4 * 2**30, depth=1)
_LINE = re.compile(r"([0-9a-f]{64})  ([\w.]+)")
MAX_SUMS = 10_000  # bytes


def write_sums(folder: Path) -> None:
    """Lists every file in `folder` with its checksum."""
    names = sorted(path.name for path in folder.iterdir())
    (folder / SUMS).write_text("".join(f"{sha256_file(folder / name)}  {name}\n" for name in names), encoding="utf-8")


def check_files(folder: Path) -> None:
    """Checks that a bundle is complete, contains nothing else, and that every checksum matches.

    Raises:
        ArchiveError: It does not pass.
    """
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    if missing := [name for name in (SUMS, *REQUIRED) if name not in names]:
        raise refused(f"The zip contains no {missing[0]}", "a bundle exported from Pawlab")
    if strange := sorted(names - {SUMS, *MEMBERS}):
        raise refused(
            f"The zip contains {strange[0][:80]!r}, which belongs to no bundle", "a bundle exported from Pawlab"
        )
    sums = folder / SUMS
    text = sums.read_text(encoding="utf-8", errors="replace") if sums.stat().st_size <= MAX_SUMS else ""
    lines = [_LINE.fullmatch(line) for line in text.splitlines()]
    stated = {line[2]: line[1] for line in lines if line}
    if None in lines or len(stated) != len(lines) or set(stated) != names - {SUMS}:
        raise refused(f"{SUMS} does not list the files of the zip", "one line for each of them")
    for name, digest in sorted(stated.items()):
        if sha256_file(folder / name) != digest:
            raise refused(
                f"The checksum of {name} does not match {SUMS}: it was changed or damaged",
                "the file as it was exported",
            )


def write_zip(folder: Path, target: Path) -> None:
    """Writes the files of `folder` as a zip, small ones first."""
    names = sorted((path.name for path in folder.iterdir()), key=lambda name: (name.endswith(_STORED), name))
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            kind = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
            archive.write(folder / name, name, kind)


def labels_json(manifest: Manifest) -> str:
    """The labels.json that predict.py reads."""
    return json.dumps(labels(manifest), indent=2, ensure_ascii=False) + "\n"


def labels(manifest: Manifest) -> dict[str, object]:
    about: dict[str, object] = {
        "classes": list(manifest.classes),
        "image_size": manifest.settings.image_size,
        "threshold": manifest.threshold,
    }
    if manifest.settings.crop != "squeeze":  # what bundles from before version 0.2 mean without a word
        about["crop"] = manifest.settings.crop
    about |= {"sets": manifest.sets.model_dump()} if manifest.sets else {}
    return about | ({"unlike": {"cut": manifest.unlike.cut, "neighbour": K}} if manifest.unlike else {})


def refused(received: str, expected: str) -> ArchiveError:
    return ArchiveError(received, expected, "Export the run again and import that bundle")
