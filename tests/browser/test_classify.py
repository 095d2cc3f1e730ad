"""The Classify page in a browser: a pasted image, good and bad files together, a zip, a correction."""

import base64
import re
import shutil
import zipfile
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import expect

from core.runs.run import Run
from tests.browser.axe import assert_nothing_serious_in_light_and_dark
from tests.browser.conftest import Watched
from tests.drawing import image_bytes, zip_folder

PASTE = """content => {
  const bytes = Uint8Array.from(atob(content), one => one.charCodeAt(0));
  const given = new DataTransfer();
  given.items.add(new File([bytes], 'image.png', {type: 'image/png'}));
  const event = new ClipboardEvent('paste', {clipboardData: given, bubbles: true, cancelable: true});
  return !document.body.dispatchEvent(event);  // whether somebody took it
}"""


@pytest.fixture
def ready(watched: Watched, trained: Run) -> Watched:
    shutil.copytree(trained.directory, watched.server.home / "runs" / trained.id, dirs_exist_ok=True)
    watched.open("classify")
    watched.page.get_by_text("press Ctrl+V").wait_for()
    return watched


def give(watched: Watched, *files: Path) -> None:
    watched.page.locator('input[type="file"]').first.set_input_files(files)


def test_a_pasted_image_is_an_upload_and_a_correction_opens_as_a_dataset(ready: Watched) -> None:
    page = ready.page
    page.wait_for_function(PASTE, arg=base64.b64encode(image_bytes(format="PNG")).decode())
    expect(page.get_by_text(re.compile(r"Pasted \d\d\.\d\d\.\d\d\.png · \d+ ms"))).to_be_visible()
    plain = page.get_by_alt_text(re.compile("classified as")).get_attribute("src")
    page.get_by_text("Grad-CAM").click()
    expect(page.get_by_alt_text(re.compile("Grad-CAM over it"))).not_to_have_attribute("src", str(plain))
    page.get_by_text("Save my corrections").click()
    ready.settle()
    page.get_by_text("Right:").click()
    expect(page.get_by_text("You checked 1 prediction; 1 was right.")).to_be_visible()
    assert len(list((ready.server.home / "my-corrections").glob("*/*.png"))) == 1
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Is this prediction right?")).to_have_count(0)
    assert not ready.complaints


def test_good_and_bad_files_are_cards_and_a_zip_beside_them_makes_a_table(ready: Watched, drawn: Path) -> None:
    page, folder = ready.page, drawn.parent
    bad, photos = folder / "broken.jpg", folder / "photos.zip"
    bad.write_bytes(b"no image")
    photos.write_bytes(zip_folder(drawn / "validation"))
    give(ready, next((drawn / "validation" / "dogs").iterdir()), bad)
    expect(page.get_by_text(re.compile("broken.jpg.*could not be classified"))).to_be_visible()
    page.get_by_role("button", name="Look closer").click()
    expect(page.get_by_text("Is this prediction right?")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Back")).click()
    give(ready, photos)
    expect(page.get_by_text("select a row to look closer")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    table = download.value.path().read_text().splitlines()
    assert table[0] == "path,label,confidence,error,distance,unlike,set,cats,dogs"
    assert len(table) == 1 + 2 + 16
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as a zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        contents = sorted(archive.read(name) for name in archive.namelist())
        assert {name.split("/")[0] for name in archive.namelist()} <= {"cats", "dogs", "unlike"}
    photos_given = [next((drawn / "validation" / "dogs").iterdir()), *(drawn / "validation").rglob("*.*")]
    assert contents == sorted(path.read_bytes() for path in photos_given if path.is_file())
    page.get_by_text("Photo", exact=True).first.click()  # its own predictions, of which there are none yet
    expect(page.get_by_role("button", name="Turn on the camera")).to_be_visible()
    expect(page.get_by_text("18 images")).to_have_count(0)
    assert page.locator("video").count() == 0
    page.get_by_text("Images or zips", exact=True).first.click()
    expect(page.get_by_text("18 images")).to_be_visible()
    assert not ready.complaints


def test_a_folder_is_given_whole_and_corrections_of_two_classes_are_opened(
    ready: Watched, drawn: Path, tmp_path: Path
) -> None:
    page = ready.page
    for label in ("cats", "dogs"):
        place = tmp_path / "mine" / label
        place.mkdir(parents=True)
        shutil.copyfile(min((drawn / "validation" / label).iterdir()), place / "a.jpg")
    (tmp_path / "mine" / "Thumbs.db").write_bytes(b"left by a system")
    page.get_by_text("Folder", exact=True).first.click()
    page.get_by_text("A folder of images").wait_for()
    ready.settle()
    page.locator('input[type="file"][webkitdirectory]').set_input_files(tmp_path / "mine")
    expect(page.get_by_text("2 images in")).to_be_visible()
    for label in ("cats", "dogs"):
        expect(page.get_by_text(re.compile(f"mine/{label}/a.jpg · "))).to_be_visible()
    for at, label in enumerate(("cats", "dogs")):
        page.get_by_role("button", name="Look closer").nth(at).click()
        page.get_by_text("Is this prediction right?").wait_for()
        if not at:
            page.get_by_text("Save my corrections").click()
            ready.settle()
        page.get_by_text(re.compile(f"^(Right:|Wrong: it is) {label}$")).click()
        page.get_by_role("button", name="Undo this correction").wait_for()
        if not at:
            page.get_by_role("button", name=re.compile("^Back")).click()
    page.get_by_role("button", name="Open my corrections").click()
    page.get_by_role("heading", name="Dataset", level=1).wait_for()
    expect(page.get_by_text("my-corrections").first).to_be_visible()
    assert {file.parent.name for file in (ready.server.home / "my-corrections").glob("*/*.jpeg")} >= {"cats", "dogs"}
    assert not ready.complaints


def test_what_was_given_leaves_the_servers_memory_when_it_is_cleared(ready: Watched, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(150 * 10**6)
    server = psutil.Process(ready.server.pid)
    give(ready, large)
    ready.page.get_by_text("could not be classified").wait_for()
    ready.settle()
    held = server.memory_info().rss
    ready.page.get_by_role("button", name="Clear").click()
    expect(ready.page.get_by_text("could not be classified")).to_have_count(0)
    for _ in range(600):
        if server.memory_info().rss < held - 100 * 10**6:
            break
        ready.page.wait_for_timeout(50)
    else:
        pytest.fail(f"the server holds {server.memory_info().rss / 1e6:.0f} MB of {held / 1e6:.0f}")


def test_axe_finds_nothing_serious(ready: Watched, drawn: Path) -> None:
    page = ready.page
    give(ready, *sorted((drawn / "validation" / "dogs").iterdir())[:2])
    page.get_by_role("button", name="Look closer").first.wait_for()
    for look in (False, True):
        if look:
            page.get_by_role("button", name="Look closer").first.click()
            page.get_by_text("Is this prediction right?").wait_for()
        assert_nothing_serious_in_light_and_dark(ready, look)
