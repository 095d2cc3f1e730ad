"""The commands about datasets: sample, scan, clean."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from core.console import check_target, out, print_json, progress_bars
from core.datasets import Dataset, open_dataset
from core.datasets.actions import count_edits
from core.datasets.clean import DROPS, write_cleaned
from core.errors import ConfigError
from core.files import check_place

GROUPS = ("duplicates", "near_duplicates", "leaks", "label_conflicts")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]


def sample(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")]) -> None:
    """Draw the sample dataset of cat and dog faces into FOLDER."""
    from core.datasets.sample import write_sample  # here because no other command needs it

    with progress_bars() as progress:
        write_sample(folder, progress=progress)
    out.print(f"Drew the sample into {escape(str(folder))}", soft_wrap=True)


def scan(
    source: Annotated[str, typer.Argument(help="A folder, a zip, the address of a zip, 'cats_and_dogs' or 'sample'.")],
    json: Json = False,
) -> None:
    """Read every file of a dataset: counts by class and split, and what is wrong with it."""
    started = time.perf_counter()
    with progress_bars() as progress:
        dataset = open_dataset(source, progress=progress)
        from core.datasets.report import make_report  # here because no other command needs it

        report = make_report(dataset, progress)
    unreadable = [{"path": record.path, "reason": record.reason} for record in dataset.unreadable()]
    if json:
        groups = {key: [[record.path for record in group] for group in report.row(key).groups] for key in GROUPS}
        print_json(
            {
                "classes": list(dataset.classes),
                "counts": dataset.counts(),
                "unreadable": unreadable,
                **groups,
                "edits": count_edits(dataset),
                "fingerprint": dataset.fingerprint,
                "seconds": round(time.perf_counter() - started, 3),
            }
        )
        return
    _print_counts(dataset)
    found = Table("found", "pictures", "why it matters")
    for row in report.rows:
        if row.count:
            found.add_row(escape(row.title), f"{row.count:,}", escape(row.why))
    if found.rows:
        out.print(found)
    for missing in unreadable:
        out.print(f"unreadable: {escape(missing['path'])}: {escape(missing['reason'])}", soft_wrap=True)


def clean(
    source: Annotated[str, typer.Argument(help="A folder, a zip, the address of a zip, 'cats_and_dogs' or 'sample'.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.zip", help="The zip to write.")],
    drop: Annotated[str, typer.Option(help=f"What to leave out besides edits: some of {','.join(DROPS)}.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace OUT.zip where it exists.")] = False,
    json: Json = False,
) -> None:
    """Write the dataset, as its edits leave it, to a zip with train/CLASS and validation/CLASS folders."""
    _check_target(source, target, force)
    names = [name.strip() for name in drop.split(",") if name.strip()]
    if unknown := sorted(set(names) - set(DROPS)):
        raise ConfigError(f"Received {unknown[0]!r} for --drop", f"names among {','.join(DROPS)}")
    with progress_bars() as progress:
        dataset = open_dataset(source, progress=progress)
        summary = write_cleaned(dataset, target, names, progress)
    if json:
        print_json(summary)
        return
    left_out = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in summary["left_out"].items() if count)
    out.print(f"Wrote {summary['pictures']:,} pictures to {escape(str(target))}", soft_wrap=True)
    out.print(f"Left out: {left_out or 'nothing'}", soft_wrap=True)


def _check_target(source: str, target: Path, force: bool) -> None:
    """Before the dataset is read, which may take minutes."""
    check_place(target)
    try:
        same = target.exists() and Path(source).exists() and target.samefile(source)
    except OSError:  # an address may be too long for the name of a file
        same = False
    if same:
        raise ConfigError(f"{target} is the dataset itself", "another file", "Pawlab changes no file of a dataset")
    check_target(target, force)


def _print_counts(dataset: Dataset) -> None:
    table = Table("split", *map(escape, dataset.classes))
    for split, counts in dataset.counts().items():
        table.add_row(split, *(f"{count:,}" for count in counts.values()))
    out.print(table)
    edits = count_edits(dataset)
    if any(edits.values()):
        out.print(f"after edits: {edits['excluded']:,} excluded, {edits['relabelled']:,} relabelled")
