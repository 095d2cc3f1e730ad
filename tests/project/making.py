"""Small projects for tests, and projects that somebody forged."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from core.datasets import open_dataset
from core.datasets.edits.edits import Edits
from core.project.contents import ABOUT, SEAL_BYTES, seal
from core.project.saving import save_project
from core.storage.home import home
from tests.datasets.collect.pictures import filled

Members = dict[str, bytes]


def small_project(target: Path) -> Path:
    """A collection of two classes, in an order of its own, with one image excluded and one relabelled, as a project."""
    collection = filled({"dogs": [2, 2], "cats": [2, 2]})
    dataset = open_dataset(collection.root)
    edits = Edits.load(dataset)
    edits.exclude(dataset.usable()[:1])
    edits.relabel(dataset.usable()[1:2], "dogs")
    save_project(dataset, target)
    return target


def forged(project: Path, target: Path, change: Callable[[Members], object], *, sums: bool = True) -> Path:
    """The project after `change` of its members, sealed anew; `sums` brings the checksums up to date."""
    with zipfile.ZipFile(project) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    if sums and ABOUT in members:
        about = json.loads(members[ABOUT])
        listed = {name: hashlib.sha256(content).hexdigest() for name, content in members.items() if name != ABOUT}
        members[ABOUT] = json.dumps({**about, "files": listed}).encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.comment = b"0" * SEAL_BYTES
    seal(target)
    return target


def files_left() -> set[str]:
    """The files below this home, locks apart."""
    files = (path.relative_to(home()).as_posix() for path in home().rglob("*") if path.is_file())
    return {path for path in files if not path.endswith(".lock")}
