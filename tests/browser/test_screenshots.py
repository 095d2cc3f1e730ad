"""The pictures of README: each page still shows what the caption under its picture names, and each picture is small."""

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from core.datasets.sample.sample import write_sample
from core.jobs.process import PROJECT
from core.runs.run import Run
from core.storage.files import write_json
from docs.screenshots import FOLDER, MAX_BYTES, SHOTS, WIDTH, Shot, as_webp, take
from tests.browser.conftest import Watched


@pytest.mark.browser
@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_the_page_shows_what_the_caption_names(watched: Watched, trained: Run, tmp_path: Path, shot: Shot) -> None:
    shutil.copytree(trained.directory, watched.server.home / "runs" / trained.id, dirs_exist_ok=True)
    shutil.rmtree(watched.server.home / "collections", ignore_errors=True)  # other tests' collections
    write_json(watched.server.home / "dataset.json", {"source": "sample", "recent": []})  # and dataset
    write_sample(tmp_path / "drawings", train=4, validation=1, seed=9)
    png = take(watched.page, watched.server.url, shot, tmp_path / "drawings")
    assert len(as_webp(png)) < MAX_BYTES
    assert not watched.complaints


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_each_picture_is_there_small_sharp_and_captioned(shot: Shot) -> None:
    file = FOLDER / f"{shot.name}.webp"
    assert file.stat().st_size < MAX_BYTES
    with Image.open(file) as picture:
        assert picture.width == 2 * WIDTH


def test_pictures_have_their_captions_and_the_tour_has_all() -> None:
    shown: dict[str, list[tuple[str, str]]] = {name: [] for name in ("README.md", "docs/tour.md")}
    for name, captions in shown.items():
        for caption, picture in re.findall(r"!\[(.*?)\]\([\w/]*images/(\w+)\.webp\)", (PROJECT / name).read_text()):
            captions.append((picture, caption))
    expected = [(shot.name, shot.caption) for shot in SHOTS]
    assert shown["docs/tour.md"] == expected
    assert set(shown["README.md"]) <= set(expected)


def test_there_is_one_for_every_page_of_the_navigation() -> None:
    pages = {path.stem for path in (PROJECT / "pages").glob("*.py")} - {"main", "label", "__init__"}
    assert {shot.name for shot in SHOTS} == pages
    assert {path.stem for path in FOLDER.glob("*")} == pages
