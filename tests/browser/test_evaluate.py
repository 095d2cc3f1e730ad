"""The Evaluate page in a browser: a cell of the matrix, its images, where the model looked; the threshold as it
moves; from a wrong label to the next run and the comparison; the report without a network."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from core.evaluation.predictions import load_predictions
from core.evaluation.report.html import write_report
from core.evaluation.retrain import origin_of
from core.evaluation.threshold import outcomes
from core.evaluation.words import confidence_interval, percent
from core.runs.choices import THRESHOLD
from core.runs.run import Run, load_run
from core.storage.files import read_json, write_json
from tests.browser.axe import assert_nothing_serious, assert_nothing_serious_in_light_and_dark, settled, violations
from tests.browser.conftest import Watched
from tests.trained import with_many_classes


@pytest.fixture
def evaluated(watched: Watched, trained: Run) -> Watched:
    shutil.copytree(trained.directory, watched.server.home / "runs" / trained.id, dirs_exist_ok=True)
    watched.open("evaluate?view=matrix")
    expect(watched.page.locator(".matrix button").first).to_be_visible(timeout=60_000)
    return watched


def test_a_cell_opens_its_images_and_a_image_shows_where_the_model_looked(
    evaluated: Watched, trained: Run, drawn: Path
) -> None:
    page = evaluated.page
    matrix, predictions = load_predictions(trained).matrix(), load_predictions(trained)
    cell = page.locator('.matrix [data-cell="0 0"]')
    expect(cell.locator("strong")).to_have_text(str(matrix[0, 0]))
    evaluated.settle()
    cell.click()
    expect(cell).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("heading", name="cats predicted as cats")).to_be_visible()
    images = page.locator(".gallery .cell:not(.blank) .open")
    expect(images).to_have_count(int(matrix[0, 0]), timeout=60_000)
    evaluated.settle()
    images.first.click()
    shown = page.get_by_alt_text(re.compile("as the network sees it$"))
    explained = page.get_by_alt_text(re.compile("with Grad-CAM over it"))
    expect(shown).to_be_visible()
    expect(explained).to_be_visible()
    places = "all => all.map(image => image.getBoundingClientRect()).map(({left, right, top}) => [left, right, top])"
    (_, end, top), (start, _, other_top) = page.get_by_alt_text("as the network sees it").evaluate_all(places)
    assert end <= start
    assert top == other_top
    expect(page.get_by_text("strongest evidence for cats")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Back")).click()
    expect(images).to_have_count(len(predictions.rows_of(0, 0)))
    assert not evaluated.complaints


def test_the_errors_come_first_and_back_undoes_a_choice_of_the_view(watched: Watched, trained: Run) -> None:
    shutil.copytree(trained.directory, watched.server.home / "runs" / trained.id, dirs_exist_ok=True)
    page = watched.page
    watched.open("evaluate")
    expect(page.locator(".gallery .cell:not(.blank) .open").first).to_be_visible()
    expect(page).to_have_url(re.compile("view=misclassified"))
    page.get_by_text("Curves", exact=True).click()
    expect(page.get_by_text("ROC curve", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("view=curves"))
    page.go_back()
    expect(page.locator(".gallery .cell:not(.blank) .open").first).to_be_visible()
    expect(page.get_by_text("ROC curve", exact=True)).to_have_count(0)
    assert not watched.complaints


@pytest.fixture
def many_classes(watched: Watched, trained: Run) -> Iterator[Run]:
    folder = watched.server.home / "runs" / f"{trained.id}-many"  # the server caches by it
    run = load_run(shutil.copytree(trained.directory, folder))
    with_many_classes(run)
    yield run
    shutil.rmtree(folder)


def test_arrow_keys_move_in_the_matrix_of_many_classes(watched: Watched, many_classes: Run) -> None:
    run, page = many_classes, watched.page
    watched.open(f"evaluate?view=matrix&run={run.id}")
    chosen = page.locator(".matrix td[aria-selected=true]")
    expect(chosen).to_have_attribute("aria-label", "True class class 03, predicted class 05: 4, 100.0%")
    page.get_by_text("Most confused first").click()  # off: by name
    expect(page.locator(".matrix th[scope=row]").first).to_have_text("class 00")
    watched.settle()
    chosen.focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="class 03 predicted as class 03")).to_be_visible()
    expect(chosen).to_have_attribute("aria-label", re.compile("^True class class 03, predicted class 03: 0"))
    page.locator(".matrix [data-cell='3 5']").click()
    expect(page.get_by_role("heading", name="class 03 predicted as class 05")).to_be_visible()
    assert_nothing_serious(watched, "many classes")
    assert not watched.complaints


def test_axe_finds_nothing_serious(evaluated: Watched) -> None:
    page = evaluated.page
    for view in ("Confusion matrix", "Misclassified", "Curves", "Calibration", "Unlike images", "Compare", "Report"):
        page.get_by_role("radio", name=view).or_(page.get_by_role("button", name=view)).first.click()
        assert_nothing_serious_in_light_and_dark(evaluated, view)


@pytest.fixture
def editable(watched: Watched, trained: Run, drawn: Path, tmp_path: Path) -> Iterator[tuple[Watched, Run]]:
    """The page with a run of images that no other test looks at, newest of all. What came of it is removed."""
    shutil.copytree(drawn, tmp_path / "pets")
    runs = watched.server.home / "runs"
    before = set(runs.iterdir()) if runs.is_dir() else set()
    folder = runs / f"{trained.id}-{tmp_path.name}"  # the server caches by it
    shutil.copytree(trained.directory, folder)
    config = read_json(folder / "config.json")
    write_json(folder / "config.json", config | {"source": str(tmp_path / "pets"), "name": "editable", "created": 4e9})
    watched.open("evaluate?view=matrix")
    expect(watched.page.locator(".matrix button").first).to_be_visible(timeout=60_000)
    yield watched, load_run(folder)
    for made in set(runs.iterdir()) - before:
        shutil.rmtree(made)


def test_the_threshold_shows_what_it_costs_while_it_moves_and_is_kept(editable: tuple[Watched, Run]) -> None:
    watched, run = editable
    page, predictions = watched.page, load_predictions(run)
    slider = page.get_by_role("slider", name=re.compile("Confidence threshold"))
    settled(watched)
    slider.hover(position={"x": 8, "y": 8})
    box = slider.bounding_box()
    assert box
    height = page.locator(".threshold").bounding_box()
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2, steps=5)
    shown = float(page.locator(".threshold output").inner_text())
    (expected,) = outcomes(predictions.labels, predictions.probabilities, [shown]).tolist()
    parts = page.locator(".threshold dd")
    for place, count in enumerate(expected):  # before the thumb is let go
        expect(parts.nth(place)).to_have_text(f"{count:,}")
    assert shown > 0.5
    assert page.locator(".threshold").bounding_box() == height  # nothing has moved
    page.mouse.up()
    use = page.get_by_role("button", name="Use this threshold")
    expect(use).to_be_enabled()
    use.click()
    expect(page.get_by_text(f"In use for this run: {shown:g}.")).to_be_visible()
    assert THRESHOLD.of(run) == shown
    watched.open("evaluate")
    expect(page.locator(".threshold output")).to_have_text(f"{shown:g}")
    assert not watched.complaints


def test_from_a_image_to_the_dataset_to_the_next_run_and_the_comparison(editable: tuple[Watched, Run]) -> None:
    watched, run = editable
    page = watched.page
    page.locator('.matrix [data-cell="0 0"]').click()
    expect(page.get_by_role("heading", name="cats predicted as cats")).to_be_visible()
    watched.settle()
    page.locator(".gallery .cell:not(.blank) .open").first.click()
    expect(page.get_by_alt_text(re.compile("as the network sees it$"))).to_be_visible()
    path = re.search(r"validation/\S+", page.get_by_text('Labelled "cats" in this run').inner_text())
    assert path
    page.get_by_role("button", name="Relabel as dogs").click()
    expect(page.get_by_text("Edits since this run: 1 relabelled")).to_be_visible()

    page.get_by_role("button", name="Open in Dataset").click()
    expect(page.get_by_role("heading", name="Dataset", level=1)).to_be_visible()
    expect(page.get_by_text("dogs (you changed it from cats)")).to_be_visible()
    expect(page.get_by_alt_text(f"dogs, {path[0]}", exact=True)).to_be_visible()

    watched.go("Evaluate")
    page.get_by_role("button", name="Train again with these edits").click()
    expect(page.get_by_role("heading", name="Training", level=1)).to_be_visible()
    expect(page.get_by_text("editable · 1 relabelled").first).to_be_visible()
    watched.go("Evaluate")
    page.get_by_role("button", name="Compare the two").click(timeout=90_000)  # appears when the new run has ended
    expect(page.get_by_text("Both runs were validated on 16 images")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^95% CI [+−]\d+\.\d to [+−]\d+\.\d points$"))).to_be_visible()
    new = next(load_run(one) for one in run.directory.parent.iterdir() if (one / "retrained.json").is_file())
    assert origin_of(new) == run.id
    assert not watched.complaints


def test_the_report_needs_no_network_and_no_script(browser: Browser, trained: Run, tmp_path: Path) -> None:
    write_report(trained, tmp_path / "report.html")
    context = browser.new_context(offline=True, color_scheme="dark")
    page = context.new_page()
    requested: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((tmp_path / "report.html").as_uri())
    accuracy = load_predictions(trained).accuracy()
    expect(page.get_by_text(percent(accuracy)).first).to_be_visible()
    expect(page.get_by_text(confidence_interval(accuracy)).first).to_be_visible()
    expect(page.locator("svg").first).to_be_visible()
    broken = page.evaluate("[...document.images].filter(one => !one.naturalWidth).length")
    assert (broken, complaints) == (0, [])
    assert [url for url in requested if not url.startswith("data:")] == [page.url]
    assert violations(page) == []
    context.close()
