"""What to say when a run's folder cannot be written: mostly the disk is full, and the run can go on once it is not."""

import errno
import shutil
from pathlib import Path

from core.errors import PawlabError


def storage_error(error: OSError, folder: Path) -> PawlabError:
    """The error in words, for the run in `folder`."""
    # numpy tells of a write that was cut short by its two lengths, without an error number.
    if error.errno not in (errno.ENOSPC, errno.EDQUOT) and not (error.errno is None and "written" in str(error)):
        where = f" ({error.filename})" if error.filename else ""
        return PawlabError(f"The system refuses: {error.strerror or error}{where}")
    return PawlabError(
        f"The disk is too full to go on: {_free(folder)} in {folder}",
        "room for checkpoints and for the saved models",
        "Free some space, delete runs that you no longer need for example, then resume this one: it goes on after the "
        "last saved epoch",
    )


def _free(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:,.0f} MB are free"
    except OSError:
        return "nothing can be written"
