"""Opens a project: checked whole, then placed whole."""

import shutil
from pathlib import Path
from uuid import uuid4

from core.datasets.scan.index import forget
from core.errors import PawlabError
from core.jobs.progress import Progress, silent
from core.project.contents import IMAGES
from core.project.placing import Opened, place_project
from core.project.reading import read_project
from core.storage.home import subfolder


def open_project(source: Path, name: str = "", progress: Progress = silent) -> Opened:
    """The dataset, edits, runs and settings of a project, below `home()`. A refused or stopped one leaves nothing.

    Args:
        source: The file.
        name: For the dataset; by default its own. Where it is taken, a number follows it.
        progress: As for `read_project`. `Cancelled` from it stops the work.

    Raises:
        ArchiveError: It is no project, was changed or damaged, or holds what a project must not hold.
        DatasetError: Its images are no dataset.
        PawlabError: The files cannot be written.
    """
    scratch = subfolder("imports") / uuid4().hex[:12]
    images = scratch / "project" / IMAGES
    try:
        scratch.mkdir()
        return place_project(read_project(source, scratch, progress), name)
    except OSError as error:
        raise PawlabError(
            f"The project cannot be opened: {error.strerror or error}", "room on a disk that can be written"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        forget(images)
