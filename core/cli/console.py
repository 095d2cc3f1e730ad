"""How the command line speaks: progress and errors on stderr, results on stdout, exit codes."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from core.errors import Cancelled, ConfigError, InputError, PawlabError
from core.files import check_place

out = Console()
err = Console(stderr=True)

PROGRAM = "python -m core"
CANCELLED = 130  # what a shell reports for a program that Ctrl-C ended
BAD_INPUT = 2


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Yields a progress callback that shows one bar a phase on stderr; silent where stderr is no terminal."""
    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def show(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(phase, total=total or None)
            bars.update(tasks[phase], completed=done, total=total or None)

        yield show


def check_target(target: Path, force: bool) -> None:
    """That a command may write its file there, replacing one only by force. Raises `ConfigError`."""
    check_place(target)
    if target.exists() and not force:
        raise ConfigError(f"{target} exists already", "a new file", "Choose another name, or replace it with --force")


def print_json(value: Any) -> None:
    """One JSON object on one line of stdout: the last line that a command prints."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def run(app: typer.Typer, arguments: list[str]) -> int:
    """Runs the command line and gives its exit code: 0, 1 for a failure, 2 for bad input, 130 for Ctrl-C. Without
    arguments it is a look at the help.

    What the system refuses (a folder that may not be written, a full disk) is said in one line, like every failure.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a path need not be Unicode, and is shown all the same
    try:
        result = app(arguments or ["--help"], standalone_mode=False, prog_name=PROGRAM)
        if result == CANCELLED:  # also what Typer makes of Ctrl-C, without a word
            return _say("Stopped.", CANCELLED)
        return result if isinstance(result, int) else 0
    except typer.exceptions.TyperException as error:
        return _say(_usage(error), error.exit_code)
    except Cancelled as stopped:
        return _say(str(stopped), CANCELLED)
    except InputError as error:
        return _say(str(error), BAD_INPUT)
    except PawlabError as error:
        return _say(str(error), 1)
    except typer.Abort:
        return _say("Stopped.", CANCELLED)
    except BrokenPipeError:  # whoever read what we print has had enough: `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else the interpreter complains of it at its end
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _say(f"{where}{error.strerror or error}. Check the path, its permissions and the room on the disk.", 1)


def _usage(error: typer.exceptions.TyperException) -> str:
    """One line: what is wrong with the words of the command, and whose help says what is right."""
    context = getattr(error, "ctx", None)
    message = " ".join(error.format_message().split()).rstrip(".")
    return f"{message}. See: {context.command_path if context else PROGRAM} --help"


def _say(message: str, code: int) -> int:
    sys.stderr.write(f"{message}\n")
    return code
