"""How a process of ours is started: one interpreter, one place for our packages, wherever the user stands.

The process keeps the user's working folder, so that relative paths mean there what they mean here. Our packages come
from `PYTHONPATH`; with `-P` the working folder is no place for modules, so that a folder of somebody's that is called
`core` is never taken for ours.
"""

import os
import sys
from pathlib import Path

import core

try:
    import resource
except ImportError:  # on Windows, where the limit is another and larger one
    resource = None  # type: ignore[assignment]

PROJECT = Path(core.__file__).parents[1]
"""The folder that holds `core` and `pages`: of the checkout, or of the installed package."""
PROGRAM = "pawlab" if (PROJECT / "__init__.py").exists() else "python -m core"
"""What our commands begin with: as installed, or as in a checkout."""


OPEN_FILES = 4096
"""For the server: Streamlit keeps three open files for each session, up to 128 sessions for two minutes after their
window was lost. macOS allows 256 at first, which a class reaches by reloading."""


def allow_open_files() -> None:
    """Raises what this process may have open to `OPEN_FILES`, as far as the system lets us."""
    if resource:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < most:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def module_command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of ours, such as "core.runs.supervisor". Start it with `module_environment`."""
    return [sys.executable, "-P", "-m", module, *arguments]


def module_environment(**variables: str) -> dict[str, str]:
    """Our environment for `module_command`, with `variables` on top."""
    places = [str(PROJECT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(places)), **variables}
