"""Output of the command line: progress and errors on stderr, results on stdout, exit codes."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich import markup
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column, Table

from core.errors import Cancelled, ConfigError, InputError, PawlabError
from core.jobs.process import PROGRAM
from core.storage.files import check_place
from core.text.lines import visible

out = Console()
err = Console(stderr=True)

CANCELLED = 130  # what a shell reports for a program that Ctrl-C ended
BAD_INPUT = 2
UNREAD = 141  # what a shell reports for a program whose output nobody reads any more: `... | head`


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Yields a progress callback that shows one bar a phase on stderr; silent where stderr is no terminal. The first
    word of a phase is its name; more words say how it goes, and may change."""
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
            name = phase.split()[0]
            if name not in tasks:
                tasks[name] = bars.add_task(phase, total=total or None)
            bars.update(tasks[name], description=phase, completed=done, total=total or None)

        yield show


def check_target(target: Path, *, force: bool) -> None:
    """Raises `ConfigError` where a command may not write its file: one that exists is only replaced with `force`."""
    check_place(target)
    if target.exists() and not force:
        raise ConfigError(f"{target} exists already", "a new file", "Choose another name, or replace it with --force")


def escape(text: str) -> str:
    """`text` for `out` and `err`: no markup, and no control character that a terminal would follow."""
    return markup.escape(visible(text))


def say(text: str) -> None:
    """One line of the result, on stdout."""
    out.print(escape(text), soft_wrap=True)


def note(text: str) -> None:
    """One line beside the result, on stderr."""
    err.print(escape(text), highlight=False, soft_wrap=True)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, whole: int = 0) -> None:
    """Prints a table on stdout: fitted to the width of a terminal; in a pipe or a file one line a row, whatever its
    width.

    Args:
        whole: How many of the first columns a terminal shows without folding them, for names that are copied.
    """
    if out.is_terminal:
        columns = (Column(escape(title), overflow="fold", no_wrap=at < whole) for at, title in enumerate(header))
        table = Table(*columns)
        for row in rows:
            table.add_row(*map(escape, row))
        out.print(table)
        return
    lines = [[visible(cell).replace("\n", "\\n") for cell in row] for row in (header, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def print_json(value: Any) -> None:
    """One JSON object on one line of stdout: the last line that a command prints."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def run(app: typer.Typer, arguments: list[str]) -> int:
    """Runs the command line and returns its exit code: 0, 1 for a failure, 2 for bad input, 130 for Ctrl-C, 141 where
    nobody reads the output any more. Without arguments it shows the help.

    An OSError (a read-only folder, a full disk) is reported in one line, like every failure.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a path need not be Unicode
    try:
        result = app(arguments or ["--help"], standalone_mode=False, prog_name=PROGRAM)
        sys.stdout.flush()
        if result == CANCELLED:  # also what Typer returns for Ctrl-C
            return _exit("Stopped.", CANCELLED)
        return result if isinstance(result, int) else 0
    except typer.exceptions.TyperException as error:
        return _exit(_usage(error), error.exit_code)
    except Cancelled as stopped:
        return _exit(str(stopped), CANCELLED)
    except InputError as error:
        return _exit(str(error), BAD_INPUT)
    except PawlabError as error:
        return _exit(str(error), 1)
    except typer.Abort:
        return _exit("Stopped.", CANCELLED)
    except (BrokenPipeError, SystemExit) as error:
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            raise  # Typer exits by itself where it was the one who wrote
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else the interpreter reports what it cannot flush
        return UNREAD
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _exit(
            f"{where}{error.strerror or error}. Check the path, its permissions and the free space on the disk.", 1
        )


def _usage(error: typer.exceptions.TyperException) -> str:
    """One line: what is wrong with the command, and where its help is."""
    context = getattr(error, "ctx", None)
    message = " ".join(error.format_message().split()).rstrip(".")
    return f"{message}. See: {context.command_path if context else PROGRAM} --help"


def _exit(message: str, code: int) -> int:
    sys.stderr.write(f"{visible(message)}\n")
    return code
