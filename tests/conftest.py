"""What every test gets: a home of its own, so that none reads or leaves anything in the user's."""

from pathlib import Path

import pytest

pytest_plugins = [
    "tests.components",
    "tests.gate",
    "tests.keras_oracle",
    "tests.marks",
    "tests.scheduling",
    "tests.serving",
    "tests.trained",
    "tests.workers",
]


@pytest.fixture(autouse=True)
def pawlab_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The `home()` of this test: an empty folder beside whatever else the test puts into `tmp_path`."""
    folder = tmp_path / "pawlab-home"
    monkeypatch.setenv("PAWLAB_HOME", str(folder))
    return folder
