"""The Evaluate page in a browser: a cell of the matrix, its pictures, where the model looked, an exclusion."""

import re
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from core.evaluation.answers import load_answers
from core.training.runs import Run
from tests.browser.conftest import Watched

pytestmark = pytest.mark.browser


@pytest.fixture
def evaluated(watched: Watched, trained: Run) -> Watched:
    shutil.copytree(trained.directory, watched.server.home / "runs" / trained.id, dirs_exist_ok=True)
    watched.open("evaluate")
    expect(watched.page.locator(".matrix button").first).to_be_visible(timeout=60_000)
    return watched


def test_a_cell_opens_its_pictures_and_a_picture_shows_where_the_model_looked(
    evaluated: Watched, trained: Run, drawn: Path
) -> None:
    page = evaluated.page
    matrix, answers = load_answers(trained).matrix(), load_answers(trained)
    cell = page.locator('.matrix [data-cell="0 0"]')
    expect(cell.locator("strong")).to_have_text(str(matrix[0, 0]))
    cell.click()
    expect(cell).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("heading", name="cats, answered as cats")).to_be_visible()
    pictures = page.locator(".gallery .cell:not(.blank) .open")
    expect(pictures).to_have_count(int(matrix[0, 0]), timeout=60_000)
    evaluated.settle()
    pictures.first.click()
    shown = page.get_by_alt_text(re.compile("as the network sees it"))
    expect(shown).to_be_visible()
    before = shown.get_attribute("src")
    page.get_by_text("Show where it looked").click()
    expect(shown).not_to_have_attribute("src", str(before))
    page.get_by_role("button", name=re.compile("^Back")).click()
    expect(pictures).to_have_count(len(answers.rows_of(0, 0)))
    assert not evaluated.complaints


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(evaluated: Watched, scheme: str) -> None:
    page = evaluated.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    for view in ("Mistakes", "Curves", "Confidence"):
        page.get_by_role("radio", name=view).or_(page.get_by_role("button", name=view)).first.click()
        evaluated.settle()
        page.wait_for_load_state("networkidle")
        page.wait_for_function("!document.querySelector('[data-stale=true]')")
        page.wait_for_function("document.getAnimations().every(one => one.playState !== 'running')")
        found = Axe().run(page).response["violations"]
        worst = [one for one in found if one["impact"] in ("serious", "critical")]
        assert not worst, [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in worst]
