"""The commands about datasets: sample, scan, clean."""

import time
from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import check_target, out, print_json, print_table, progress_bars, say
from core.cli.parameters import SOURCE, Json
from core.cli.scale import (
    Address,
    EngineName,
    Out,
    Resume,
    Workers,
    check_parts,
    chosen_engine,
    fill_parts,
    print_outcome,
)
from core.datasets import Dataset, open_dataset
from core.datasets.edits.apply import count_edits
from core.datasets.edits.export_zip import DROPS, write_cleaned
from core.datasets.layout import loose_in_words
from core.datasets.source import Source, resolve_source
from core.errors import ConfigError
from core.jobs.progress import Progress
from core.storage.files import check_place
from core.storage.places import is_place_address

GROUPS = ("duplicates", "near_duplicates", "leaks", "label_conflicts")


def sample(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    *,
    flaws: Annotated[
        bool, typer.Option("--flaws", help="Plant mistakes to be found, such as leaks; README.txt lists them.")
    ] = False,
    shortcut: Annotated[
        bool, typer.Option("--shortcut", help="Draw all cats indoors and all dogs on a meadow, except in test/.")
    ] = False,
) -> None:
    """Draw the sample dataset of cat and dog faces into FOLDER."""
    from core.datasets.sample.flaws import plant_flaws  # here because no other command needs them
    from core.datasets.sample.sample import write_sample
    from core.datasets.sample.shortcut import write_shortcut_sample

    if flaws and shortcut:
        raise ConfigError("Received both --flaws and --shortcut", "one of the two")
    with progress_bars() as progress:
        if shortcut:
            write_shortcut_sample(folder, progress=progress)
        else:
            write_sample(folder, progress=progress)
    if flaws:
        plant_flaws(folder)
    say(f"Drew the sample into {folder}")


def scan(
    source: Annotated[str, typer.Argument(help=SOURCE)],
    parts: Out = "",
    engine: EngineName = "local",
    address: Address = "",
    workers: Workers = 0,
    *,
    resume: Resume = False,
    json: Json = False,
) -> None:
    """Count the images of a dataset and find what is wrong with it. Every file is decoded once.

    --out DIR writes what is found of each file as Parquet parts, which a cluster can fill too. SOURCE may then also be
    a list of paths (.txt, .parquet), or an address such as s3://bucket/pets; of these there are parts and no report."""
    started = time.perf_counter()
    check_parts(parts, engine, address, workers)
    if resume and not parts:
        raise ConfigError("Received --resume without --out", "the folder of parts to resume: --out DIR")
    with progress_bars() as progress:
        if parts and not _fill(source, parts, (engine, address, workers), progress, resume=resume, json=json):
            return
        dataset = open_dataset(source, progress=progress)
        from core.datasets.quality.report import make_report  # here because no other command needs it

        report = make_report(dataset, progress)
    unreadable = [{"path": record.path, "reason": record.reason} for record in dataset.unreadable()]
    if json:
        groups = {key: [[record.path for record in group] for group in report.row(key).groups] for key in GROUPS}
        print_json(
            {
                "classes": list(dataset.classes),
                "counts": dataset.counts(),
                "unreadable": unreadable,
                "loose": list(dataset.loose),
                **groups,
                "edits": count_edits(dataset),
                "fingerprint": dataset.fingerprint,
                "seconds": round(time.perf_counter() - started, 3),
            }
        )
        return
    _print_counts(dataset)
    if problems := [(row.title, f"{row.count:,}", row.why) for row in report.rows if row.count]:
        out.print()
        print_table(("problem", "images", "why it matters"), problems)
    if dataset.loose:
        say(loose_in_words(dataset.loose))
    for file in unreadable:
        say(f"unreadable: {file['path']}: {file['reason']}")


def _fill(
    source: str, parts: str, engine: tuple[str, str, int], progress: Progress, *, resume: bool, json: bool
) -> bool:
    """Writes the parts. Whether a report can follow, for which nothing is decoded again."""
    from core.scale.listing import list_dataset  # here because nobody else needs pyarrow
    from core.scale.scan import ScanKernel, remember_parts
    from core.storage.parts import PartsFolder

    started = time.perf_counter()
    with chosen_engine(*engine, parts) as chosen:
        files = list_dataset(source, progress)
        outcome = fill_parts(ScanKernel(), files, parts, chosen, progress, resume=resume)
    if files.root and not is_place_address(files.root):
        remember_parts(PartsFolder(parts), Path(files.root))
        return True
    print_outcome(outcome, time.perf_counter() - started, parts, json=json)
    return False


def clean(
    source: Annotated[str, typer.Argument(help=SOURCE)],
    target: Annotated[Path, typer.Argument(metavar="OUT.zip", help="The zip to write.")],
    drop: Annotated[
        str, typer.Option(help=f"What to leave out besides excluded images: some of {','.join(DROPS)}.")
    ] = "",
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT.zip if it exists.")] = False,
    json: Json = False,
) -> None:
    """Write a dataset, with its edits, to a zip. It gets train/CLASS and validation/CLASS folders."""
    resolved = resolve_source(source)
    _check_target(resolved, target, force=force)
    names = [name.strip() for name in drop.split(",") if name.strip()]
    if unknown := sorted(set(names) - set(DROPS)):
        raise ConfigError(f"Received {unknown[0]!r} for --drop", f"names among {','.join(DROPS)}")
    with progress_bars() as progress:
        dataset = open_dataset(resolved, progress=progress)
        summary = write_cleaned(dataset, target, names, progress)
    if json:
        print_json(summary)
        return
    left_out = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in summary["left_out"].items() if count)
    say(f"Wrote {summary['pictures']:,} images to {target}")
    say(f"Left out: {left_out or 'nothing'}")


def _check_target(source: Source, target: Path, *, force: bool) -> None:
    """Fails before the dataset is read, which may take minutes."""
    check_place(target)
    try:
        same = target.exists() and source.path.exists() and target.samefile(source.path)
    except OSError:  # a name too long for a file
        same = False
    if same:
        raise ConfigError(f"{target} is the dataset itself", "another file", "Pawlab never changes a dataset's files")
    check_target(target, force=force)


def _print_counts(dataset: Dataset) -> None:
    counts = dataset.counts()
    rows = [(label, *(f"{counts[split][label]:,}" for split in counts)) for label in dataset.classes]
    print_table(("class", *counts), rows)
    edits = count_edits(dataset)
    if any(edits.values()):
        say(f"after edits: {edits['excluded']:,} excluded, {edits['relabelled']:,} relabelled")
