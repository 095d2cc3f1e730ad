"""The command `features`: what the base makes of every image, as a folder of Parquet parts."""

import time
from typing import Annotated, Any

import typer

from core.cli.console import progress_bars
from core.cli.parameters import SOURCE, Json
from core.cli.scale import Address, EngineName, Resume, Workers, chosen_engine, fill_parts, print_outcome
from core.config import help_of
from core.errors import ConfigError
from core.runs.settings import TrainingConfig, preset


def _option(name: str) -> Any:
    return typer.Option(help=help_of(TrainingConfig, name))


def features(
    source: Annotated[
        str,
        typer.Argument(help=f"{SOURCE} Or a list of paths (.txt, .parquet), or an address such as s3://bucket/pets."),
    ],
    out: Annotated[str, typer.Argument(metavar="OUT", help="A new folder for the parts, or an address of one.")],
    engine: EngineName = "local",
    address: Address = "",
    workers: Workers = 0,
    *,
    image_size: Annotated[int, _option("image_size")] = 160,
    pooling: Annotated[str, _option("pooling")] = "average",
    crop: Annotated[str | None, typer.Option(help=help_of(TrainingConfig, "crop"), show_default="the preset's")] = None,
    copies: Annotated[int, _option("copies")] = 0,
    seed: Annotated[int, typer.Option(help="Of the copies.")] = 0,
    resume: Resume = False,
    json: Json = False,
) -> int:
    """Write the features of every image as Parquet parts. Exits with 1 where a file is no image that can be read.
    Ctrl-C stops and keeps the finished parts; --resume continues. train --features OUT trains on them."""
    if pooling not in ("average", "flatten"):
        raise ConfigError(f"Received {pooling!r} for --pooling", "average or flatten")
    config = preset("fast" if pooling == "average" else "notebook")
    values = {"image_size": image_size, "copies": copies, "seed": seed, "crop": crop or config.crop}
    config = config.changed(**values)

    from core.scale.listing import list_dataset  # here because no other command needs them

    started = time.perf_counter()
    with progress_bars() as progress, chosen_engine(engine, address, workers, out) as chosen:
        kernel = _kernel(config, progress)
        files = list_dataset(source, progress)
        outcome = fill_parts(kernel, files, out, chosen, progress, resume=resume)
    print_outcome(outcome, time.perf_counter() - started, out, json=json)
    return 1 if outcome.failed else 0


def _kernel(config: TrainingConfig, progress: Any) -> Any:
    from core.backbone.graph import cached_base
    from core.backbone.weights import resolve_weights
    from core.runs.feature_plan import feature_plan
    from core.scale.features import FeatureKernel

    weights = resolve_weights(progress)
    base = cached_base(weights).read_bytes()
    return FeatureKernel(base, weights.provenance.digest, feature_plan(config, "train"))
