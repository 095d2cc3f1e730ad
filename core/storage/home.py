"""Where Pawlab keeps what it makes: runs, caches, extracted datasets."""

import os
from contextlib import suppress
from functools import cache
from pathlib import Path

import platformdirs


def home() -> Path:
    """The folder of everything that Pawlab stores: `PAWLAB_HOME`, else the platform's data folder."""
    chosen = os.environ.get("PAWLAB_HOME")
    folder = Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("pawlab", appauthor=False))
    return folder.absolute()


def subfolder(*parts: str) -> Path:
    """A folder below `home()`, made when it is missing: `subfolder("runs")`, `subfolder("cache", "features")`.

    Where the home cannot be written it may be missing still: who reads finds nothing, who writes says why.
    """
    folder = home().joinpath(*parts)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def dataset_folder(name: str) -> Path:
    """Where the dataset `name` is unpacked or drawn, whether or not it is there yet: below `home()`, or, where that
    cannot be written, in a folder that goes when this process does."""
    folder = subfolder("datasets")
    is_usable = (folder / name).is_dir() or os.access(folder, os.W_OK)
    return (folder if is_usable else _scratch()) / name


@cache
def _scratch() -> Path:
    import atexit
    import shutil
    import tempfile  # here because hardly anybody needs them, and each run has a supervisor in memory

    folder = tempfile.mkdtemp(prefix="pawlab-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def entries(*parts: str) -> list[Path]:
    """What lies in that folder below `home()`; nothing where it is missing."""
    try:
        return list(home().joinpath(*parts).iterdir())
    except OSError:
        return []
