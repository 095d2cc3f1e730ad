"""The end of the Classify page: every state of making a bundle, and of bringing one back."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import Cancelled, ExportError
from core.export.bundle import Bundle
from core.export.files import write_zip
from core.export.kept import BUNDLE, PAGE, export_key
from core.export.page import runtime
from core.jobs.background import Task
from core.runs.choices import REJECTION, THRESHOLD
from core.runs.run import Run, load_run
from core.runs.store import list_runs
from pages.ui.classify.export_bundle import bundles, html_pages
from pages.ui.classify.import_bundle import imports
from pages.ui.routes.exports import BUNDLE_PATH, PAGE_PATH, export_address
from tests.export.making import write_bundle
from tests.pages.app import words

REASON = "LiteRT gave ![](http:evil) NaN"


def script() -> None:
    """The section alone, with the only run that there is."""
    from core.runs.store import list_runs
    from pages.ui.classify.export_bundle import export_section
    from pages.ui.classify.import_bundle import import_section

    run = next((run for run in list_runs().runs if "imported" not in run.name), None)
    if run:
        export_section(run)
    import_section(run)


def page() -> AppTest:
    return AppTest.from_function(script, default_timeout=60).run()


@pytest.fixture(scope="module")
def files(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a bundle of the finished run."""
    place = tmp_path_factory.mktemp("files")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAWLAB_HOME", str(place / "home"))
        write_bundle(trained, place / "bundle", place / "scratch")
    return place / "bundle"


@pytest.fixture
def run(trained: Run, pawlab_home: Path) -> Run:
    folder = pawlab_home / "runs" / trained.id
    shutil.copytree(trained.directory, folder)
    return load_run(folder)


def keep(run: Run, files: Path, **facts: Any) -> Bundle:
    """A bundle in the run's folder, as `BUNDLE.keep` leaves it, without TensorFlow's part."""
    file = run.directory / BUNDLE.file
    write_zip(files, file)
    bundle = Bundle(str(file), file.stat().st_size, ("predict.py",), 28, "", 3e-8, 1e-6, "", 4e-6, "")
    bundle = replace(bundle, **facts)
    BUNDLE.note(run, export_key(run), bundle)
    return bundle


def buttons(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def test_without_a_run_a_bundle_can_still_be_brought_back() -> None:
    at = page()
    assert not at.exception
    assert [heading.value for heading in at.subheader] == ["Import model"]
    assert at.get("file_uploader")


def test_before_there_is_a_bundle_it_is_offered_to_make_one(run: Run) -> None:
    at = page()
    assert not at.exception
    assert "Make the bundle" in buttons(at)
    assert not at.get("link_button")
    assert "model.tflite" in words(at)


def test_a_bundle_that_was_verified_can_be_downloaded(run: Run, files: Path) -> None:
    bundle = keep(run, files)
    at = page()
    assert not at.exception
    assert "Make the bundle" not in buttons(at)
    assert "28 images" in words(at)
    assert all(figure in words(at) for figure in ("3e-08", "1e-06", "4e-06"))
    (link,) = at.get("link_button")
    assert link.proto.url == export_address(BUNDLE_PATH, run.id)
    assert BUNDLE.find(run) == bundle


def test_what_could_not_be_compared_is_said_as_it_is(run: Run, files: Path) -> None:
    keep(
        run,
        files,
        keras_difference=None,
        keras_reason=REASON,
        litert_difference=None,
        litert_reason=REASON,
        missing="gone",
    )
    at = page()
    assert not at.exception
    assert "No LiteRT file" in words(at)
    assert "not again" in words(at)
    assert "drawn images" in words(at)
    assert not [element.value for element in (*at.markdown, *at.caption) if "![](" in element.value]


@pytest.mark.parametrize("change", ["threshold", "cut", "model", "zip", "about"])
def test_a_bundle_of_yesterday_is_not_offered(run: Run, files: Path, change: str) -> None:
    keep(run, files)
    if change == "threshold":
        THRESHOLD.keep(run, 0.9)
    elif change == "cut":
        REJECTION.keep(run, 0.05)
    elif change == "model":
        (run.directory / "model.onnx").write_bytes((run.directory / "model.onnx").read_bytes())
    elif change == "zip":
        (run.directory / BUNDLE.file).write_bytes(b"half")
    else:
        (run.directory / BUNDLE.about).write_text('{"key": 1, "export": []}')
    at = page()
    assert not at.exception
    assert "Make the bundle" in buttons(at)
    assert not at.get("link_button")


@pytest.mark.parametrize("error", [Cancelled("Stopped"), ExportError("predict.py differs by 0.2", "less", "Report it")])
def test_a_bundle_that_failed_says_why_and_can_be_made_again(run: Run, error: Cancelled | ExportError) -> None:
    def fail(progress: object) -> Bundle:
        raise error

    task: Task[Bundle] = bundles().submit(export_key(run), fail, again=True)
    assert task.wait(20)
    at = page()
    assert not at.exception
    texts = [element.value for element in (*at.error, *at.info)]
    assert any(("differs" if isinstance(error, ExportError) else "no bundle") in text for text in texts)
    assert "Make the bundle" in buttons(at)
    assert not at.get("link_button")


def test_an_html_file_is_made_at_a_press_or_one_line_says_what_it_needs(
    run: Run, ort_web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(runtime.VARIABLE, raising=False)
    path = os.environ["PATH"]
    for place in (str(tmp_path), path):  # without npm; then with the file that the message asks for
        monkeypatch.setenv("PATH", place)
        at = page()
        (button,) = [button for button in at.button if button.label == "Make the HTML file"]
        at = button.click().run()
        task = html_pages().find(export_key(run))
        assert task is not None
        assert task.wait(120)
        at = page()
        assert not at.exception
        if place != path:
            assert "no npm" in at.error[0].value
            assert not at.get("link_button")
        monkeypatch.setenv(runtime.VARIABLE, str(ort_web))
    assert "Make the HTML file" not in buttons(at)
    (link,) = at.get("link_button")
    assert link.proto.url == export_address(PAGE_PATH, run.id)
    made = PAGE.find(run)
    assert made is not None
    assert made.packed["model"] == run.model_file().stat().st_size
    assert "Make the bundle" in buttons(at)


def test_a_bundle_is_brought_back_and_listed(run: Run, files: Path, tmp_path: Path) -> None:
    write_zip(files, tmp_path / "mine.zip")
    at = page()
    at.file_uploader[0].upload("mine.zip", (tmp_path / "mine.zip").read_bytes(), "application/zip").run()
    assert not at.exception
    (button,) = [button for button in at.button if button.label == "Check and import"]
    button.click().run()
    task = imports()._task
    assert task is not None
    assert task.wait(60)
    assert task.error is None
    at.run()
    assert not at.exception
    assert any("imported" in element.value for element in at.success)
    assert not at.file_uploader[0].value  # nor does the server hold it any longer
    assert len(list_runs().runs) == 2


def test_a_foreign_zip_is_refused_in_words(run: Run) -> None:
    at = page()
    at.file_uploader[0].upload("x.zip", b"no zip at all", "application/zip").run()
    (button,) = [button for button in at.button if button.label == "Check and import"]
    button.click().run()
    task = imports()._task
    assert task is not None
    assert task.wait(60)
    at.run()
    assert not at.exception
    assert "zip" in at.error[0].value
    assert len(list_runs().runs) == 1
