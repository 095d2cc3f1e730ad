"""A project that was damaged, forged or stopped is refused whole and leaves nothing."""

import json
import random
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.datasets import open_dataset
from core.errors import Cancelled, DatasetError, PawlabError
from core.project import placing
from core.project.contents import ABOUT, EDITS, SEAL_BYTES, SETTINGS, seal
from core.project.opening import open_project
from core.project.saving import save_project
from core.storage.home import home
from tests.drawing import write_images
from tests.project.making import Members, files_left, forged, small_project
from tests.trained import at_home


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("hostile")
    with at_home(place / "home"):
        return small_project(place / "pets.zip")


def test_a_changed_byte_anywhere_is_refused_and_so_is_a_missing_one(project: Path, tmp_path: Path) -> None:
    content, broken = project.read_bytes(), tmp_path / "broken.zip"
    chosen = random.Random(0)
    places = [0, len(content) - 1, len(content) - SEAL_BYTES, *(chosen.randrange(len(content)) for _ in range(200))]
    for place in places:
        flipped = bytes([content[place] ^ 1 << chosen.randrange(8)])
        broken.write_bytes(content[:place] + flipped + content[place + 1 :])
        with pytest.raises(PawlabError):
            open_project(broken)
    for size in (0, 10, SEAL_BYTES, *(chosen.randrange(len(content)) for _ in range(20))):
        broken.write_bytes(content[:size])
        with pytest.raises(PawlabError):
            open_project(broken)
    assert files_left() == set()


def _about(**values: object) -> Callable[[Members], object]:
    return lambda members: members.update({ABOUT: json.dumps({**json.loads(members[ABOUT]), **values}).encode()})


def _only_dogs(members: Members) -> None:
    for name in [name for name in members if name.startswith("images/cats")]:
        del members[name]


FORGERIES: dict[str, Callable[[Members], object]] = {
    "a path that leaves": lambda members: members.update({"images/../../evil.jpg": b"x"}),
    "an absolute path": lambda members: members.update({"/tmp/evil.jpg": b"x"}),
    "a file of no project": lambda members: members.update({"evil.py": b"x"}),
    "a run that is not listed": lambda members: members.update({"run-1.zip": b"x"}),
    "a run that is missing": _about(runs=[{"name": "a", "is_here": False}]),
    "no edits": lambda members: members.pop(EDITS),
    "no manifest": lambda members: members.pop(ABOUT),
    "broken edits": lambda members: members.update({EDITS: b'{"version": 1, "actions": [{}], "undone": []}'}),
    "edits nested deep": lambda members: members.update({EDITS: b"[" * 100_000}),
    "broken settings": lambda members: members.update({SETTINGS: b'[{"name": "a", "settings": {"zoom_range": 9e9}}]'}),
    "an unknown key": _about(command="rm"),
    "another version": _about(version=2),
    "a name of another kind": _about(name=["a"]),
    "a single class": _only_dogs,
    "a bomb": lambda members: members.update({"images/cats/a.jpg": bytes(50 * 2**20)}),
}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_project_is_refused(project: Path, tmp_path: Path, change: Callable[[Members], object]) -> None:
    with pytest.raises(PawlabError):
        open_project(forged(project, tmp_path / "forged.zip", change))
    assert files_left() == set()
    assert not list(tmp_path.rglob("evil*"))


def test_a_run_that_is_no_bundle_is_refused(project: Path, tmp_path: Path) -> None:
    def change(members: Members) -> None:
        _about(runs=[{"name": "a", "is_here": False}])(members)
        members["run-1.zip"] = project.read_bytes()

    with pytest.raises(PawlabError, match="This is no bundle"):
        open_project(forged(project, tmp_path / "forged.zip", change))
    assert files_left() == set()


def test_an_image_that_was_exchanged_is_found_by_its_checksum(project: Path, tmp_path: Path) -> None:
    def change(members: Members) -> None:
        one, other = [name for name in members if name.startswith("images/")][:2]
        members[one] = members[other]

    with pytest.raises(PawlabError, match="checksum"):
        open_project(forged(project, tmp_path / "forged.zip", change, sums=False))


def test_a_link_is_refused(project: Path, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("images/cats/link.jpg")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    forged(project, tmp_path / "forged.zip", lambda members: None)
    with zipfile.ZipFile(tmp_path / "forged.zip", "a") as archive:
        archive.writestr(link, "/etc/passwd")
    seal(tmp_path / "forged.zip")
    with pytest.raises(PawlabError, match="link"):
        open_project(tmp_path / "forged.zip")
    assert files_left() == set()


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", ".hidden", "con", "\x00", "", "a" * 255])
def test_a_name_leads_nowhere(project: Path, tmp_path: Path, name: str) -> None:
    opened = open_project(forged(project, tmp_path / "forged.zip", _about(name=name)))
    assert Path(opened.source).parent == home() / "collections"
    assert not list(tmp_path.glob("*evil*"))


@pytest.mark.parametrize("phase", ["extract", "sums", "scan"])
def test_an_opening_that_is_stopped_leaves_nothing(project: Path, phase: str) -> None:
    def stop(now: str, done: int, total: int) -> None:
        if now == phase and done == total:
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        open_project(project, progress=stop)
    assert files_left() == set()


def test_where_the_last_step_fails_nothing_is_left(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(placing, "Journal", lambda folder: type("Full", (), {"write_classes": full})())
    with pytest.raises(PawlabError, match="No space left"):
        open_project(project)
    assert files_left() == set()


def test_a_save_that_is_stopped_or_impossible_keeps_what_was_there(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "pets", {"cats": 4, "dogs": 4})
    dataset, target = open_dataset(folder), tmp_path / "pets.zip"
    target.write_bytes(b"before")

    def stop(phase: str, done: int, total: int) -> None:
        if phase == "write" and done == 5:
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        save_project(dataset, target, progress=stop)
    dataset.file(dataset.records[0]).write_bytes(b"another image")
    with pytest.raises(DatasetError, match="has changed"):
        save_project(dataset, target)
    dataset.file(dataset.records[0]).rename(folder / "cats" / "a:b.jpg")
    (folder / "cats" / "a:b.jpg").write_bytes((folder / "dogs").iterdir().__next__().read_bytes())
    with pytest.raises(DatasetError, match="Rename"):
        save_project(open_dataset(folder), target)
    assert target.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
