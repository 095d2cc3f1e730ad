"""The Dataset page in a browser: from a zip to a leak that is found, excluded and taken back; the gallery by mouse."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.datasets.sample.sample import write_sample
from tests.browser.conftest import Watched
from tests.drawing import image_bytes, zip_folder

BACK = re.compile("^Back")  # its shortcut is part of its name
HOSTILE = [
    '"><img src=x onerror="window.hacked=1">.jpg',
    "javascript:window.hacked=1.jpg",
    "\u202egpj.exe.jpg",
    "🐱\n.jpg",
]


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn images, one of which is in training and in validation."""
    folder = tmp_path_factory.mktemp("leaky") / "pets"
    write_sample(folder, train=40, validation=10)
    leak = sorted((folder / "train" / "cats").iterdir())[0]
    (folder / "validation" / "cats" / "planted.png").write_bytes(leak.read_bytes())
    return folder


def open_path(watched: Watched, path: Path, images: int) -> None:
    watched.open("dataset")
    page = watched.page
    page.get_by_text("Open another dataset").click()
    page.get_by_text("Folder or zip on this machine").click()
    page.get_by_label("Folder or zip", exact=True).fill(str(path))
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    wait_until_open(watched, path.name, images)


def wait_until_open(watched: Watched, name: str, images: int) -> None:
    """The page is drawn anew when an opening ends. What was open before may have as many images."""
    page = watched.page
    watched.settle()
    expect(page.get_by_text(re.compile("^Opening "))).to_have_count(0, timeout=60_000)
    expect(page.get_by_text(f"Dataset {name}: ")).to_be_visible(timeout=60_000)
    expect(metric(page, "Images")).to_have_text(str(images))
    # A filter that is typed over the images of before goes with them.
    expect(page.locator(".gallery.selectable .cell:not(.blank)")).to_have_count(min(images, 48))
    watched.settle()


def metric(page: Page, label: str) -> Locator:
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue").first


def view(watched: Watched, name: str) -> None:
    watched.page.get_by_role("radio", name=name, exact=True).or_(
        watched.page.get_by_test_id("stButtonGroup").get_by_role("button", name=name, exact=True)
    ).first.click()
    watched.settle()


def test_a_planted_leak_is_found_excluded_and_taken_back(watched: Watched, pets: Path) -> None:
    watched.open("dataset")
    page = watched.page
    page.get_by_text("Open another dataset").click()
    page.get_by_text("Upload a zip", exact=True).click()
    upload = {"name": "uploaded.zip", "mimeType": "application/zip", "buffer": zip_folder(pets, "uploaded/")}
    page.locator("input[type=file]").set_input_files(upload)  # type: ignore[arg-type]
    page.get_by_role("button", name="Open the uploaded zip").click()
    wait_until_open(watched, "uploaded", 101)

    page.get_by_label("Name", exact=True).fill("planted")
    page.get_by_label("Name", exact=True).press("Enter")
    cells = page.locator(".gallery.selectable .cell:not(.blank)")
    expect(cells).to_have_count(1)
    watched.settle()
    cells.first.locator(".open").click()
    expect(page.get_by_role("columnheader", name="validation/cats/planted.png")).to_be_visible()
    page.get_by_role("button", name=BACK).click()
    expect(cells).to_have_count(1)

    view(watched, "Problems")
    expect(page.get_by_text("Leaks: 1 group of 2 images")).to_be_visible()
    page.get_by_role("button", name="Remove leaks").click()
    expect(metric(page, "Images")).to_have_text("100")
    watched.go("Training")
    expect(page.get_by_text("79 training images, 21 validation images")).to_be_visible()
    watched.go("Dataset")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(metric(page, "Images")).to_have_text("101")
    watched.go("Training")
    expect(page.get_by_text("80 training images, 21 validation images")).to_be_visible()
    assert not watched.complaints


def test_ticks_survive_a_page_turn_are_excluded_together_and_a_click_on_a_bar_shows_its_images(
    watched: Watched, pets: Path
) -> None:
    open_path(watched, pets, 101)
    page = watched.page
    boxes = page.locator(".gallery.selectable .cell:not(.blank) input[type=checkbox]")
    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(page.locator(".gallery.selectable .count")).to_have_text("4 selected")
    height = page.locator(".gallery.selectable .grid").bounding_box()
    page.get_by_role("button", name="Last", exact=True).click()
    expect(page.get_by_label("Page", exact=False).locator("visible=true").last).to_have_value("3")
    expect(page.locator(".gallery.selectable .count")).to_have_text("4 selected")
    after = page.locator(".gallery.selectable .grid").bounding_box()
    assert height and after and abs(height["height"] - after["height"]) < 2, "the page jumps"
    watched.settle()
    page.get_by_role("button", name="Exclude 4").click()
    expect(metric(page, "Images")).to_have_text("97")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(metric(page, "Images")).to_have_text("101")

    bar = page.locator(".js-plotly-plot .bars .point path").nth(1)  # dogs in train
    bar.click(force=True)
    expect(page.get_by_text("Showing only: dogs in train")).to_be_visible()
    watched.settle()
    captions = page.locator(".gallery.selectable .cell:not(.blank) .caption")
    expect(captions.filter(has_not_text="dogs · train")).to_have_count(0)
    assert set(captions.all_inner_texts()) == {"dogs · train"}
    page.get_by_role("button", name="Show all images").click()
    expect(page.get_by_text("Showing only: dogs in train")).to_have_count(0)
    assert not watched.complaints


def test_hostile_names_run_nothing_and_ask_nobody(watched: Watched, tmp_path: Path) -> None:
    for label in ("cats", "dogs"):
        (tmp_path / "odd" / label).mkdir(parents=True)
        for number, name in enumerate(HOSTILE):
            content = image_bytes(seed=number + 10 * (label == "dogs"))
            (tmp_path / "odd" / label / name.replace("/", "_")).write_bytes(content)
    open_path(watched, tmp_path / "odd", 8)
    page = watched.page
    cells = page.locator(".gallery.selectable .cell:not(.blank) .open")
    for number in range(len(HOSTILE)):
        watched.settle()
        cells.nth(number).click()
        expect(page.get_by_role("button", name=BACK)).to_be_visible()
        page.get_by_role("button", name=BACK).click()
        expect(page.get_by_role("button", name=BACK)).to_have_count(0)  # till then the look-alikes are cells too
    view(watched, "Problems")
    assert page.evaluate("window.hacked") is None
    assert not [url for url in watched.requests if "127.0.0.1" not in url and not url.startswith(("data:", "blob:"))]
