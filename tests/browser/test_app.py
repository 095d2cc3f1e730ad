"""What only a browser shows: pages, the main job from data to a prediction, and that nothing leaves the machine."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import expect

from core.runs.run import Run
from tests.browser.conftest import Server, Watched
from tests.browser.test_augment import pixels, wait_for_change
from tests.browser.test_training import EPOCHS, wait_for_epochs
from tests.connections import WORKERS, Connections, traced
from tests.drawing import write_images
from tests.pages.app import START_HEADING

PAGES = {
    "": START_HEADING,
    "dataset": "Dataset",
    "augment": "Augmentation",
    "train": "Training",
    "evaluate": "Evaluate",
    "improve": "Improve",
    "classify": "Classify",
}


def test_the_server_listens_on_loopback_only(server: Server) -> None:
    addresses = {
        connection.laddr.ip
        for connection in psutil.Process(server.pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}


def test_a_class_whose_name_is_a_link_makes_nobody_ask_another_host(watched: Watched, tmp_path: Path) -> None:
    names = ["![](http:pawlab.invalid)", "<img src=http://pawlab.invalid>"]
    folder = tmp_path / "![](http:pawlab.invalid) www.pawlab.invalid and me@pawlab.invalid"
    data = write_images(folder, dict.fromkeys([name.replace("/", ":") for name in names], 6))
    watched.open("dataset")
    page = watched.page
    page.get_by_text("Open another dataset").click()
    page.get_by_text("Folder or zip on this machine").click()
    page.get_by_label("Folder or zip", exact=True).fill(str(data))
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    expect(page.get_by_text("12", exact=True).first).to_be_visible()
    expect(page.get_by_role("heading", level=3).first).to_contain_text("pawlab.invalid")
    for path in PAGES:
        watched.open(path)
        assert not page.locator("a[href*='pawlab']:not([href^='#'])").count()  # a heading links to itself
    assert watched.hosts() == {"127.0.0.1"}


# Goes on clicking at the image of the page that was left, for as long as it is there.
CLICK_ON = """
([way, image]) => {
  way.click();
  const again = setInterval(() => { image.isConnected ? image.click() : clearInterval(again); }, 10);
  image.click();
}
"""


def test_what_a_page_asks_for_after_a_click_on_another_does_not_empty_that_one(watched: Watched) -> None:
    """Streamlit would run the gallery's fragment after the new page, under the old one's name; see
    `pages.ui.routes.stale_fragments`. In the wild it is a clock that rings between the click and the prediction."""
    watched.open("dataset")
    page = watched.page
    link = page.get_by_role("link", name="Augmentation", exact=True)
    button = page.get_by_role("button", name="Tune augmentation", exact=True)
    for clicked in (link, button):
        image = page.locator(".gallery.selectable .open").first.element_handle()
        page.evaluate(CLICK_ON, [clicked.first.element_handle(), image])
        page.get_by_role("heading", name="Augmentation", level=1).wait_for()
        watched.settle()
        # What is asked for now is answered after what was asked for before.
        before = pixels(page)
        page.get_by_role("button", name="Draw again").click()
        wait_for_change(page, before)
        watched.go("Dataset")
    assert not watched.complaints


@pytest.fixture
def connections(tmp_path: Path) -> Iterator[Connections]:
    with traced(tmp_path) as connections:
        yield connections


def test_from_data_to_a_prediction(connections: Connections, watched_afresh: Watched) -> None:
    """A first start: the sample is drawn; tunes, trains on it to the end, leaves and returns meanwhile, evaluates,
    classifies a image. The server stays small and without TensorFlow, and no process asks another machine."""
    watched = watched_afresh
    page, home = watched.page, watched.server.home
    shutil.rmtree(home / "datasets")
    watched.open("dataset")
    expect(page.get_by_text("560", exact=True).first).to_be_visible(timeout=60_000)

    watched.go("Augmentation")
    expect(page.locator(".augmented .grid canvas").first).to_be_visible()
    before = pixels(page)
    page.get_by_role("slider").first.focus()
    page.keyboard.press("End")
    wait_for_change(page, before)

    watched.go("Training")
    page.get_by_text("Fast", exact=True).first.click()
    watched.settle()
    page.get_by_label("Image size", exact=True).fill("64")  # of 560 images
    page.keyboard.press("Enter")
    watched.settle()
    page.get_by_role("button", name=re.compile("^Start")).click()
    wait_for_epochs(page, 1)
    watched.go("Dataset")
    watched.go("Training")
    page.get_by_text("95% confidence interval").first.wait_for(timeout=120_000)
    epochs = page.evaluate(EPOCHS)
    assert epochs == list(range(1, len(epochs) + 1))
    page.reload()
    page.get_by_text("95% confidence interval").first.wait_for()

    watched.go("Evaluate")
    page.get_by_text("Confusion matrix", exact=True).first.wait_for()
    watched.go("Classify")
    image = next((home / "datasets").glob("**/validation/dogs/*"))
    broken = home / "broken.jpg"
    broken.write_bytes(b"no image")
    page.locator('input[type="file"]').first.set_input_files([image, broken])
    expect(page.get_by_text(re.compile(r"\d+(\.\d+)? ?%")).first).to_be_visible()
    expect(page.get_by_text(re.compile("broken.jpg.*could not be classified")).first).to_be_visible()
    assert not watched.complaints

    process = psutil.Process(watched.server.pid)
    libraries = {Path(part.path).name for part in process.memory_maps()}
    assert not any("tensorflow" in name for name in libraries)
    assert process.memory_info().rss < 350e6
    assert {"streamlit", *WORKERS} <= connections.programs()
    assert not connections.strangers()
    assert watched.hosts() == {"127.0.0.1"}


def test_the_menu_of_a_phone_closes_after_a_choice(watched: Watched) -> None:
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 844})
    watched.open("classify")
    for title in ("Evaluate", "Evaluate", "Classify"):  # the second time it is the page that is open
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(page.get_by_test_id("stSidebarCollapseButton")).to_be_visible()
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=title).click()
        expect(page.get_by_test_id("stSidebarCollapseButton")).to_have_count(0)
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    assert not watched.complaints


def test_a_photo_from_the_webcam_gets_an_prediction(watched: Watched, trained: Run) -> None:
    shutil.copytree(trained.directory, watched.server.home / "runs" / trained.id, dirs_exist_ok=True)
    watched.open("classify")
    page = watched.page
    page.get_by_role("radio", name="Photo").or_(page.get_by_role("button", name="Photo")).first.click()
    page.get_by_role("button", name="Turn on the camera").click()
    page.wait_for_function("document.querySelector('video')?.readyState >= 3")
    page.get_by_role("button", name="Take photo").click()
    expect(page.get_by_text(re.compile(r"dogs.*%")).first).to_be_visible()
    assert not watched.complaints
