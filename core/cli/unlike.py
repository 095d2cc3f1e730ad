"""The command `unlike`: the cut beyond which a run calls an image unlike its training images, and what it does."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from core.cli.console import print_json, progress_bars, say
from core.cli.parameters import Json, RunName
from core.errors import ImageError, RunError
from core.evaluation.unlike import Cut, add_neighbours, basis_in_words, cut_at, cut_in_words, separation
from core.evaluation.words import DECIMAL, with_interval
from core.inference.classifier import Classifier, Prediction
from core.inference.inputs import find_images
from core.runs.choices import MAX_REJECTION, REJECTION
from core.runs.limits import has_neighbours, neighbours_of
from core.runs.run import Run
from core.runs.store import find_run


def unlike(
    run_name: RunName,
    reject: Annotated[
        float | None,
        typer.Option(
            help="Keep a new cut: the share of images like the training images that may be rejected, 0 to "
            f"{MAX_REJECTION:g}; 0 turns it off.",
            show_default="no change",
        ),
    ] = None,
    on: Annotated[
        Path | None, typer.Option(help="Measure on images of other things too: a folder, a zip or an image.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Show or set when an image is unlike the training images. A run from before version 0.2 first gets what
    that takes."""
    run = find_run(run_name)
    with progress_bars() as progress:
        neighbours = neighbours_of(run) if has_neighbours(run) else add_neighbours(run, progress)
        if reject is not None:
            REJECTION.keep(run, reject)
        others = _distances(run, on) if on else None
    cut = cut_at(neighbours, REJECTION.of(run), others)
    if json:
        values: dict[str, Any] = {"run": run.id, "rejection": cut.rejection, "cut": cut.distance}
        values |= {"reference_images": len(neighbours.labels), "validation": _score(cut, "validation")}
        if others is not None:
            area = separation(neighbours, others)
            values |= {"others": _score(cut, "others") | {"images": len(others)}, "roc_area": round(area, 4)}
        print_json(values)
        return
    say(basis_in_words(neighbours))
    say(cut_in_words(cut))
    if others is not None:
        words = f"Of the {len(others):,} images in {on} it calls {with_interval(cut.others)} so; area under the ROC "
        say(f"{words}curve {separation(neighbours, others):{DECIMAL}}.")


def _distances(run: Run, folder: Path) -> np.ndarray:
    """Those of all images in it; files that are none are left out."""
    classifier = Classifier.open(run)
    if classifier.neighbours is None:
        raise RunError(classifier.without_distance)
    with find_images([folder]) as images:
        predictions = classifier.classify_all(image.file for image in images)
        distances = [prediction.distance for prediction in predictions if isinstance(prediction, Prediction)]
    if not distances:
        raise ImageError(f"{folder} holds no image that can be read", "images of other things")
    return np.array(distances, np.float32)


def _score(cut: Cut, which: str) -> dict[str, Any]:
    score = asdict(cut)[which]
    return {"unlike": score["value"], "interval": [score["low"], score["high"]]}
