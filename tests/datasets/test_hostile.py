"""The hostile corpus in the midst of a good dataset: no crash, no hang, a reason for each bad file, nothing changed.

What could hang or take all memory is done by a child process, which is ended after a time that is ample.
"""

import json
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.datasets.current import remember_source
from core.errors import ImageError
from core.image_files import MAX_PIXELS
from core.images import inspect_image
from pages.ui.data import openings
from pages.ui.trust import reports
from tests import hostile
from tests.drawing import make_zip, write_images

PROJECT = Path(__file__).parents[2]
SECONDS = 100  # of which a few are used
LARGEST_CHILD = 400 * 2**20  # bytes: Python and its libraries have 100 MB, the corpus' largest files 5 MB together

# Opens a dataset, makes every thumbnail, and prints what came of each file as the last line.
CHILD = """
import json, resource, sys
from core.datasets import open_dataset, scan
from core.datasets.exif import read_exif
from core.datasets.thumbnails import enlarged, thumbnails
if sys.argv[2] == "processes":
    scan.PROCESSES_FROM = 1
dataset = open_dataset(sys.argv[1])
records = dataset.records
shown = thumbnails(dataset, records)
for record in records:
    assert bool(enlarged(dataset, record).content) != bool(record.reason), record
    if record.digest:
        read_exif(dataset.file(record).read_bytes())
status = open("/proc/self/status").read()  # not ru_maxrss, which a child inherits from who started it
peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
rows = {r.path: [r.reason, r.width, r.height, r.frames, bool(t.content), t.reason] for r, t in zip(records, shown)}
print(json.dumps({"rows": rows, "usable": len(dataset.usable()), "peak": peak}))
"""


@dataclass(frozen=True)
class Planted:
    """`top` holds the dataset `data`, its zip, a folder outside it, and a folder for temporary files."""

    top: Path
    expected: dict[str, str]

    @property
    def data(self) -> Path:
        return self.top / "data"

    @property
    def zip(self) -> Path:
        return self.top / "data.zip"

    def paths(self, kind: str) -> list[str]:
        return sorted(path for path, expected in self.expected.items() if expected == kind)

    def run(self, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
        """Python with these arguments, in `top`, so that a file that is dropped anywhere is noticed."""
        own = {"PAWLAB_HOME": str(home), "TMPDIR": str(self.top / "tmp"), "PYTHONPATH": str(PROJECT)}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.top,
            env={**os.environ, **own, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
        )


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    top = tmp_path_factory.mktemp("hostile")
    (top / "tmp").mkdir()
    found = Planted(top, hostile.plant(top / "data", top / "outside"))
    found.zip.write_bytes(make_zip(hostile.zip_members(found.data, found.expected)))
    yield found
    shutil.rmtree(top)


@pytest.fixture(scope="module", params=["threads", "processes"])
def opened(
    request: pytest.FixtureRequest, planted: Planted, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What the child says of the folder."""
    return answer(planted.run("-c", CHILD, str(planted.data), request.param, home=tmp_path_factory.mktemp("home")))


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stdout + done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def state(top: Path) -> dict[bytes, tuple[int, ...]]:
    """Every file, folder and link below `top`, without following any: mode, inode, owner, size, content's and inode's
    time of change. A write or a rename shows in them; a read does not."""
    found: dict[bytes, tuple[int, ...]] = {}
    for folder, _, names, descriptor in os.fwalk(os.fsencode(top)):
        for name in [b".", *names]:
            one = os.lstat(name, dir_fd=descriptor)
            facts = (one.st_mode, one.st_ino, one.st_nlink, one.st_uid, one.st_size, one.st_mtime_ns, one.st_ctime_ns)
            found[folder + b"/" + name] = facts
    return found


# --- the corpus itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (hostile.vp8l(90, 70), (90, 70)),
        (hostile.png(9, 7, zlib.compress(bytes(70))), (9, 7)),
        (hostile.tiff({256: 9, 257: 7, 278: 7}, bytes(63)), (9, 7)),
    ],
)
def test_what_draws_the_bombs_draws_whole_pictures(content: bytes, size: tuple[int, int]) -> None:
    """Else a bomb would be refused for being broken, and its size would never be put to the test."""
    facts, _ = inspect_image(content)
    assert (facts.width, facts.height) == size


@pytest.mark.parametrize("name", [name for name in hostile.bad_files() if name.startswith(("bomb", "huge.jpg"))])
def test_a_bomb_is_refused_for_its_pixels(name: str) -> None:
    with pytest.raises(ImageError, match="pixels"):
        inspect_image(hostile.bad_files()[name])


# --- opening ---------------------------------------------------------------------------------------------------------


def test_every_file_is_a_record_and_nothing_else_is(planted: Planted, opened: dict[str, Any]) -> None:
    assert set(opened["rows"]) == set(planted.expected)


def test_every_bad_file_has_a_reason(planted: Planted, opened: dict[str, Any]) -> None:
    assert [path for path in planted.paths("bad") if not opened["rows"][path][0].strip()] == []


def test_every_good_file_is_usable(planted: Planted, opened: dict[str, Any]) -> None:
    assert {path: opened["rows"][path][0] for path in planted.paths("good") if opened["rows"][path][0]} == {}


def test_a_file_has_either_a_reason_or_sane_facts(opened: dict[str, Any]) -> None:
    for path, (reason, width, height, frames, _, _) in opened["rows"].items():
        assert len(reason) < 300, path
        assert bool(reason) == (width * height == 0), path
        assert 0 <= width * height <= MAX_PIXELS, path
        assert 1 <= frames <= 1000, path
    assert opened["usable"] == sum(not row[0] for row in opened["rows"].values())


def test_a_link_out_is_refused_as_such(planted: Planted, opened: dict[str, Any]) -> None:
    """And not because of what it leads to, which is never opened."""
    outward = ["outside.jpg", "zeros.jpg", "passwords.jpg", "memory.jpg"]
    reasons = {opened["rows"][f"{hostile.CLASS}/link to {name}"][0] for name in outward}
    assert reasons == {"a link that leads out of the dataset"}


def test_what_is_usable_has_a_thumbnail_and_what_is_not_says_why(opened: dict[str, Any]) -> None:
    for path, (reason, *_, drawn, why) in opened["rows"].items():
        assert drawn == (not reason), path
        assert bool(why) == (not drawn), path


def test_memory_stays_small(opened: dict[str, Any]) -> None:
    assert opened["peak"] < LARGEST_CHILD


def test_a_zip_of_it_says_the_same(planted: Planted, opened: dict[str, Any], tmp_path: Path) -> None:
    found = answer(planted.run("-c", CHILD, str(planted.zip), "threads", home=tmp_path / "home"))
    assert len(found["rows"]) > 150
    for path, row in found["rows"].items():
        assert row == opened["rows"][path], path


# --- nothing outside our own folder ----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["scan", "clean"])
@pytest.mark.parametrize("source", ["data", "data.zip"])
def test_nothing_but_our_own_folder_changes(planted: Planted, tmp_path: Path, command: str, source: str) -> None:
    before = state(planted.top)
    more = [str(tmp_path / "clean.zip"), "--drop", "leaks,duplicates,unreadable"] if command == "clean" else []
    answer(planted.run("-m", "core", command, source, *more, "--json", home=tmp_path / "home"))
    left = state(planted.top)
    temporary = os.fsencode(planted.top / "tmp") + b"/."  # may be used meanwhile
    del before[temporary], left[temporary]
    assert left == before


def test_the_scan_command_prints_one_line_of_json(planted: Planted, tmp_path: Path) -> None:
    done = planted.run("-m", "core", "scan", "data", "--json", home=tmp_path / "home")
    found = answer(done)
    assert done.stdout.count("\n") == 1
    unreadable = {entry["path"]: entry["reason"] for entry in found["unreadable"]}
    assert set(planted.paths("bad")) <= set(unreadable)
    assert not set(planted.paths("good")) & set(unreadable)
    assert all(unreadable.values())


def test_the_scan_command_prints_no_control_characters(planted: Planted, tmp_path: Path) -> None:
    """A name must not be able to recolour, clear or retitle the terminal of whoever looks at the report."""
    done = planted.run("-m", "core", "scan", "data", home=tmp_path / "home")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr


# --- the page --------------------------------------------------------------------------------------------------------


@pytest.fixture
def fresh_page(components_known: None) -> Iterator[Callable[[], AppTest]]:
    st.cache_resource.clear()
    st.cache_data.clear()
    yield lambda: AppTest.from_file(PROJECT / "pages" / "main.py", default_timeout=SECONDS).run()
    openings().close()
    reports().close()  # its thread would go on when Python ends


def test_the_dataset_page_shows_it(planted: Planted, fresh_page: Callable[[], AppTest]) -> None:
    remember_source(str(planted.data))
    before = state(planted.data)
    at = fresh_page()
    assert not at.exception
    assert int(next(one.value for one in at.metric if one.label == "Unreadable")) >= len(planted.paths("bad"))
    for view in ("numbers", "problems", "map", "export"):
        at.segmented_control(key="dataset_view").set_value(view).run()
        assert not at.exception, view
    assert state(planted.data) == before


@pytest.mark.parametrize("kind", ["good", "bad", "odd"])
def test_the_large_view_shows_each(planted: Planted, fresh_page: Callable[[], AppTest], kind: str) -> None:
    remember_source(str(planted.data))
    at = fresh_page()
    at.segmented_control(key="dataset_view").set_value("export").run()  # no charts beside each of them
    for path in planted.paths(kind)[:: 1 if kind == "good" else 8]:
        at.session_state["pictures_open"] = path
        at.run()
        assert not at.exception, path


# --- what is no dataset at all ---------------------------------------------------------------------------------------


def test_a_dataset_of_nothing_else_is_refused_in_words(tmp_path: Path, pawlab_home: Path) -> None:
    folder = tmp_path / "data"
    write_images(folder, {"a": 1, "b": 1})
    for label in ("a", "b"):
        (folder / label / "0.jpg").unlink()
        for number, content in enumerate(hostile.bad_files().values()):
            (folder / label / f"{number}.jpg").write_bytes(content)
    done = Planted(tmp_path, {}).run("-m", "core", "scan", "data", "--json", home=pawlab_home)
    assert done.returncode == 2
    assert "none of" in done.stderr
    assert "Traceback" not in done.stderr
