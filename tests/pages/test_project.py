"""A project on the Dataset page: saved in the Export view, opened in the chooser."""

from pathlib import Path

from core.datasets.collect.store import collections
from core.datasets.current import current_source, remember_source
from core.storage.home import home
from pages.ui.dataset.open_project import openings
from pages.ui.dataset.project import saves
from tests.datasets.collect.pictures import filled
from tests.pages.app import new_app, opened, press, words


def test_a_project_is_saved_and_opened_beside_what_is_there() -> None:
    collection = filled({"cats": [2, 2], "dogs": [2, 2]})
    remember_source(str(collection.root))
    at = new_app().run()
    at.segmented_control(key="dataset_view").set_value("export").run()
    at = press(at, "Prepare the project")
    task = saves().latest
    assert task is not None
    assert task.wait(60)
    at = at.run()
    file = home() / "exports" / "pets-project.zip"
    assert str(file) in [code.value for code in at.code]

    at.segmented_control(key="source_kind").set_value("project").run()
    at.file_uploader(key="project_zip_0").upload("pets.zip", file.read_bytes(), "application/zip").run()
    at = press(at, "Check and open the project")
    opening = openings().latest
    assert opening is not None
    assert opening.wait(60)
    at = at.run()
    assert "Here as **pets 2**: 8 images" in words(at)
    at = opened(press(at, "Open it"))
    assert not at.exception
    assert sorted(collections()) == ["pets", "pets 2"]
    assert Path(current_source().text) == home() / "collections" / "pets 2"
