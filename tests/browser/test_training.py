"""A run in a browser: its curves grow, it is stopped and resumed, and goes on as a second stage."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from core.datasets.current import current_source, remember_source
from core.runs.run import Run, create_run
from core.runs.store import find_run, list_runs
from core.storage.files import read_json, write_json
from tests.browser.conftest import LOOK_AGAIN, Watched
from tests.trained import SMALL, wait_for

pytestmark = pytest.mark.timeout(400)
EPOCHS = "(document.querySelector('.live-chart')?.data ?? []).find((line) => line.name === 'validation')?.x ?? []"
LAYOUT = "document.querySelector('.live-chart').layout"
INK = "getComputedStyle(document.querySelector('.live-chart svg text')).fill"


def wait_for_epochs(page: Page, number: int) -> None:
    """On the chart."""
    page.wait_for_function(f"({EPOCHS}).length >= {number}", timeout=120_000, polling=LOOK_AGAIN)


@contextmanager
def held(run: Run) -> Iterator[int]:
    """The worker stands still while the block runs; gives how many epochs it has done."""
    worker = psutil.Process(read_json(run.directory / "worker.json")["pid"])
    worker.suspend()
    try:
        yield len(run.history().epochs)
    finally:
        worker.resume()


@pytest.fixture
def training(watched: Watched, drawn: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """With the small drawn dataset. The runs that a test leaves in the server's home are removed."""
    monkeypatch.setenv("PAWLAB_HOME", str(watched.server.home))
    before, source = {run.id for run in list_runs().runs}, current_source()
    remember_source(str(drawn))
    yield watched
    remember_source(source)
    for run in list_runs().runs:
        if run.id not in before:
            run.cancel()
            wait_for(run, lambda: not run.alive())  # noqa: B023
            shutil.rmtree(run.directory)


def test_a_run_is_stopped_keeps_its_best_and_goes_on_to_its_end(training: Watched, drawn: Path) -> None:
    page, last = training.page, 25
    run = create_run(str(drawn), SMALL.changed(epochs=last, batch_size=2), "in steps")
    training.open("train")
    page.get_by_role("button", name="Start", exact=True).click()
    wait_for(run, lambda: len(run.history().epochs) >= 2)
    with held(run) as done:  # however long the page takes
        wait_for_epochs(page, done)
        assert done < last, "it was to be stopped on its way"
        page.get_by_role("button", name="Stop", exact=True).click()
        expect(page.get_by_text("Stopping after the current step.")).to_be_visible()
    wait_for(run, lambda: not run.alive())
    done = len(run.history().epochs)  # its step may have been the last of an epoch
    assert done < last
    expect(page.get_by_text(f"Stopped after epoch {done} of {last}; the best model is kept.")).to_be_visible()
    assert page.evaluate(EPOCHS) == list(range(1, done + 1))
    expect(page.get_by_text(f"{run.summary()['best_epoch']} of {done}", exact=True)).to_be_visible()

    page.get_by_role("button", name="Resume", exact=True).click()
    expect(page.get_by_text(re.compile(rf"^\d+ of {last}$"))).to_be_visible(timeout=120_000)
    expect(page.get_by_role("button", name=re.compile("^(Stop|Resume)$"))).to_have_count(0)
    assert page.evaluate(EPOCHS) == list(range(1, last + 1))
    assert [point["epoch"] for point in run.history().epochs] == list(range(1, last + 1))
    assert (run.status(), run.summary()["epochs"]) == ("finished", last)
    assert not training.complaints


def test_a_run_at_work_has_one_screen_and_its_end_moves_nothing_under_the_pointer(
    training: Watched, drawn: Path
) -> None:
    page = training.page
    page.set_viewport_size({"width": 1280, "height": 800})
    for number in range(10):  # a page that is long enough to scroll the list to the middle
        create_run(str(drawn), SMALL, f"earlier {number}")
    run = create_run(str(drawn), SMALL.changed(epochs=25, batch_size=2), "on one screen")
    training.open("train")
    page.get_by_role("button", name="Start", exact=True).click()
    wait_for(run, lambda: len(run.history().epochs) >= 2)
    heading = page.get_by_role("heading", name="All runs")
    with held(run):
        wait_for_epochs(page, 2)
        expect(page.get_by_role("button", name="Start training")).to_be_hidden()
        for part in (
            page.get_by_role("progressbar"),
            page.locator(".live-chart"),
            page.locator(".samples .confidence"),
        ):
            box = part.last.bounding_box()
            assert box is not None
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= 800
        page.get_by_text("New run", exact=True).click()
        expect(page.get_by_role("button", name="Start training")).to_be_visible()
        page.get_by_text("New run", exact=True).click()
        expect(page.get_by_role("button", name="Start training")).to_be_hidden()
        heading.evaluate("(element) => element.scrollIntoView({block: 'center'})")
        page.mouse.move(400, 500)
        before = heading.bounding_box()
    page.get_by_role("button", name="See its mistakes").wait_for(state="attached", timeout=120_000)
    training.settle()
    expect(page.get_by_role("button", name="Start training")).to_be_attached()
    after = heading.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) <= 2
    assert not training.complaints


def test_a_page_that_grows_under_a_resting_pointer_stays_at_its_top(training: Watched) -> None:
    """The list of runs comes under the pointer that has pressed Start, and then the charts push it down."""
    page = training.page
    page.set_viewport_size({"width": 1280, "height": 800})
    training.open("train")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("button", name="Start training")).to_be_hidden()
    expect(page.locator(".samples .confidence").last).to_be_visible()
    expect(page.locator(".live-chart")).to_be_visible()
    training.settle()
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0
    assert not training.complaints


def test_a_run_that_is_deleted_elsewhere_while_it_is_watched_is_said(training: Watched, drawn: Path) -> None:
    create_run(str(drawn), SMALL, "first")
    run = create_run(str(drawn), SMALL, "second")
    training.open("train")
    expect(training.page.get_by_text("Created, but never started.")).to_be_visible()
    shutil.rmtree(run.directory)
    expect(training.page.get_by_text("“second” was deleted in another window. Another run is shown.")).to_be_visible()
    assert not training.complaints


def test_fine_tuning_joins_its_curves_to_those_of_the_first_stage(training: Watched, trained: Run) -> None:
    page, last = training.page, SMALL.epochs + 2
    first = shutil.copytree(trained.directory, training.server.home / "runs" / f"{trained.id}-first")
    write_json(first / "config.json", read_json(first / "config.json") | {"name": "first", "created": 4e9})
    training.open("train")
    page.get_by_text("Fine-tune the base model").click()
    form = page.get_by_test_id("stExpander").filter(has_text="Fine-tune the base model")
    for label, value in (("Layers to unfreeze", "3"), ("Epochs", "2")):
        form.get_by_label(label, exact=True).fill(value)
        page.keyboard.press("Enter")
        training.settle()
    expect(form.get_by_text("The last 3 layers, from Conv_1 on")).to_be_visible()
    form.get_by_role("button", name="Fine-tune", exact=True).click()
    expect(page.get_by_text("Unfreezing the last layers").first).to_be_visible(timeout=60_000)
    assert page.evaluate(EPOCHS) == list(range(1, SMALL.epochs + 1))  # what the first stage drew stays
    expect(page.get_by_text("Fine-tuned from “first”: the last 3 layers")).to_be_visible(timeout=120_000)
    assert page.evaluate(EPOCHS) == list(range(1, last + 1))
    lines = [line["x0"] for line in page.evaluate(f"{LAYOUT}.shapes") if line["line"].get("dash") == "dash"]
    assert lines == [SMALL.epochs]
    assert "fine-tuning starts" in [note["text"] for note in page.evaluate(f"{LAYOUT}.annotations")]
    run = find_run("first, fine-tuned")
    assert [point["epoch"] for point in run.history().epochs] == list(range(1, last + 1))
    training.settle()
    # The machine turns dark while nothing is drawn anew.
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{INK} === getComputedStyle(document.querySelector('.stApp')).color")
    assert not training.complaints
