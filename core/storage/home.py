"""Where Pawlab keeps what it makes: runs, caches, extracted datasets."""

import os
from pathlib import Path

import platformdirs


def home() -> Path:
    """The folder of everything that Pawlab stores: `PAWLAB_HOME`, else the platform's data folder."""
    chosen = os.environ.get("PAWLAB_HOME")
    folder = Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("pawlab", appauthor=False))
    return folder.absolute()


def subfolder(*parts: str) -> Path:
    """A folder below `home()`, made when it is missing: `subfolder("runs")`, `subfolder("cache", "features")`."""
    folder = home().joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
