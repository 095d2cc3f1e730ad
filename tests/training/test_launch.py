"""A run's processes stand in the project's folder: what is named from where the user stands must lead there too."""

from pathlib import Path

import pytest

from core.training.jobs import start_run
from core.training.recipe import TrainingConfig
from core.training.runs import ACTIVE, create_run
from tests.trained import wait_for


def test_a_home_that_is_named_from_where_one_stands_is_the_workers_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAWLAB_HOME", "here")
    run = create_run(str(tmp_path / "no pets"), TrainingConfig())
    start_run(run)
    wait_for(run, lambda: run.status() not in ACTIVE and not run.alive())
    assert "no pets" in run.history().reason
    assert run.directory.is_relative_to(tmp_path / "here")
