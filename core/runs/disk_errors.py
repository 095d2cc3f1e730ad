"""The message for a run's folder that cannot be written: mostly the disk is full, and the run can be resumed later."""

import errno
import shutil
from pathlib import Path

from core.errors import PawlabError


def storage_error(error: OSError, folder: Path) -> PawlabError:
    """The error in words, for the run in `folder`."""
    # numpy reports a short write by its two lengths, without an error number.
    if error.errno not in (errno.ENOSPC, errno.EDQUOT) and not (error.errno is None and "written" in str(error)):
        where = f" ({error.filename})" if error.filename else ""
        return PawlabError(f"The system reports: {error.strerror or error}{where}")
    return PawlabError(
        f"The disk is too full to go on: {_free(folder)} in {folder}",
        "room for checkpoints and for the saved models",
        "Free some space, for example by deleting old runs, then resume this one: it continues after the last saved "
        "epoch",
    )


def _free(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:,.0f} MB are free"
    except OSError:
        return "nothing can be written"
