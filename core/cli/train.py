"""The command `train`: starts, resumes or fine-tunes a run and follows it to its end."""

from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.console import CANCELLED, print_json, progress_bars, say
from core.cli.follow import follow
from core.cli.parameters import SOURCE, Json
from core.config import help_of
from core.datasets.loading import prepare_source
from core.datasets.source import FEATURES, resolve_source
from core.errors import ConfigError, InputError
from core.runs.feature_parts import config_of_features
from core.runs.fine_tuning import FineTuningConfig
from core.runs.run import create_run
from core.runs.settings import TrainingConfig, preset
from core.runs.store import drop_run, find_run
from core.runs.temperature import temperature_in_words
from core.training.loop.second_stage import fine_tune_run


def _option(name: str) -> Any:
    return typer.Option(help=help_of(TrainingConfig, name), show_default="the preset's")


def _second_stage(name: str) -> Any:
    default = FineTuningConfig.model_fields[name].default
    return typer.Option(help=f"With --fine-tune. {help_of(FineTuningConfig, name)}", show_default=f"{default:g}")


def train(
    *,
    data: Annotated[str, typer.Option(help=SOURCE)] = "",
    features: Annotated[
        str, typer.Option(help="Instead of --data: a folder of features, as the command features writes it.")
    ] = "",
    preset_name: Annotated[
        str, typer.Option("--preset", help="'notebook' (Flatten, as taught) or 'fast'.", show_default="notebook")
    ] = "",
    epochs: Annotated[int | None, _option("epochs")] = None,
    image_size: Annotated[int | None, _option("image_size")] = None,
    crop: Annotated[str | None, _option("crop")] = None,
    copies: Annotated[int | None, _option("copies")] = None,
    seed: Annotated[int | None, _option("seed")] = None,
    temperature_scaling: Annotated[bool | None, _option("temperature_scaling")] = None,
    name: Annotated[
        str, typer.Option(help="A name for the run.", show_default="such as 'Cats and dogs, fast, 3'")
    ] = "",
    settings: Annotated[
        Path | None, typer.Option(help="A JSON file with training settings. Options on the command line win.")
    ] = None,
    resume: Annotated[str, typer.Option(help="Resume a run that was stopped or killed: id, name or folder.")] = "",
    fine_tune: Annotated[str, typer.Option(help="Fine-tune the last layers of a trained run, as a new run.")] = "",
    layers: Annotated[int | None, _second_stage("layers")] = None,
    learning_rate: Annotated[float | None, _second_stage("learning_rate")] = None,
    json: Json = False,
) -> int:
    """Train a classifier. Runs train one at a time: a new one waits in the queue. Ctrl-C stops the run and keeps the
    best model so far, or withdraws it from the queue; --resume continues it. --fine-tune accepts --layers, --epochs,
    --learning-rate and --name; all other settings are those of the run that it starts from."""
    given = {"--data": data, "--features": features, "--resume": resume, "--fine-tune": fine_tune}
    sources = [word for word, value in given.items() if value]
    if len(sources) != 1:
        raise ConfigError(
            f"Received {' and '.join(sources) or 'none'} of --data, --features, --resume and --fine-tune",
            "exactly one of them",
        )
    stage = {"layers": layers, "learning_rate": learning_rate}
    if not fine_tune and any(value is not None for value in stage.values()):
        raise ConfigError("Received --layers or --learning-rate without --fine-tune", "them only with --fine-tune")
    values = {"image_size": image_size, "crop": crop, "copies": copies, "seed": seed}
    values["temperature_scaling"] = temperature_scaling
    first_stage = bool(settings or preset_name) or any(value is not None for value in values.values())
    if resume:
        if first_stage or name or epochs is not None:
            raise ConfigError(
                "Received settings or a name with --resume", "--resume alone: a run resumes with its own settings"
            )
        run = find_run(resume)
    elif fine_tune:
        if first_stage:
            raise ConfigError(
                "Received settings of the first stage with --fine-tune", "--layers, --epochs, --learning-rate, --name"
            )
        second = {key: value for key, value in {**stage, "epochs": epochs}.items() if value is not None}
        run = fine_tune_run(find_run(fine_tune), FineTuningConfig.create(second), name)
    else:
        if features:
            if preset_name or any(values[key] is not None for key in ("image_size", "crop", "copies")):
                raise ConfigError(
                    "Received --preset, --image-size, --crop or --copies with --features",
                    "--features without them: the features were computed with their own",
                )
            config, data = config_of_features(features), FEATURES + features
        else:
            config = _preset(preset_name or "notebook")
        if settings:
            config = config.changed(**_read_settings(settings))
        values["epochs"] = epochs
        config = config.changed(**{key: value for key, value in values.items() if value is not None})
        with progress_bars() as progress:
            source = prepare_source(resolve_source(data), progress)
        run = create_run(source, config, name)
    try:
        summary = follow(run)
    except InputError:
        if data and not run.history().epochs:  # the source is unusable: the run is not worth keeping
            drop_run(run)
        raise
    if json:
        print_json(summary)
    else:
        seconds = summary["seconds"]["total"]
        scores = f"validation accuracy {summary['val_accuracy']:.3f}, loss {summary['val_loss']:.3f}"
        say(f"{run.name} ({run.id}): {scores} at epoch {summary['best_epoch']}, {seconds:.0f} s")
        if words := temperature_in_words(run.config, summary):
            say(words)
        say(summary["directory"])
    return CANCELLED if summary["status"] == "cancelled" else 0


def _preset(name: str) -> TrainingConfig:
    if name not in ("notebook", "fast"):
        raise ConfigError(f"Received {name!r} for --preset", "notebook or fast")
    return preset("fast" if name == "fast" else "notebook")


def _read_settings(path: Path) -> dict[str, Any]:
    import json as parser

    try:
        values = parser.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", "a JSON file with training settings") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path} holds {type(values).__name__}", "a JSON object with training settings")
    return values
