"""`classify --out`: predictions as a folder of Parquet parts, by this machine or a cluster."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.cli.console import print_json, progress_bars
from core.cli.scale import chosen_engine, fill_parts, print_outcome
from core.cli.stdin import DASH, with_paths_of_stdin
from core.inference.classifier import Classifier
from core.runs.limits import limits_of
from core.runs.run import Run


def classify_into_parts(
    inputs: Sequence[str],
    run: Run,
    out: str,
    engine: tuple[str, str, int],
    threshold: float | None,
    *,
    resume: bool,
    json: bool,
) -> int:
    """Classifies and says how that went: 1 where a file has no prediction.

    Args:
        engine: Its name, the cluster's address and the number of workers.
    """
    from core.scale.listing import list_inputs  # here because nobody else needs pyarrow
    from core.scale.predictions import prediction_kernel

    started = time.perf_counter()
    if DASH.name in inputs:
        inputs = [str(path) for path in with_paths_of_stdin([Path(text) for text in inputs])]
    classifier = Classifier.open(run)
    limits = limits_of(run, classifier.neighbours)
    limits = limits if threshold is None else replace(limits, threshold=threshold)
    kernel = prediction_kernel(run, classifier, limits)
    with (
        progress_bars() as progress,
        chosen_engine(*engine, out) as chosen,
        list_inputs(inputs, out, progress) as files,
    ):
        outcome = fill_parts(kernel, files, out, chosen, progress, resume=resume)
    seconds = time.perf_counter() - started
    if json:
        print_json(
            {
                "results": [],
                "images_per_second": round(outcome.new / max(seconds, 1e-9), 1),
                "errors": outcome.failed,
                **_counts(out, limits.threshold),
                "already_answered": outcome.images - outcome.new,
                "parts": outcome.parts,
                "repeated": outcome.repeated,
                "out": out,
            }
        )
    else:
        print_outcome(outcome, seconds, out, json=False)
    return 1 if outcome.failed else 0


def _counts(out: str, threshold: float) -> dict[str, int]:
    """As `Tally` counts them: an unlike image is not unsure too."""
    from core.storage.parts import PartsFolder

    folder, unsure, unlike = PartsFolder(out), 0, 0
    for key in folder.part_keys():
        for row in folder.read(key, ["confidence", "unlike"]).to_pylist():
            unlike += row["unlike"] is True
            unsure += row["unlike"] is not True and row["confidence"] is not None and row["confidence"] < threshold
    return {"unsure": unsure, "unlike": unlike}
