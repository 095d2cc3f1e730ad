"""The first page in a browser: pictures on the first screen, for a newcomer, with a dataset open, after a run."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.runs.run import Run
from tests.browser.axe import assert_nothing_serious_in_light_and_dark
from tests.browser.conftest import Server, Watched, serve
from tests.browser.test_accessibility import SIZES, resized
from tests.pages.app import START_HEADING
from tests.trained import with_sample

pytestmark = pytest.mark.timeout(400)  # with the training, where it is the first to ask for it


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, weights_cache: Path, drawn_sample: Path) -> Iterator[Server]:
    """In which nobody has opened anything yet."""
    yield from serve(with_sample(tmp_path_factory.mktemp("server-home"), drawn_sample), weights_cache)


def shows(watched: Watched, label: str, next_action: str) -> None:
    """Pictures and the next action stand on the first screen, on a phone and at a desk."""
    page = watched.page
    images = page.get_by_role("list", name=label).locator("img")
    for size in SIZES:
        resized(watched, size)
        watched.open()
        expect(page.get_by_role("heading", name=START_HEADING, level=1)).to_be_in_viewport(ratio=1)
        expect(images).to_have_count(8)
        for image in images.all():
            expect(image).to_be_in_viewport(ratio=1)
        expect(page.get_by_test_id("stBaseButton-primary").locator("visible=true")).to_have_count(1)
        expect(page.get_by_role("button", name=next_action, exact=True)).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]


def test_from_nothing_to_a_dataset_to_a_run(watched: Watched, trained: Run) -> None:
    page = watched.page
    shows(watched, "Drawings of cats and dogs", "Use the camera")  # for axe see `test_accessibility`
    page.get_by_role("list", name="Drawings of cats and dogs").locator(".open").first.click()
    expect(page.get_by_role("heading", name="Dataset", level=1)).to_be_visible()
    expect(page.get_by_text("Dataset Drawn sample: 560 images")).to_be_visible()
    shows(watched, "Images of the open dataset", "Train")
    page.get_by_role("list", name="Images of the open dataset").locator(".open").first.click()
    expect(page.get_by_role("heading", name="Dataset", level=1)).to_be_visible()
    expect(page.get_by_text("train/cats/cat.0001.jpg").first).to_be_visible()
    folder = shutil.copytree(trained.directory, watched.server.home / "runs" / trained.id)
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config.replace(trained.source, "sample"))
    shows(watched, "Images of the open dataset", "See its mistakes")
    expect(page.get_by_text("validation accuracy")).to_be_visible()
    assert_nothing_serious_in_light_and_dark(watched)
    assert not watched.complaints


@pytest.mark.parametrize("address", ["start", "home"])
def test_it_has_other_addresses(watched: Watched, address: str) -> None:
    watched.open(address)
    expect(watched.page.get_by_role("heading", name=START_HEADING, level=1)).to_be_visible()
    expect(watched.page).to_have_url(re.compile(rf"^{watched.server.url}/(\?[^/]+)?$"))
    expect(watched.page.get_by_text("Page not found")).to_have_count(0)
