"""The command `runs`: lists runs, renames, stops and deletes them."""

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Annotated, Any

import typer

from core.cli.console import note, print_json, print_table, say
from core.cli.parameters import Json, RunName
from core.errors import Cancelled, ConfigError, PawlabError, RunError
from core.jobs.process import PROGRAM
from core.runs.queue import start_next, withdraw
from core.runs.run import Run
from core.runs.store import check_idle, drop_broken, drop_run, find_run, list_runs
from core.text.lines import visible

commands = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


@commands.callback()
def runs(context: typer.Context, *, json: Json = False) -> None:
    """List all runs, newest first; rename, stop or delete them."""
    if context.invoked_subcommand:
        return
    with suppress(PawlabError):  # a home that cannot be written is listed all the same
        start_next()  # if the last one was killed with its supervisor
    run_list = list_runs()
    rows, broken = [], run_list.broken
    for run in run_list.runs:
        try:
            rows.append(_row(run))
        except (RunError, OSError) as error:
            broken |= {run.id: str(error)}
    for folder, reason in broken.items():
        note(f"broken: {folder}: {reason}")
    if json:
        print_json({"runs": rows})
    elif rows:
        print_table(
            ("run", "name", "status", "accuracy", "source"),
            [(row["run"], row["name"], row["status"], _accuracy(row), row["source"]) for row in rows],
            whole=1,
        )
    else:
        note(f"There are no runs yet. Train one with: {PROGRAM} train --data sample")


@commands.command()
def rename(
    reference: RunName,
    name: Annotated[str, typer.Argument(help="Its new name.")],
) -> None:
    """Give a run another name. Its id and its note stay."""
    run = find_run(reference)
    renamed = run.rename(name, run.note)
    say(f"{run.id} is now called {renamed.name}")


@commands.command()
def stop(reference: RunName) -> None:
    """Stop a run that trains, or withdraw one that waits. The best model so far is kept."""
    run = find_run(reference)
    if run.queued():
        withdraw(run)
        say(f"Withdrew {run.id} from the queue")
    elif run.alive():
        run.cancel()
        say(f"{run.id} is stopping; the best model so far is kept")
    else:
        raise RunError(f"“{run.name}” is {run.status()}", "a run that trains or waits")


@commands.command()
def delete(
    references: Annotated[list[str], typer.Argument(metavar="RUN", help="Ids, names or folders of runs.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Delete runs with their models, after asking. One that trains is refused: stop it first."""
    run_list = list_runs()
    doomed: dict[str, Callable[[], None]] = {}
    for reference in references:
        if reference in run_list.broken:
            doomed[f"{reference} (broken)"] = partial(drop_broken, reference)
            continue
        namesakes = [run.id for run in run_list.runs if run.name == reference]
        if len(namesakes) > 1:
            raise ConfigError(f"{len(namesakes)} runs are called {reference!r}", f"an id: {', '.join(namesakes)}")
        run = find_run(reference)
        check_idle(run)
        doomed[f"{run.id} ({run.name}, {run.status()})"] = partial(drop_run, run)
    if not yes:
        _confirm(f"Delete {', '.join(doomed)}?")
    for words, drop in doomed.items():
        drop()
        say(f"Deleted {words}")


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise ConfigError("Received no --yes, and there is no terminal to ask in", "--yes")
    if not typer.confirm(visible(question), err=True):
        raise Cancelled("Nothing was deleted")


def _row(run: Run) -> dict[str, Any]:
    row: dict[str, Any] = {"run": run.id, "name": run.name, "status": run.status(), "source": run.source}
    if run.has_model():
        summary = run.summary()
        row |= {key: summary.get(key) for key in ("best_epoch", "val_accuracy", "val_loss", "classes")}
    return row | {"directory": str(run.directory)}


def _accuracy(row: dict[str, Any]) -> str:
    return f"{row['val_accuracy']:.3f}" if row.get("val_accuracy") is not None else ""
