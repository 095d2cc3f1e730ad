"""The command `evaluate`: a run's scores on a split of its data, or on other labelled images."""

from math import isnan
from typing import Annotated, Any

import typer

from core.cli.console import print_json, print_table, progress_bars, say
from core.cli.parameters import Json, RunName
from core.evaluation.conformal import measured_in_words, own_sets, score_sets
from core.evaluation.confusion import Score, confused_pairs
from core.evaluation.splits import TEST, VALIDATION, WHY_TEST, SplitSummary, evaluate_on, has_test_split
from core.evaluation.words import DECIMAL, with_interval
from core.runs.run import Run
from core.runs.store import find_run

PAIRS = 10
"""Most confused pairs that are printed."""


def evaluate(
    run_name: RunName,
    on: Annotated[
        str,
        typer.Option(help="'validation', 'test', or other labelled images: a folder, a zip, an address or 'sample'."),
    ] = VALIDATION,
    *,
    json: Json = False,
) -> None:
    """Score a run on a split of its data or on other images. Accuracy, F1 and each class come with 95% confidence
    intervals, beside what it confuses and the accuracy without leaks.

    Other images need a folder per class, of the names of the run's classes. All of them count, whatever split their
    folders name."""
    run = find_run(run_name)
    with progress_bars() as progress:
        summary = evaluate_on(run, on, progress)
    if json:
        print_json(as_json(run, summary))
    else:
        _print(run, summary)


def as_json(run: Run, summary: SplitSummary) -> dict[str, Any]:
    """What `evaluate --json` prints: scores are 0..1, null where they are not defined."""
    clean = summary.clean
    return {
        "run": run.id,
        "split": summary.split,
        "images": len(summary.predictions),
        "accuracy": _number(summary.accuracy.value),
        "interval": _interval(summary.accuracy),
        "macro_f1": _number(summary.macro_f1.value),
        "macro_f1_interval": _interval(summary.macro_f1),
        "top_k": {
            str(k): {"accuracy": score.value, "interval": _interval(score)} for k, score in summary.top_k.items()
        },
        "clean": clean
        and {
            "accuracy": _number(clean.accuracy.value),
            "interval": _interval(clean.accuracy),
            "leaks": clean.leaks,
            "excluded": clean.excluded,
            "relabelled": clean.relabelled,
        },
        "calibration_error": _number(summary.calibration_error.value),
        "sets": _sets(run, summary),
        "classes": {
            of_class.name: {
                "images": of_class.scores.support,
                "precision": _number(of_class.scores.precision.value),
                "precision_interval": _interval(of_class.scores.precision),
                "recall": _number(of_class.scores.recall.value),
                "recall_interval": _interval(of_class.scores.recall),
                "f1": _number(of_class.f1.value),
                "f1_interval": _interval(of_class.f1),
                "roc_area": _number(of_class.roc_area.value),
                "average_precision": _number(of_class.average_precision.value),
            }
            for of_class in summary.classes
        },
        "confusion": summary.predictions.matrix().tolist(),
        "notes": list(summary.notes),
    }


def _sets(run: Run, summary: SplitSummary) -> dict[str, Any] | None:
    if (sets := own_sets(run)) is None:
        return None
    scores = score_sets(summary.predictions, sets)
    return {
        "level": sets.level,
        "cutoff": sets.cutoff,
        "coverage": scores.coverage.value,
        "interval": _interval(scores.coverage),
        "mean_size": scores.size.value,
        "mean_size_interval": _interval(scores.size),
    }


def _number(value: float) -> float | None:
    return None if isnan(value) else value


def _interval(score: Score) -> list[float | None]:
    return [_number(score.low), _number(score.high)]


def _print(run: Run, summary: SplitSummary) -> None:
    predictions, clean = summary.predictions, summary.clean
    lines = [f"{run.name} ({run.id}) on {summary.split}: {len(predictions):,} images"]
    if summary.split == TEST:
        lines.append(WHY_TEST)
    elif summary.split == VALIDATION and has_test_split(run):
        lines.append(
            "The validation split chose the best epoch, so these scores are slightly optimistic: see --on test."
        )
    lines.append(f"accuracy: {with_interval(summary.accuracy)}")
    if clean:
        words = f"without {clean.leaks:,} that the run was trained on and {clean.excluded:,} excluded"
        lines.append(f"clean accuracy: {with_interval(clean.accuracy)}, {words}")
    lines.append(f"macro F1: {with_interval(summary.macro_f1)}")
    lines += [f"top-{k} accuracy: {with_interval(score)}" for k, score in summary.top_k.items()]
    lines.append(f"expected calibration error: {with_interval(summary.calibration_error, DECIMAL)}")
    lines.append(f"sets: {measured_in_words(run, summary.predictions, on_validation=summary.split == VALIDATION)}")
    for line in lines:
        say(line)
    header = ("class", "images", "precision", "recall", "F1")
    rows = []
    for of_class in summary.classes:
        scores = (of_class.scores.precision, of_class.scores.recall, of_class.f1)
        rows.append((of_class.name, f"{of_class.scores.support:,}", *map(with_interval, scores)))
    print_table(header, rows)
    counts = predictions.matrix()
    for row, column in confused_pairs(counts)[:PAIRS]:
        say(f"{counts[row, column]:,} {predictions.classes[row]} predicted as {predictions.classes[column]}")
    for remark in summary.notes:
        say(remark)
