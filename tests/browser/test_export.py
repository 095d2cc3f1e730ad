"""The bundle as a browser gets it: downloaded, unpacked, run without this project, and uploaded again."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Download, Locator

from core.export.bundle import Bundle
from core.export.files import write_zip
from core.export.kept import BUNDLE, export_key
from core.inference.classifier import Classifier
from core.runs.run import Run, load_run
from tests.browser.conftest import Watched
from tests.export.making import write_bundle


@pytest.fixture
def run(watched_afresh: Watched, trained: Run) -> Run:
    """The finished run among those of the server."""
    folder = watched_afresh.server.home / "runs" / trained.id
    shutil.copytree(trained.directory, folder)
    return load_run(folder)


def download(link: Locator) -> Download:
    """What a link brings that opens a window of its own, which the browser closes as soon as it sees a download."""
    page, got = link.page, list[Download]()

    def note(one: Download) -> None:
        got.append(one)

    page.on("download", note)
    page.context.on("page", lambda opened: opened.on("download", note))
    link.click()
    for _ in range(1200):
        if got:
            return got[0]
        page.wait_for_timeout(50)
    pytest.fail("no download came within a minute")


def test_a_bundle_is_downloaded_runs_by_itself_and_comes_back(
    watched_afresh: Watched, run: Run, drawn: Path, tmp_path: Path
) -> None:
    write_bundle(run, tmp_path / "files", tmp_path / "scratch")
    file = run.directory / BUNDLE.file
    write_zip(tmp_path / "files", file)
    bundle = Bundle(str(file), file.stat().st_size, ("predict.py",), 27, "", 3e-8, 1e-6, "", None, "not asked")
    BUNDLE.note(run, export_key(run), bundle)

    page = watched_afresh.page
    watched_afresh.open("classify")
    coming = download(page.get_by_role("link", name="Download the bundle"))
    coming.save_as(tmp_path / "got.zip")
    assert coming.suggested_filename == f"{run.id}.zip"
    shutil.unpack_archive(tmp_path / "got.zip", tmp_path / "got")
    image = next((drawn / "validation" / "cats").iterdir())
    done = subprocess.run(
        [sys.executable, "-I", "predict.py", image],
        cwd=tmp_path / "got",
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
    )
    line = json.loads(done.stdout)
    assert line["confidence"] == pytest.approx(Classifier.open(run).classify(image).confidence, abs=1e-4)

    page.locator("input[type=file]").last.set_input_files(tmp_path / "got.zip")
    page.get_by_role("button", name="Check and import").click()
    page.get_by_text(re.compile(r"Imported as .* \(now selected\)")).wait_for()
    watched_afresh.settle()
    assert not watched_afresh.complaints
    assert len(list((watched_afresh.server.home / "runs").iterdir())) == 2


def test_making_a_bundle_shows_where_it_is_and_can_be_stopped(watched_afresh: Watched, run: Run) -> None:
    page = watched_afresh.page
    watched_afresh.open("classify")
    page.get_by_role("button", name="Make the bundle").click()
    page.get_by_text("Checking model.keras").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped: no bundle was made.").wait_for()
    page.get_by_role("button", name="Make the bundle").wait_for()
    assert not (run.directory / BUNDLE.file).exists()
    assert not watched_afresh.complaints
