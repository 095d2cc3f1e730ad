"""The source chooser: each way to open, progress beside the open dataset, and how it ends."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.datasets import opening
from core.datasets.current import current_source, remember_source
from core.datasets.opening import Opening
from core.datasets.public import CATS_AND_DOGS_VARIABLE
from core.datasets.source import resolve_source
from core.errors import Cancelled
from core.jobs.background import Step
from pages.ui.dataset.source_chooser import SOURCES
from pages.ui.shared import header as header_module
from pages.ui.shared import session
from pages.ui.shared.data import openings
from pages.ui.shared.progress import step_in_words
from tests.drawing import image_bytes, make_zip, write_images, zip_folder
from tests.gate import Gate
from tests.pages.app import new_app, opened, press, reloaded, words
from tests.serving import Server, head, sender

SECONDS = 30


@pytest.fixture(autouse=True)
def drawn_is_open(drawn: Path) -> None:
    """56 drawn images are open already, as after a restart."""
    remember_source(str(drawn))


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    return write_images(tmp_path / "pets", {"cats": 5, "dogs": 5})


def page(kind: str = "sample") -> AppTest:
    at = new_app().run()
    return at.segmented_control(key="source_kind").set_value(kind).run()


def labels(at: AppTest) -> set[str]:
    return {button.label for button in at.button}


def give(at: AppTest, path: Path | str) -> AppTest:
    at.text_input[0].set_value(str(path))
    return press(at, "Open")


def at_the_gate(at: AppTest, gate: Gate) -> AppTest:
    assert gate.entered.wait(SECONDS)
    return at.run()


def gate_for(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate()
    monkeypatch.setattr(opening, "open_dataset", gate)
    return gate


def test_the_open_dataset_stays_usable_beside_the_progress(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = page("path")
    gate = gate_for(monkeypatch)
    at = at_the_gate(give(at, pets), gate)
    assert at.metric[0].value == "56"
    assert "Stop" in labels(at)
    assert at.get("progress")[0].proto.text == "Reading every image: 3 of 10 files"
    assert "Opening pets" in words(at)
    gate.open.set()
    at = opened(at)
    assert at.metric[0].value == "10"
    assert "Stop" not in labels(at)
    assert not at.error


def test_a_reload_shows_the_same_progress(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = page("path")
    gate = gate_for(monkeypatch)
    at_the_gate(give(at, pets), gate)
    other = reloaded(at).run()
    assert "Stop" in labels(other)
    assert "Stop" not in labels(page())
    assert len(gate.calls) == 1
    gate.open.set()
    assert opened(other).metric[0].value == "10"


def test_stop_leaves_the_open_dataset_and_says_so(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = page("path")
    gate = gate_for(monkeypatch)
    at = opened(press(at_the_gate(give(at, pets), gate), "Stop"))
    assert not at.exception
    assert "Stopped opening pets. The previous dataset is still open." in words(at)
    assert at.metric[0].value == "56"


def test_other_pages_use_the_open_dataset_meanwhile(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = page("path")
    gate = gate_for(monkeypatch)
    at_the_gate(give(at, pets), gate)
    at = at.switch_page("train.py").run()
    assert not at.exception
    assert "40 training images" in words(at)
    assert "Opening pets" in words(at)


def test_a_failure_is_explained_to_those_who_saw_it_begin_and_to_nobody_else(tmp_path: Path) -> None:
    at = opened(give(page("path"), tmp_path / "![](http:nowhere)"))
    assert r"\!\[\]\(http\:nowhere\)" in at.error[0].value
    assert "still open" in words(at)
    assert at.metric[0].value == "56"
    assert not page().error


def test_a_press_counts_though_another_run_of_the_page_interrupts_its_own(
    pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = page("path")
    real, calls = header_module.header, []

    def interrupted_once(name: str) -> Callable[[], None]:
        calls.append(name)
        if len(calls) == 1:
            st.rerun()  # as a click elsewhere does: Streamlit forgets the press
        return real(name)

    monkeypatch.setattr(header_module, "header", interrupted_once)
    at = opened(give(at, pets))
    assert len(calls) > 1
    assert at.metric[0].value == "10"


def test_a_path_that_fails_while_the_first_dataset_is_being_opened_is_explained(
    tmp_path: Path, drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first visit: what waits for the first dataset begins anew after the failure, and then shows it too."""
    at = page("path")
    monkeypatch.setattr(opening, "remember_source", lambda source: None)
    openings()._datasets.clear()
    at = give(at, tmp_path / "nowhere")
    assert at.metric[0].value == "56"
    assert "nowhere" in at.error[0].value
    assert "nowhere" in at.run().error[0].value


def test_a_window_that_was_reloaded_takes_nothing_of_what_the_new_one_opens(
    pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that still waits for a window that is gone: it would open the dataset for itself alone."""
    gone = page("path")
    monkeypatch.setattr(session, "this_connection", lambda: "the new window")
    at = reloaded(gone).run()
    at = at.segmented_control(key="source_kind").set_value("path").run()
    gate = gate_for(monkeypatch)
    at_the_gate(give(at, pets), gate)
    gate.open.set()
    job = openings().job(at.session_state["session_id"])
    assert job is not None
    assert job.wait(SECONDS)
    monkeypatch.setattr(session, "this_connection", lambda: "the window that is gone")
    assert gone.run().metric[0].value == "56"
    monkeypatch.setattr(session, "this_connection", lambda: "the new window")
    assert at.run().metric[0].value == "10"


def test_without_an_open_dataset_a_stop_offers_to_try_again(drawn: Path) -> None:
    job = Opening(resolve_source(drawn))
    job.end(Cancelled("Stopped"))
    at = new_app()
    at.session_state["opening_failed"] = job
    at.run()
    assert "No dataset is open" in words(at)
    assert not at.metric
    assert press(at, "Try again").metric[0].value == "56"


def test_a_page_that_finds_none_open_waits_for_it(drawn: Path) -> None:
    at = new_app().run()
    assert at.metric[0].value == "56"
    assert "Stop" not in labels(at)


def test_a_path_that_was_open_before_can_be_picked(pets: Path, drawn: Path) -> None:
    at = opened(give(page("path"), pets))
    names = at.selectbox[0].options
    assert [Path(name).name for name in names] == ["pets", drawn.name]
    at.selectbox[0].set_value(str(drawn)).run()
    assert at.text_input[0].value == str(drawn)
    at = opened(press(at, "Open"))
    assert at.metric[0].value == "56"


def test_nothing_typed_is_answered_with_what_to_do() -> None:
    assert "No path was typed" in give(page("path"), " ").error[0].value
    assert "No address was typed" in press(page("address"), "Download and open").error[0].value


def test_an_uploaded_zip_keeps_its_name_over_a_restart(pets: Path) -> None:
    at = page("zip")
    at.file_uploader[0].upload("My best pets.zip", zip_folder(pets)).run()
    at = opened(press(at, "Open the uploaded zip"))
    assert "My best pets" in words(at)
    st.cache_resource.clear()
    at = page("path")
    assert "My best pets" in words(at)
    assert at.selectbox[0].options[0] == "My best pets.zip (uploaded)"


def test_an_uploaded_folder_is_opened(pets: Path) -> None:
    at = page("folder")
    files = [(str(path.relative_to(pets.parent)), path.read_bytes(), "image/jpeg") for path in pets.rglob("*.jpg")]
    at.file_uploader[0].set_value(files).run()
    at = opened(press(at, "Open the uploaded folder"))
    assert at.metric[0].value == "10"
    assert "pets" in words(at)


def test_the_next_bad_upload_takes_the_message_of_the_one_before_away() -> None:
    at = page("zip")
    at.file_uploader[0].upload("out.zip", make_zip({"../out.jpg": b"x"})).run()
    at = opened(press(at, "Open the uploaded zip"))
    assert "leads out of its folder" in at.error[0].value
    at.file_uploader[0].upload("b.zip", b"hello").run()
    at = press(at, "Open the uploaded zip")
    (error,) = at.error
    assert "zip is broken" in error.value


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_a_bad_upload_is_explained(kind: str) -> None:
    at = page(kind)
    bad = ("../x.jpg" if kind == "folder" else "x.zip", image_bytes(), "image/jpeg")
    at.file_uploader[0].set_value([bad] if kind == "folder" else bad).run()
    at = press(at, f"Open the uploaded {kind}")
    assert not at.exception
    assert at.error
    assert at.metric[0].value == "56"


def test_an_address_is_opened_and_its_secrets_are_not_shown(server: Server, pets: Path) -> None:
    server.behaviour = sender(zip_folder(pets))
    at = page("address")
    at.text_input[0].set_value(server.url("/pets.zip?token=hush"))
    at = opened(press(at, "Download and open"))
    assert at.metric[0].value == "10"
    assert "hush" not in words(at) + current_source().text


def test_a_download_shows_its_megabytes(server: Server) -> None:
    def stalls(handler: BaseHTTPRequestHandler) -> None:
        head(handler, 8_000_000)
        handler.wfile.write(b"PK\x03\x04" + bytes(4_000_000))
        server.released.wait(20)

    server.behaviour = stalls
    at = page("address")
    at.text_input[0].set_value(server.url())
    at = press(at, "Download and open")
    job = openings().job(at.session_state["session_id"])
    assert job is not None
    while not job.progress.done:
        job.wait(0.05)
    assert "of 8.0 MB" in at.run().get("progress")[0].proto.text
    assert "Stopped" in words(opened(press(at, "Stop")))


def test_the_public_photos_say_what_to_do_without_a_network(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CATS_AND_DOGS_VARIABLE, server.url())
    at = opened(press(page("public"), "Download and open the photos"))
    assert "404" in at.error[0].value
    assert "drawn sample" in at.error[0].value
    assert at.metric[0].value == "56"


@pytest.mark.parametrize("kind", SOURCES)
def test_every_control_of_the_chooser_has_help(kind: str, pets: Path) -> None:
    at = page(kind)
    if kind in ("zip", "folder"):
        at.file_uploader[0].set_value([("a/x.jpg", b"x", "")] if kind == "folder" else ("x.zip", b"x", "")).run()
    controls = [*at.button, *at.text_input, *at.checkbox, *at.file_uploader, at.segmented_control(key="source_kind")]
    assert controls
    assert [control.label for control in controls if not control.help] == []


def test_no_choice_is_no_error() -> None:
    at = page()
    at.segmented_control(key="source_kind").set_value(None).run()
    assert not at.exception


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step("download", 0, 0), "Downloading the zip: contacting the server"),
        (Step("download", 1_500_000, 0), "Downloading the zip: 1.5 MB"),
        (Step("download", 1_500_000, 68_600_000, 200), "Downloading the zip: 1.5 of 68.6 MB, about 3 min left"),
        (Step("scan", 1200, 3000, 0.2), "Reading every image: 1,200 of 3,000 files, about 1 s left"),
        (Step("scan", 1200, 3000, 6000), "Reading every image: 1,200 of 3,000 files, about 1.7 hours left"),
        (Step("data", 0, 0), "Opening the dataset"),
    ],
)
def test_a_step_in_words(step: Step, expected: str) -> None:
    assert step_in_words(step) == expected
