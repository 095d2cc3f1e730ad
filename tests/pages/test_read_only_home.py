"""A home that cannot be written: what only reads works all the same."""

from pathlib import Path

import pytest

from core.datasets import open_dataset
from tests.drawing import write_images
from tests.pages.app import new_app


@pytest.fixture(autouse=True)
def unwritable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below a file: not even root can make a folder there."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("PAWLAB_HOME", str(tmp_path / "file" / "home"))


def test_a_folder_is_scanned(tmp_path: Path) -> None:
    assert len(open_dataset(write_images(tmp_path / "pets", {"train/cats": 3, "train/dogs": 3})).usable()) == 6


@pytest.mark.parametrize("page", ["dataset.py", "augment.py", "train.py", "evaluate.py", "classify.py"])
def test_a_page_opens(page: str) -> None:
    app = new_app(page).run()
    assert not app.exception
