"""The commands: train and runs. The others are those of `core.cli_data`, `core.cli_classify`, `core.cli_export` and
`core.cli_report`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table

from core.cli_classify import classify
from core.cli_data import Json, clean, sample, scan
from core.cli_export import export, import_
from core.cli_report import report
from core.config import help_of
from core.console import CANCELLED, err, out, print_json, progress_bars
from core.datasets.current import local_source
from core.datasets.remote import fetch_zip, is_remote, remembered_as
from core.errors import ConfigError, InputError
from core.training.fine_tuning import FineTuningConfig
from core.training.follow import follow
from core.training.jobs import start_run
from core.training.queue import start_next
from core.training.recipe import TrainingConfig, preset
from core.training.runs import create_run
from core.training.second_stage import fine_tune_run
from core.training.shelf import drop_run, find_run, list_runs

app = typer.Typer(
    help="Image classification by transfer learning, without a browser.",
    add_completion=False,
    rich_markup_mode=None,
)


app.command()(sample)
app.command()(scan)
app.command()(clean)
app.command()(classify)
app.command()(report)
app.command()(export)
app.command("import")(import_)


def _option(name: str) -> Any:
    return typer.Option(help=help_of(TrainingConfig, name), show_default="the preset's")


def _second_stage(name: str) -> Any:
    default = FineTuningConfig.model_fields[name].default
    return typer.Option(help=f"With --fine-tune. {help_of(FineTuningConfig, name)}", show_default=f"{default:g}")


@app.command()
def train(
    data: Annotated[str, typer.Option(help="A folder, a zip, the address of a zip, 'cats_and_dogs' or 'sample'.")] = "",
    preset_name: Annotated[
        str, typer.Option("--preset", help="'notebook' (Flatten, as taught) or 'fast'.", show_default="notebook")
    ] = "",
    epochs: Annotated[int | None, _option("epochs")] = None,
    image_size: Annotated[int | None, _option("image_size")] = None,
    copies: Annotated[int | None, _option("copies")] = None,
    seed: Annotated[int | None, _option("seed")] = None,
    name: Annotated[str, typer.Option(help="A name for the run.")] = "",
    settings: Annotated[Path | None, typer.Option(help="A JSON file with any of the training settings.")] = None,
    resume: Annotated[str, typer.Option(help="Go on with a run that was stopped or killed.")] = "",
    fine_tune: Annotated[str, typer.Option(help="Unfreeze the last layers of a trained run, as a new run.")] = "",
    layers: Annotated[int | None, _second_stage("layers")] = None,
    learning_rate: Annotated[float | None, _second_stage("learning_rate")] = None,
    json: Json = False,
) -> int:
    """Train a classifier, after the runs that came before it. Ctrl-C stops and keeps the best model so far, or
    withdraws a run that waits; --resume goes on. --fine-tune takes --layers, --epochs, --learning-rate and --name; all
    else is as in the run that it starts from."""
    given = [word for word, value in (("--data", data), ("--resume", resume), ("--fine-tune", fine_tune)) if value]
    if len(given) != 1:
        raise ConfigError(
            f"Received {' and '.join(given) or 'none'} of --data, --resume and --fine-tune", "exactly one of them"
        )
    stage = {"layers": layers, "learning_rate": learning_rate}
    if not fine_tune and any(value is not None for value in stage.values()):
        raise ConfigError("Received --layers or --learning-rate without --fine-tune", "them only with --fine-tune")
    first_stage = bool(settings or preset_name) or not image_size == copies == seed is None
    if resume:
        if first_stage or name or epochs is not None:
            raise ConfigError(
                "Received settings or a name with --resume", "--resume alone: the run goes on as it was begun"
            )
        run = find_run(resume)
    elif fine_tune:
        if first_stage:
            raise ConfigError(
                "Received settings of the first stage with --fine-tune", "--layers, --epochs, --learning-rate, --name"
            )
        asked = {key: value for key, value in {**stage, "epochs": epochs}.items() if value is not None}
        run = fine_tune_run(find_run(fine_tune), FineTuningConfig.create(asked), name)
    else:
        preset_name = preset_name or "notebook"
        if preset_name not in ("notebook", "fast"):
            raise ConfigError(f"Received {preset_name!r} for --preset", "notebook or fast")
        values = {"epochs": epochs, "image_size": image_size, "copies": copies, "seed": seed}
        config = preset("fast" if preset_name == "fast" else "notebook")
        if settings:
            config = config.changed(**_read_settings(settings))
        config = config.changed(**{key: value for key, value in values.items() if value is not None})
        run = create_run(_source(data), config, name or preset_name)
    start_run(run)
    try:
        summary = follow(run)
    except InputError:
        if data:  # the source cannot be used: nothing of the run is worth keeping
            drop_run(run)
        raise
    if json:
        print_json(summary)
    else:
        seconds = summary["seconds"]["total"]
        scores = f"validation accuracy {summary['val_accuracy']:.3f}, loss {summary['val_loss']:.3f}"
        out.print(f"{run.id}: {scores} at epoch {summary['best_epoch']}, {seconds:.0f} s", soft_wrap=True)
        out.print(escape(summary["directory"]), soft_wrap=True)
    return CANCELLED if summary["status"] == "cancelled" else 0


@app.command()
def runs(json: Json = False) -> None:
    """List all runs, newest first."""
    start_next()  # where the one at work was killed and nobody has looked since
    shelf = list_runs()
    rows = []
    for run in shelf.runs:
        row: dict[str, Any] = {"run": run.id, "name": run.name, "status": run.status(), "source": run.source}
        if run.has_model():
            summary = run.summary()
            row |= {key: summary.get(key) for key in ("best_epoch", "val_accuracy", "val_loss", "classes")}
        rows.append(row | {"directory": str(run.directory)})
    for folder, reason in shelf.broken.items():
        err.print(f"broken: {escape(folder)}: {escape(reason)}", soft_wrap=True)
    if json:
        print_json({"runs": rows})
        return
    # An id is there to be copied: it stays in one piece, and nothing else is cut.
    rest = [Column(title, overflow="fold") for title in ("name", "status", "accuracy", "source")]
    table = Table(Column("run", no_wrap=True), *rest)
    for row in rows:
        accuracy = f"{row['val_accuracy']:.3f}" if row.get("val_accuracy") is not None else ""
        table.add_row(row["run"], escape(row["name"]), row["status"], accuracy, escape(row["source"]))
    out.print(table)


def _source(data: str) -> str:
    """What the run's folder may say of its data: no secret of an address, and a path from wherever it is read."""
    if is_remote(data):
        with progress_bars() as progress:
            fetch_zip(data, progress)
        return remembered_as(data)
    return data if data == "sample" else local_source(data)


def _read_settings(path: Path) -> dict[str, Any]:
    import json as parser

    try:
        values = parser.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", "a JSON file with training settings") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path} holds {type(values).__name__}", "a JSON object with training settings")
    return values
