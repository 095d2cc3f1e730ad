"""Improve in a browser: labels accepted by keyboard, what follows from them, and what that changed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.datasets.sample.sample import write_sample
from core.jobs.process import PROJECT
from core.storage.files import write_json
from tests.browser.conftest import Watched

SWAPPED, ACCEPTED = 11, 20


@pytest.mark.timeout(600)  # two trainings and the advice between them
def test_twenty_labels_by_keyboard_then_a_run_and_the_comparison(watched_afresh: Watched, tmp_path: Path) -> None:
    watched, page, home = watched_afresh, watched_afresh.page, watched_afresh.server.home
    pets = tmp_path / "pets"
    write_sample(pets, train=80, validation=20, seed=5)
    for label, other in (("cats", "dogs"), ("dogs", "cats")):
        for file in sorted((pets / "train" / label).glob(f"{label[:3]}.*"))[:SWAPPED]:
            shutil.move(file, pets / "train" / other / file.name)
    command = [
        "train",
        "--data",
        str(pets),
        "--preset",
        "fast",
        "--image-size",
        "96",
        "--epochs",
        "2",
        "--name",
        "swapped",
    ]
    own = {**os.environ, "PAWLAB_HOME": str(home)}
    subprocess.run(
        [sys.executable, "-m", "core", *command, "--name", "swapped"],
        cwd=PROJECT,
        env=own,
        check=True,
        capture_output=True,
    )
    write_json(home / "dataset.json", {"source": str(pets), "recent": []})

    watched.open("improve")
    page.get_by_role("button", name="Look for what would help").click()
    expect(page.locator(".st-key-improve_action_0")).to_be_visible(timeout=300_000)
    for done in range(ACCEPTED):
        expect(page.get_by_text(re.compile(rf"^{done} of \d+ looked at"))).to_be_visible()
        watched.settle()
        page.keyboard.press("a")
    expect(page.get_by_text(f"Your edits: 0 excluded, {ACCEPTED} relabelled")).to_be_visible()

    page.get_by_role("button", name="Train again with these edits").click()
    expect(page.get_by_role("heading", name="Training", level=1)).to_be_visible()
    expect(page.get_by_text(f"swapped · {ACCEPTED} relabelled").first).to_be_visible()
    watched.go("Evaluate")
    compare = page.get_by_role("button", name="Compare the two")
    compare.click(timeout=240_000)  # appears when the new run has ended
    expect(page.get_by_text(re.compile(r"^95% CI [+−]?\d+\.\d to [+−]?\d+\.\d points$"))).to_be_visible()
    assert not watched.complaints
