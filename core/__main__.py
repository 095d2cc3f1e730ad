"""`python -m core`: the command line."""

import sys

from core.cli import app
from core.console import run

if __name__ == "__main__":
    sys.exit(run(app))
