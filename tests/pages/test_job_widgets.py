"""What is shown of a job that makes a file, and which run is chosen."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import Cancelled, DatasetError, PawlabError
from core.jobs.background import Task


def asks() -> None:
    import streamlit as st

    from pages.ui.shared.job_widgets import file_asked_for

    path = file_asked_for(
        st.session_state["task"],
        "zip",
        lambda: st.session_state.update(asked=True),
        note="A note.",
        help="Writes it.",
    )
    st.write(f"path {path}")


def shown(task: Task[Path] | None) -> AppTest:
    at = AppTest.from_function(asks, default_timeout=60)
    at.session_state["task"] = task
    return at.run()


def ended(result: Path | None, error: PawlabError | None = None) -> Task[Path]:
    task = Task[Path]("key")
    task.result = result
    task.end(error)
    return task


@pytest.mark.parametrize("error", [None, Cancelled("Stopped"), DatasetError("The disk is full")])
def test_what_brought_nothing_is_explained_and_can_be_asked_for(error: PawlabError | None) -> None:
    at = shown(ended(None, error) if error else None)
    stopped, failed = isinstance(error, Cancelled), isinstance(error, DatasetError)
    assert ["Stopped" in one.value for one in at.info] == [True] * stopped
    assert ["disk is full" in one.value for one in at.error] == [True] * failed
    at.button[0].click().run()
    assert at.session_state["asked"]


def test_a_file_is_given_while_it_is_there_and_offered_anew_when_it_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"x")
    task = ended(path)
    at = shown(task)
    assert at.markdown[0].value == f"path {path}"
    assert not at.button
    path.unlink()
    at = shown(task)
    assert "deleted" in at.info[0].value
    assert at.button[0].label == "Prepare the zip"


def test_a_file_at_work_has_a_bar_and_a_button_that_stops_it() -> None:
    task = Task[Path]("key")
    at = shown(task)
    at.button[0].click().run()
    assert task.stopping


@dataclass(frozen=True)
class OneRun:
    id: str


def chooses() -> None:
    import streamlit as st

    from pages.ui.shared.run_chooser import choose_run

    usable = st.session_state["usable"]
    st.write(choose_run(usable, "chosen", help="Any.", first="b").id)


def test_the_choice_of_a_run_that_is_gone_is_forgotten() -> None:
    at = AppTest.from_function(chooses, default_timeout=60)
    at.session_state["usable"] = {id: (OneRun(id), f"Run {id}") for id in "abc"}
    assert at.run().markdown[0].value == "b"
    at.selectbox[0].select("c").run()
    assert at.markdown[0].value == "c"
    at.session_state["usable"] = {id: (OneRun(id), f"Run {id}") for id in "a"}
    assert at.run().markdown[0].value == "a"
