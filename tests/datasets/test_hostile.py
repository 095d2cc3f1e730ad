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
from core.images.decode import inspect_image
from core.images.files import MAX_PIXELS
from core.jobs.process import PROJECT
from pages.ui.dataset.quality import reports
from pages.ui.shared.data import openings
from tests import hostile
from tests.drawing import make_zip, write_images
from tests.pages.app import new_app

SECONDS = 100  # of which a few are used
LARGEST_CHILD = 250 * 2**20  # bytes: Python and its libraries have 100 MB, and no image is decoded there

# Opens a dataset, makes every thumbnail, and prints what came of each file as the last line. It never decodes itself.
CHILD = """
import json, resource, sys
from core.datasets import open_dataset
from core.images import decode
from core.images.isolated import read_exif
from core.datasets.thumbnails import enlarged, thumbnails
decode._PARSERS = None
dataset = open_dataset(sys.argv[1])
records = dataset.records
shown = thumbnails(dataset, records)
for record in records:
    assert bool(enlarged(dataset, record).content) != bool(record.reason), record
    if not record.reason:
        read_exif(dataset.file(record))
status = open("/proc/self/status").read()  # not ru_maxrss, which a child inherits from who started it
peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
rows = {r.path: [r.reason, r.width, r.height, r.frames, bool(t.content), t.reason] for r, t in zip(records, shown)}
print(json.dumps({"rows": rows, "usable": len(dataset.usable()), "peak": peak}))
"""


@dataclass(frozen=True)
class Planted:
    """`top` holds the dataset `data`, its zip, a folder outside it, and a folder for temporary files; `home` is ours.
    All share it, since a scan of the corpus takes seconds: only the first one of a source reads its files."""

    top: Path
    home: Path
    expected: dict[str, str]

    @property
    def data(self) -> Path:
        return self.top / "data"

    @property
    def zip(self) -> Path:
        return self.top / "data.zip"

    def paths(self, kind: str) -> list[str]:
        return sorted(path for path, expected in self.expected.items() if expected == kind)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Python with these arguments, in `top`, so that a file that is dropped anywhere is noticed."""
        own = {"PAWLAB_HOME": str(self.home), "TMPDIR": str(self.top / "tmp"), "PYTHONPATH": str(PROJECT)}
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
    home = tmp_path_factory.mktemp("home")
    corpus = Planted(top, home, hostile.plant(top / "data", top / "outside"))
    corpus.zip.write_bytes(make_zip(hostile.zip_members(corpus.data, corpus.expected)))
    yield corpus
    shutil.rmtree(top)


@pytest.fixture(scope="module")
def opened(planted: Planted) -> dict[str, Any]:
    """What the child says of the folder."""
    return answer_that_changes_nothing(planted, "-c", CHILD, str(planted.data))


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stdout + done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def answer_that_changes_nothing(planted: Planted, *arguments: str) -> dict[str, Any]:
    """The answer of a program that leaves everything as it was but our own folder."""
    return answer(run_that_changes_nothing(planted, *arguments))


def run_that_changes_nothing(planted: Planted, *arguments: str) -> subprocess.CompletedProcess[str]:
    before = state(planted.top)
    done = planted.run(*arguments)
    left = state(planted.top)
    temporary = os.fsencode(planted.top / "tmp") + b"/."  # may be used meanwhile
    del before[temporary], left[temporary]
    assert left == before
    return done


def state(top: Path) -> dict[bytes, tuple[int, ...]]:
    """Every file, folder and link below `top`, without following any: mode, inode, owner, size, content's and inode's
    time of change. A write or a rename shows in them; a read does not."""
    facts_of: dict[bytes, tuple[int, ...]] = {}
    for folder, _, names, descriptor in os.fwalk(os.fsencode(top)):
        for name in [b".", *names]:
            file = os.lstat(name, dir_fd=descriptor)
            facts = (file.st_mode, file.st_ino, file.st_nlink, file.st_uid, file.st_size)
            facts_of[folder + b"/" + name] = (*facts, file.st_mtime_ns, file.st_ctime_ns)
    return facts_of


# --- the corpus itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (hostile.vp8l(90, 70), (90, 70)),
        (hostile.png(9, 7, zlib.compress(bytes(70))), (9, 7)),
        (hostile.tiff({256: 9, 257: 7, 278: 7}, bytes(63)), (9, 7)),
    ],
)
def test_what_draws_the_bombs_draws_whole_images(content: bytes, size: tuple[int, int]) -> None:
    """Else a bomb would be refused for being broken, and its size would never be put to the test."""
    facts, _ = inspect_image(content)
    assert (facts.width, facts.height) == size


@pytest.mark.parametrize("name", ["huge.jpg", "bomb.png", "bomb.webp", "bomb.tif", "bomb.bmp"])
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


def test_a_zip_of_it_says_the_same(planted: Planted, opened: dict[str, Any]) -> None:
    said = answer_that_changes_nothing(planted, "-c", CHILD, str(planted.zip))
    assert len(said["rows"]) > 150
    for path, row in said["rows"].items():
        assert row == opened["rows"][path], path


# --- nothing outside our own folder ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "command"), [("data", "clean"), ("data.zip", "scan"), ("data.zip", "clean")])
def test_nothing_but_our_own_folder_changes(planted: Planted, tmp_path: Path, command: str, source: str) -> None:
    """As none does that opens it: see the fixture `opened`; and a scan of the folder: see below."""
    more = [str(tmp_path / "clean.zip"), "--drop", "leaks,duplicates,unreadable"] if command == "clean" else []
    answer_that_changes_nothing(planted, "-m", "core", command, source, *more, "--json")


def test_the_scan_command_prints_one_line_of_json_and_changes_nothing(planted: Planted) -> None:
    done = run_that_changes_nothing(planted, "-m", "core", "scan", "data", "--json")
    assert done.stdout.count("\n") == 1
    unreadable = {entry["path"]: entry["reason"] for entry in answer(done)["unreadable"]}
    assert set(planted.paths("bad")) <= set(unreadable)
    assert not set(planted.paths("good")) & set(unreadable)
    assert all(unreadable.values())


def test_the_scan_command_prints_no_control_characters(planted: Planted) -> None:
    """A name must not be able to recolour, clear or retitle the terminal of whoever looks at the report."""
    done = planted.run("-m", "core", "scan", "data")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr


# --- the page --------------------------------------------------------------------------------------------------------


@pytest.fixture
def fresh_page(components_known: None) -> Iterator[Callable[[], AppTest]]:
    st.cache_resource.clear()
    st.cache_data.clear()
    yield lambda: new_app(seconds=SECONDS).run()
    openings().close()
    reports().close()  # its thread would go on when Python ends


def test_the_dataset_page_shows_it(planted: Planted, fresh_page: Callable[[], AppTest]) -> None:
    remember_source(str(planted.data))
    before = state(planted.data)
    at = fresh_page()
    assert not at.exception
    assert int(next(metric.value for metric in at.metric if metric.label == "Unreadable")) >= len(planted.paths("bad"))
    for view in ("numbers", "problems", "map", "export"):
        at.segmented_control(key="dataset_view").set_value(view).run()
        assert not at.exception, view
    assert state(planted.data) == before


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("kind", ["good", "bad", "odd"])
def test_the_large_view_shows_each(
    planted: Planted,
    opened: dict[str, Any],
    fresh_page: Callable[[], AppTest],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PAWLAB_HOME", str(planted.home))
    remember_source(str(planted.data))
    at = fresh_page()
    at.segmented_control(key="dataset_view").set_value("export").run()  # no charts beside each of them
    for path in planted.paths(kind)[:: 1 if kind == "good" else 8]:
        at.session_state["images_open"] = path
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
    done = Planted(tmp_path, pawlab_home, {}).run("-m", "core", "scan", "data", "--json")
    assert done.returncode == 2
    assert "none of" in done.stderr
    assert "Traceback" not in done.stderr
