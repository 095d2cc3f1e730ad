"""The commands `project save` and `project open`: a dataset with its edits and runs as one file."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import check_target, note, print_json, progress_bars, say
from core.cli.parameters import RUN, SOURCE, Json
from core.datasets.loading import open_dataset
from core.datasets.source import resolve_source
from core.errors import ConfigError
from core.jobs.process import PROGRAM
from core.runs.store import find_run

commands = typer.Typer(rich_markup_mode=None, help="Save a dataset and its runs as one file, or open one.")


@commands.command()
def save(
    target: Annotated[Path, typer.Argument(metavar="OUT.zip", help="The file to write.")],
    data: Annotated[str, typer.Option(help=SOURCE)],
    runs: Annotated[list[str], typer.Option("--runs", metavar="RUN", help=f"{RUN} May be given several times.")] = [],  # noqa: B006 (Typer's way)
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT.zip if it exists.")] = False,
    json: Json = False,
) -> None:
    """Save a dataset and chosen runs as one file. It holds the dataset's edits, the saved augmentation settings, and
    the images as they are, with whatever their camera wrote into them."""
    from core.project.saving import save_project  # here because few commands need it

    check_target(target, force=force)
    source, chosen = resolve_source(data), [find_run(reference) for reference in runs]
    if source.path.exists() and target.exists() and target.samefile(source.path):
        raise ConfigError(f"{target} is the dataset itself", "another file")
    with progress_bars() as progress:
        saved = save_project(open_dataset(source, progress=progress), target, chosen, progress)
    if json:
        print_json(asdict(saved))
        return
    say(
        f"Saved {saved.name} to {target}: {saved.images:,} images, {_runs(len(saved.runs))}, {saved.bytes / 1e6:.1f} MB"
    )
    if saved.unreadable:
        say(f"Left out: {saved.unreadable:,} unreadable")


@commands.command("open")
def open_(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="A project written by save.")],
    name: Annotated[str, typer.Option(help="A name for the dataset.", show_default="its own name")] = "",
    *,
    json: Json = False,
) -> None:
    """Open a project, after checking all of it. Where a name is taken, a number follows it; nothing is replaced."""
    from core.project.opening import open_project  # here because few commands need it

    if not file.is_file():
        raise ConfigError(f"{file} does not exist", f"a project written by {PROGRAM} project save")
    with progress_bars() as progress:
        opened = open_project(file, name, progress)
    if json:
        print_json(asdict(opened) | {"runs": [{"run": run.id, "name": run.name} for run in opened.runs]})
        return
    what = "the collection" if opened.is_collection else "the folder"
    say(f"Opened {what} {opened.name}: {opened.images:,} images, {_runs(len(opened.runs))}")
    for run in opened.runs:
        say(f"{run.id}: {run.name}")
    say(opened.source)
    if not opened.is_same:
        note("Some images are read otherwise here than where the project was saved: scores may differ a little.")


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number} runs"
