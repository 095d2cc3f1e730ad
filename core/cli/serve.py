"""The command `run`, which serves the app; and `--version`."""

import os
from typing import Annotated

import typer

from core import __version__
from core.cli.console import out
from core.jobs.process import PROJECT, module_command, module_environment


def serve(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.", min=1, max=65535)] = 8501,
) -> None:
    """Serve the app for a browser on this machine. Ctrl-C stops it."""
    command = module_command("streamlit", "run", str(PROJECT / "app.py"), "--server.port", str(port))
    os.execve(command[0], command, module_environment())  # the server becomes this very process: one id to stop


def _print_version(*, wanted: bool) -> None:
    if wanted:
        out.print(__version__, highlight=False)
        raise typer.Exit


def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Image classification by transfer learning: the app for a browser, and everything without one."""
