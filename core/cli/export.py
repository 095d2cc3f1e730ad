"""What a run gives away: the commands `export`, `import` and `report`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import check_target, print_json, progress_bars, say
from core.cli.parameters import Json, RunName
from core.errors import ConfigError
from core.runs.run import Run
from core.runs.store import find_run


def export(
    run_name: RunName,
    target: Annotated[
        Path, typer.Argument(metavar="FILE", help="FILE.zip, or FILE.html for one page that classifies in a browser.")
    ],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it exists.")] = False,
    json: Json = False,
) -> None:
    """Export the model of a run as a zip or, as FILE.html, a web page. Both are verified and work without Pawlab."""
    from core.export.bundle import make_bundle  # here because no other command needs it

    run = find_run(run_name)
    check_target(target, force=force)
    if target.suffix.lower() == ".html":
        _export_page(run, target, json=json)
        return
    with progress_bars() as progress:
        bundle = make_bundle(run, target, progress)
    if json:
        print_json(asdict(bundle) | {"run": run.id})
        return
    size = f"{bundle.bytes / 1e6:.1f} MB, {len(bundle.files)} files"
    say(f"Exported {run.id} to {target}: {size}")
    say(f"predict.py: probabilities within {bundle.difference:.1e} of the app's on {bundle.images} images")
    keras = f"within {bundle.keras_difference:.1e}" if bundle.keras_difference is not None else bundle.keras_reason
    litert = f"within {bundle.litert_difference:.1e}" if bundle.litert_difference is not None else bundle.litert_reason
    say(f"model.keras: {keras}; LiteRT: {litert}")


def _export_page(run: Run, target: Path, *, json: bool) -> None:
    from core.export.page.build import write_page

    with progress_bars() as progress:
        page = write_page(run, target, progress)
    if json:
        print_json(asdict(page) | {"run": run.id})
        return
    say(f"Exported {run.id} to {target}: {page.bytes / 1e6:.1f} MB")
    say(
        "It unpacks to the model and ONNX Runtime Web, byte for byte. Whenever it is opened, it first checks that the "
        "browser gives Pawlab's predictions"
    )


def import_(
    source: Annotated[Path, typer.Argument(metavar="FILE.zip", help="A bundle written by export.")],
    name: Annotated[str, typer.Option(help="A name for the run.", show_default="its old name")] = "",
    *,
    json: Json = False,
) -> None:
    """Import a bundle as a run, after checking all of it."""
    from core.export.importing import import_bundle  # here because no other command needs it

    if not source.is_file():
        raise ConfigError(f"{source} does not exist", "a bundle written by export")
    with progress_bars() as progress:
        run = import_bundle(source, name, progress)
    if json:
        print_json(
            {"run": run.id, "name": run.name, "directory": str(run.directory), "classes": run.summary()["classes"]}
        )
        return
    say(f"Imported {run.name} as {run.id}")
    say(str(run.directory))


def report(
    run_name: RunName,
    target: Annotated[Path, typer.Argument(metavar="FILE.html", help="The file to write.")],
    on: Annotated[
        str, typer.Option(help="What to score it on, as evaluate: 'validation', 'test' or a source.")
    ] = "validation",
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE.html where it exists.")] = False,
    json: Json = False,
) -> None:
    """Write a report on a run as one HTML file. It has scores, figures, misclassified images, settings and limits."""
    from core.evaluation.report.html import write_report  # here because no other command needs it

    run = find_run(run_name)
    check_target(target, force=force)
    with progress_bars() as progress:
        write_report(run, target, progress, on)
    if json:
        print_json({"run": run.id, "file": str(target), "bytes": target.stat().st_size})
        return
    say(f"Wrote {target}, {target.stat().st_size / 1e3:,.0f} kB")
