"""The Improve page: what it says before, what it found, and what following it changes."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.current import remember_source
from core.datasets.edits.sidecar import read_actions
from core.datasets.sample.sample import write_sample
from pages.ui.improve.advice import advices
from tests.pages.app import new_app, press, reloaded, unescaped_words, words

SWAPPED = 4


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn cats and dogs, of which as many of each lie in the other's folder."""
    folder = tmp_path_factory.mktemp("swapped") / "pets"
    write_sample(folder, train=40, validation=12, seed=3)
    for label, other in (("cats", "dogs"), ("dogs", "cats")):
        for file in sorted((folder / "train" / label).glob(f"{label[:3]}.*"))[:SWAPPED]:
            shutil.move(file, folder / "train" / other / file.name)
    return folder


@pytest.fixture
def pets(drawings: Path, tmp_path: Path, weights_cache: Path, ready_home: Path) -> Path:
    folder = tmp_path / "pets"
    shutil.copytree(drawings, folder)
    remember_source(str(folder))
    return folder


def advised() -> AppTest:
    """The page once its advice is there."""
    app = press(new_app("improve.py", seconds=240).run(), "Look for what would help")
    task = advices().latest
    assert task is not None and task.wait(240) and task.error is None, task and task.error
    return app.run()


def doubted(app: AppTest) -> str:
    """Which image the page asks about."""
    return next(line for line in unescaped_words(app).splitlines() if "score 0" in line or "score 1" in line)


def test_a_label_is_accepted_kept_and_asked_for_once(pets: Path) -> None:
    app = advised()
    assert not app.exception
    first = doubted(app)
    press(app, next(button.label for button in app.button if button.label.startswith("Relabel as ")))
    (action,) = read_actions(pets)[0]
    (change,) = action.changes
    assert change.path.split("/")[-1] in first
    assert Path(change.path).name.startswith(str(change.label)[:3]), "what was swapped goes back to its class"
    assert "changed since" in words(app)
    second = doubted(app)
    assert second != first
    press(app, next(button.label for button in app.button if button.label.startswith("Keep ")))
    third = doubted(app)
    assert third not in (first, second)
    again = reloaded(app, "improve.py").run()
    assert doubted(again) == third, "a reload asks again"
    press(again, "Undo")
    assert doubted(again) == first
