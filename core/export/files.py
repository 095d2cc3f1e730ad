"""What stands in a bundle, and the list of checksums that `sha256sum -c SHA256SUMS` understands."""

import json
import re
import zipfile
from pathlib import Path

from core.archives import ArchiveLimits
from core.errors import ArchiveError
from core.export.manifest import Manifest
from core.files import sha256_file

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
OPTIONAL = ("data.json", "model.tflite", "validation.npz")
MEMBERS = (*REQUIRED, *OPTIONAL)
_STORED = (".keras", ".onnx", ".tflite", ".npz")  # numbers that do not shrink
# A model.keras is a zip too, whose own entries are counted with ours; `check_files` has the names one by one.
LIMITS = ArchiveLimits(members=200, total_bytes=4 * 2**30, depth=1)
_LINE = re.compile(r"([0-9a-f]{64})  ([\w.]+)")
MAX_SUMS = 10_000  # bytes


def write_sums(folder: Path) -> None:
    """Lists every file in `folder`."""
    names = sorted(path.name for path in folder.iterdir())
    (folder / SUMS).write_text("".join(f"{sha256_file(folder / name)}  {name}\n" for name in names), encoding="utf-8")


def check_files(folder: Path) -> None:
    """All that a bundle must have, nothing else, and every file as its checksum says.

    Raises:
        ArchiveError: It is not so.
    """
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    if missing := [name for name in (SUMS, *REQUIRED) if name not in found]:
        raise refused(f"The zip holds no {missing[0]}", "a bundle that Pawlab made")
    if strange := sorted(found - {SUMS, *MEMBERS}):
        raise refused(f"The zip holds {strange[0][:80]!r}, which no bundle has", "a bundle that Pawlab made")
    sums = folder / SUMS
    text = sums.read_text(encoding="utf-8", errors="replace") if sums.stat().st_size <= MAX_SUMS else ""
    lines = [_LINE.fullmatch(line) for line in text.splitlines()]
    stated = {line[2]: line[1] for line in lines if line}
    if None in lines or len(stated) != len(lines) or set(stated) != found - {SUMS}:
        raise refused(f"{SUMS} does not list the files of the zip", "one line for each of the others")
    for name, digest in sorted(stated.items()):
        if sha256_file(folder / name) != digest:
            raise refused(f"{name} is not what {SUMS} says: it was changed or damaged", "the file as it was exported")


def write_zip(folder: Path, target: Path) -> None:
    """The files of `folder` as a zip, the ones to read first."""
    names = sorted((path.name for path in folder.iterdir()), key=lambda name: (name.endswith(_STORED), name))
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            kind = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
            archive.write(folder / name, name, kind)


def labels_json(manifest: Manifest) -> str:
    """What predict.py reads."""
    return json.dumps(labels(manifest), indent=2, ensure_ascii=False) + "\n"


def labels(manifest: Manifest) -> dict[str, object]:
    return {
        "classes": list(manifest.classes),
        "image_size": manifest.settings.image_size,
        "threshold": manifest.threshold,
    }


def refused(received: str, expected: str) -> ArchiveError:
    return ArchiveError(received, expected, "Export the run again and bring that bundle")
