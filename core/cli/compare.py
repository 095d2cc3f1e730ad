"""The command `compare`: two runs on the same images, and whether their difference is real."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.console import print_json, print_table, progress_bars, say
from core.cli.parameters import RUN, Json
from core.errors import DatasetError, RunError
from core.evaluation.compare_runs import Comparison, load_validated, verdict
from core.evaluation.compare_runs import compare as compare_validated
from core.evaluation.setting_differences import differences
from core.evaluation.words import UNKNOWN
from core.runs.store import find_run

if TYPE_CHECKING:
    from core.advice.comparison import Difference


def compare(
    first: Annotated[str, typer.Argument(help=f"The first run. {RUN}")],
    second: Annotated[str, typer.Argument(help="The second run.")],
    *,
    seed: Annotated[int, typer.Option(help="Of the folds.", min=0)] = 0,
    json: Json = False,
) -> None:
    """Say whether one run is better than another by more than chance. Compares their predictions on the validation
    images, and, where they differ in image size, crop or edits, what these do on average, by repeated cross-validation
    on the features of the frozen base."""
    from core.advice.two_runs import basis_in_words, compare_runs, in_words  # here: no other command needs it

    runs = find_run(first), find_run(second)
    comparison = compare_validated(load_validated(runs[0]), load_validated(runs[1]))
    difference, why = None, ""
    with progress_bars() as progress:
        try:
            difference = compare_runs(*runs, seed=seed, progress=progress)
        except (RunError, DatasetError) as error:
            why = error.received
    if json:
        print_json(as_json(comparison, difference, why))
        return
    rows = [
        (each.name, *(UNKNOWN if value is None else str(value) for value in each.values)) for each in differences(runs)
    ]
    print_table(("difference", *(run.name for run in runs)), rows)
    say(f"On {comparison.num_images:,} validation images: {verdict(comparison)}")
    if difference is None:
        say(f"Not cross-validated: {why}.")
        return
    say(in_words(difference, runs[0].name, runs[1].name).replace("**", ""))
    say(basis_in_words(difference))


def as_json(comparison: Comparison, difference: "Difference | None", why: str) -> dict[str, Any]:
    """What `compare --json` prints: accuracies are 0..1, differences second less first."""
    return {
        "validation": {
            "first": comparison.first.value,
            "second": comparison.second.value,
            "difference": comparison.difference,
            "low": comparison.low,
            "high": comparison.high,
            "images": comparison.num_images,
        },
        "cross_validation": difference and {**asdict(difference), "real": difference.real},
        "why_not": why,
    }
