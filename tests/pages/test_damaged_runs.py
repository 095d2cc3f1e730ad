"""Damaged run folders on the pages: each is shown or said to be broken, and no page fails for all."""

import shutil
from pathlib import Path

import pytest

from core.datasets.current import remember_source
from core.runs.run import Run
from core.runs.store import list_runs
from pages.ui.shared.classifier import usable_runs
from pages.ui.shared.run_chooser import CLASSIFIED
from pages.ui.shared.runs import WATCHED
from tests.hostile_runs import damaged_copy
from tests.pages.app import new_app

DAMAGED = 30


@pytest.mark.timeout(400)  # a hundred runs of a page
def test_every_page_stands_and_shows_each_run_or_says_why_not(trained: Run, pawlab_home: Path, drawn: Path) -> None:
    remember_source(str(drawn))  # else the Training page draws the sample
    good = shutil.copytree(trained.directory, pawlab_home / "runs" / "good")
    said = {f"damaged{seed}": damaged_copy(good, good.with_name(f"damaged{seed}"), seed) for seed in range(DAMAGED)}
    runs = [run.id for run in list_runs().runs]
    with_model = list(usable_runs()[0])
    for page, key, offered in (
        ("train.py", WATCHED, runs),
        ("evaluate.py", "evaluate_run", with_model[::2]),  # each run on two pages: all of them are read for the lists
        ("classify.py", CLASSIFIED, with_model[1::2]),
    ):
        app = new_app(page).run()
        for shown in offered:
            app.selectbox(key=key).set_value(shown).run()
            assert not app.exception, f"{page}: {said.get(shown)}"
    app = new_app("train.py").run()
    assert len(app.dataframe[0].value) == len(runs)
