"""A home that cannot be written: what only reads works all the same."""

from pathlib import Path

import pytest

from core.datasets import open_dataset
from core.datasets.opening import Openings
from core.datasets.source import resolve_source
from core.datasets.uploads import keep_zip
from core.errors import PawlabError
from tests.drawing import make_zip, write_images
from tests.pages.app import new_app


@pytest.fixture(autouse=True)
def unwritable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below a file: not even root can make a folder there."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("PAWLAB_HOME", str(tmp_path / "file" / "home"))


def test_a_folder_is_scanned(tmp_path: Path) -> None:
    assert len(open_dataset(write_images(tmp_path / "pets", {"train/cats": 3, "train/dogs": 3})).usable()) == 6


def test_a_folder_is_opened(tmp_path: Path) -> None:
    """That it is the latest cannot be remembered."""
    openings, source = Openings(), resolve_source(write_images(tmp_path / "pets", {"train/cats": 3, "train/dogs": 3}))
    openings.start(source, "a session").wait()
    opened = openings.opened(source)
    assert opened is not None
    assert len(opened.usable()) == 6


def test_an_upload_says_why_it_is_not_stored(tmp_path: Path) -> None:
    with pytest.raises(PawlabError, match=f"cannot be stored in {tmp_path}/file/home/uploads"):
        keep_zip(make_zip({"cats/1.jpg": b"1"}), "pets.zip")


@pytest.mark.parametrize("page", ["dataset.py", "augment.py", "train.py", "evaluate.py", "classify.py", ""])
def test_a_page_opens(page: str) -> None:
    app = new_app(page).run()
    assert not app.exception
