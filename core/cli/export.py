"""The commands about bundles: export, import."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from core.cli_data import Json
from core.console import check_target, out, print_json, progress_bars
from core.errors import ConfigError
from core.training.shelf import find_run


def export(
    run_name: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, name or folder.")],
    target: Annotated[Path, typer.Argument(metavar="FILE.zip", help="The zip to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE.zip where it exists.")] = False,
    json: Json = False,
) -> None:
    """Write a run as one zip that works without Pawlab, after trying it out."""
    from core.export.bundle import make_bundle  # here because no other command needs it

    run = find_run(run_name)
    check_target(target, force)
    with progress_bars() as progress:
        bundle = make_bundle(run, target, progress)
    if json:
        print_json(asdict(bundle) | {"run": run.id})
        return
    size = f"{bundle.bytes / 1e6:.1f} MB, {len(bundle.files)} files"
    out.print(f"Wrote {escape(run.id)} to {escape(str(target))}: {size}", soft_wrap=True)
    out.print(f"predict.py: at most {bundle.difference:.1e} from the app on {bundle.pictures} pictures", soft_wrap=True)
    keras = f"at most {bundle.keras_difference:.1e}" if bundle.keras_difference is not None else bundle.keras_reason
    litert = f"at most {bundle.litert_difference:.1e}" if bundle.litert_difference is not None else bundle.litert_reason
    out.print(f"model.keras: {escape(keras)}; LiteRT: {escape(litert)}", soft_wrap=True)


def import_(
    source: Annotated[Path, typer.Argument(metavar="FILE.zip", help="A bundle that export wrote.")],
    name: Annotated[str, typer.Option(help="A name for the run.", show_default="its old one")] = "",
    json: Json = False,
) -> None:
    """Bring a bundle back as a run, after checking all of it."""
    from core.export.importing import import_bundle  # here because no other command needs it

    if not source.is_file():
        raise ConfigError(f"{source} does not exist", "a bundle that export wrote")
    with progress_bars() as progress:
        run = import_bundle(source, name, progress)
    if json:
        print_json(
            {"run": run.id, "name": run.name, "directory": str(run.directory), "classes": run.summary()["classes"]}
        )
        return
    out.print(f"Brought in {escape(run.name)} as {escape(run.id)}", soft_wrap=True)
    out.print(escape(str(run.directory)), soft_wrap=True)
