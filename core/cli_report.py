"""The command `report`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from core.console import check_target, out, print_json, progress_bars
from core.training.shelf import find_run


def report(
    run_name: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, name or folder.")],
    target: Annotated[Path, typer.Argument(metavar="FILE.html", help="The file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE.html where it exists.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")] = False,
) -> None:
    """Write a report on a run that left a model: scores, figures, mistakes, settings, caveats in one HTML file."""
    from core.evaluation.report_html import write_report  # here because no other command needs it

    run = find_run(run_name)
    check_target(target, force)
    with progress_bars() as progress:
        write_report(run, target, progress)
    if json:
        print_json({"run": run.id, "file": str(target), "bytes": target.stat().st_size})
        return
    out.print(f"Wrote {escape(str(target))}, {target.stat().st_size / 1e3:,.0f} kB", soft_wrap=True)
