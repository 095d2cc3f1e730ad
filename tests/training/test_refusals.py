"""What stops a run from outside is told as what it is, and not as a mistake of ours."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from core.errors import PawlabError, RunError
from core.runs.run import create_run
from core.runs.settings import TrainingConfig
from core.storage.files import write_json
from core.training.loop.second_stage import FOLDER, load_start
from core.training.loop.worker import Worker
from tests.drawing import write_images


def test_what_the_system_refuses_is_said_with_its_place(tmp_path: Path) -> None:
    pets = write_images(tmp_path / "pets", {"train/a": 2, "train/b": 2, "validation/a": 1, "validation/b": 1})
    run = create_run(str(pets), TrainingConfig())
    (run.directory / "samples").write_text("a file where a folder must go")
    Worker(run).work()
    history = run.history()
    assert history.status == "failed"
    assert history.reason == f"The system reports: File exists ({run.directory / 'samples'})."


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"{}"])
def test_broken_predictions_of_the_first_stage_are_told_with_what_to_do(content: bytes) -> None:
    run = create_run("sample", TrainingConfig())
    (run.directory / FOLDER).mkdir()
    write_json(run.directory / FOLDER / "run.json", {})
    (run.directory / FOLDER / "validation.npz").write_bytes(content)
    with pytest.raises(RunError, match="Fine-tune the first run again"):
        load_start(run)


def test_a_run_that_cannot_be_stored_is_said_so(pawlab_home: Path) -> None:
    pawlab_home.mkdir()
    (pawlab_home / "runs").write_text("a file where a folder must go")
    with pytest.raises(PawlabError, match="No run can be stored"):
        create_run("sample", TrainingConfig())


def test_a_disk_that_fills_up_while_a_run_is_stored_leaves_no_half_of_it(
    pawlab_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, value: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("core.runs.run.write_json", full)
    with pytest.raises(PawlabError, match="No space left"):
        create_run("sample", TrainingConfig())
    assert list((pawlab_home / "runs").iterdir()) == []


def test_a_run_that_another_tab_has_removed_needs_no_stop() -> None:
    run = create_run("sample", TrainingConfig())
    shutil.rmtree(run.directory)
    run.cancel()
    assert not run.directory.exists()
