"""`python -m core`: the command line."""

import os
import signal
import sys
from types import FrameType


def _stop(number: int, frame: FrameType | None) -> None:
    """Nothing is begun yet. An exception from within an import could become any other one, or a traceback."""
    os.write(2, b"Stopped.\n")
    os._exit(130)


def main() -> None:
    """Runs the command that the process was started with, and exits with its code."""
    waits = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else whoever started us has it ignored
    if waits:
        signal.signal(signal.SIGINT, _stop)
    from core.cli.console import run
    from core.cli.main import app

    if waits:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(run(app, sys.argv[1:]))


if __name__ == "__main__":
    main()
