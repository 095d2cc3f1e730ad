"""`python -m core`: the command line."""

import os
import signal
import sys
from types import FrameType

from core.cli.stopping import on_stop


def _stop(number: int, frame: FrameType | None) -> None:
    """Nothing is begun yet. An exception from within an import could become any other one, or a traceback."""
    os.write(2, b"Stopped.\n")
    os._exit(130)


def main() -> None:
    """Runs the command that the process was started with, and exits with its code."""
    with on_stop(_stop):
        from core.cli.console import run
        from core.cli.main import app
    with on_stop(signal.default_int_handler):  # raises KeyboardInterrupt, for SIGTERM and SIGHUP too
        code = run(app, sys.argv[1:])
    sys.exit(code)


if __name__ == "__main__":
    main()
