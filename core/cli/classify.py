"""The command `classify`: images, folders of any size and zips, with a table that can be resumed."""

import time
from collections import Counter, deque
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from core.cli.console import err, escape, out, print_json, progress_bars
from core.cli.data import Json
from core.errors import Cancelled, ConfigError, ImageError, InputError
from core.evaluation.words import as_percent
from core.images.files import read_image_file
from core.inference.batch import UNLIKE, UNSURE, outcome
from core.inference.classifier import Classifier, Prediction
from core.inference.inputs import WANTED, InputFile, InputFiles, find_images
from core.inference.sorting import FolderSorter
from core.inference.table import Earlier, TableWriter, check_replaceable, read_table
from core.jobs.pool import POOL
from core.jobs.progress import Progress
from core.runs.limits import Limits, limits_of
from core.runs.store import find_run
from core.storage.files import check_place

SHOWN = 50
"""Predictions printed where there is no CSV."""
CHECKED = 3
"""Images classified again before a table is resumed: enough to recognise its run."""


def classify(
    inputs: Annotated[list[Path], typer.Argument(help="Images, folders or zips.")],
    run_name: Annotated[str, typer.Option("--run", help="A run's id, name or folder.")],
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write the predictions to a CSV file.")] = None,
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume the --csv file after the rows it already has.")
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(help="Count predictions with a lower confidence as unsure, 0 to 1.", show_default="the run's own"),
    ] = None,
    sort_into: Annotated[
        Path | None,
        typer.Option("--sort-into", help="Copy the images into this folder, one folder per class."),
    ] = None,
    json: Json = False,
) -> None:
    """Classify images with the model of a run. Ctrl-C stops; --csv FILE --resume continues.

    --sort-into DIR copies each image into DIR/CLASS, unsure ones into DIR/unsure, and those unlike the training images
    into DIR/unlike. Originals stay, nothing is overwritten."""
    if resume and csv_file is None:
        raise ConfigError("Received --resume without --csv", "the table to resume", "Add --csv FILE")
    if threshold is not None and not 0 <= threshold <= 1:
        raise ConfigError(f"Received {threshold} for --threshold", "0 to 1")
    if csv_file:
        check_place(csv_file) if resume else check_replaceable(csv_file)
    run = find_run(run_name)
    POOL.start()  # they import while ours opens the model
    classifier = Classifier.open(run)
    limits = limits_of(run, classifier.neighbours)
    counts = Tally(limits if threshold is None else replace(limits, threshold=threshold))
    sorter = FolderSorter(sort_into, classifier.classes, counts.limits, inputs) if sort_into else None
    results: list[dict[str, Any]] = []  # grows with --json, which prints one object; else what the screen shows
    earlier, total = Earlier(), 0
    try:
        written = [path for path in (csv_file, sort_into) if path]
        with progress_bars() as progress, find_images(inputs, progress, written) as images, ExitStack() as stack:
            if csv_file and resume:
                earlier = read_table(csv_file, classifier.classes)
            total = _survey(images, earlier, classifier, progress)
            table = (
                stack.enter_context(TableWriter(csv_file, classifier.classes, counts.limits, earlier))
                if csv_file
                else None
            )
            classified = stack.enter_context(closing(_predictions(images, earlier, classifier, counts)))
            for image, prediction in classified:
                if sorter and not isinstance(prediction, ImageError):  # first: what the table has is not done again
                    sorter.copy(image.path, read_image_file(image.file), prediction)
                if table:
                    table.write(image, prediction)
                counts.add(prediction)
                if json or (not csv_file and counts.images <= SHOWN):
                    results.append(_row(image, prediction, counts.limits))
                progress("classify", counts.images, total)
    except KeyboardInterrupt:
        raise _stopped(counts.images, total, csv_file) from None
    if json:
        summary = {
            "errors": counts.errors,
            "unsure": counts.unsure,
            "unlike": counts.unlike,
            "already_answered": earlier.rows,
        }
        copied = {"copied": dict(sorter.counts)} if sorter else {}
        print_json({"results": results, "images_per_second": round(counts.rate, 1), **summary, **copied})
    else:
        _print(results, counts, earlier, csv_file)
        if sorter:
            folders = ", ".join(f"{name}: {number:,}" for name, number in sorted(sorter.counts.items())) or "no image"
            out.print(escape(f"copied into {sort_into}: {folders}"), soft_wrap=True)
        if classifier.without_distance:
            err.print(escape(classifier.without_distance), soft_wrap=True)


@dataclass
class Tally:
    """Counts of the predictions so far."""

    limits: Limits
    labels: Counter[str] = field(default_factory=Counter)
    images: int = 0
    errors: int = 0
    unsure: int = 0
    unlike: int = 0
    started: float = 0.0
    last: float = 0.0

    def add(self, prediction: Prediction | ImageError) -> None:
        self.images += 1
        self.last = time.perf_counter()
        if isinstance(prediction, ImageError):
            self.errors += 1
            return
        result = outcome(prediction, self.limits)
        self.unlike += result == UNLIKE
        self.unsure += result == UNSURE
        if result not in (UNLIKE, UNSURE):
            self.labels[result] += 1

    @property
    def rate(self) -> float:
        """Images per second."""
        return self.images / max(self.last - self.started, 1e-9)


def _survey(images: InputFiles, earlier: Earlier, classifier: Classifier, progress: Progress) -> int:
    """Number of images to classify; listing takes a thousandth of the time of classifying.

    Raises:
        InputError: There are no files, or the table is of another run or of other images.
    """
    files = waiting = checked = 0
    for files, image in enumerate(images, 1):
        if image.path not in earlier:
            waiting += 1
        elif image.path in earlier.samples and checked < CHECKED:
            earlier.check(image, classifier)
            checked += 1
        if files % 1000 == 0:
            progress("find", files, 0)
    if not files:
        raise InputError("The inputs contain no files", WANTED)
    if earlier.samples and not checked:
        raise InputError(
            f"The inputs contain none of the first images in {earlier.file}",
            "the same images, folders or zips as before, with the same paths",
            "Name another --csv file for other images",
        )
    progress("find", files, files)
    return waiting


def _predictions(
    images: InputFiles, earlier: Earlier, classifier: Classifier, counts: Tally
) -> Generator[tuple[InputFile, Prediction | ImageError], None, None]:
    ahead: deque[InputFile] = deque()  # the few that `classify_all` has taken but not yielded

    def files() -> Iterator[Path]:
        for image in images:
            if image.path not in earlier:
                counts.started = counts.started or time.perf_counter()  # after those that are skipped
                ahead.append(image)
                yield image.file

    with closing(classifier.classify_all(files())) as predictions:
        for prediction in predictions:
            image = ahead.popleft()
            yield image, ImageError(image.problem) if image.problem else prediction


def _row(image: InputFile, prediction: Prediction | ImageError, limits: Limits) -> dict[str, Any]:
    """`distance` and `unlike` are None where the run cannot tell."""
    if isinstance(prediction, ImageError):
        return {"path": image.path, "error": prediction.received}
    values = {"label": prediction.label, "confidence": prediction.confidence, "probabilities": prediction.probabilities}
    unlike = None if prediction.distance is None else prediction.is_unlike(limits)
    return {"path": image.path, **values, "distance": prediction.distance, "unlike": unlike}


def _stopped(done: int, total: int, csv_file: Path | None) -> Cancelled:
    if not done:
        return Cancelled("Stopped before the first prediction")
    where = f"Their predictions are in {csv_file}" if csv_file else "Their predictions were not saved"
    fix = "Run the same command with --resume" if csv_file else "Use --csv FILE to keep them, and --resume to continue"
    return Cancelled(f"Stopped after {done:,} of {total:,} images. {where}", fix=fix)


def _print(results: list[dict[str, Any]], counts: Tally, earlier: Earlier, csv_file: Path | None) -> None:
    if results:
        table = Table(Column("image", overflow="fold"), "label", "confidence", "training images")
        for result in results:
            if "error" in result:
                table.add_row(escape(result["path"]), escape(result["error"]), "", "")
                continue
            unsure = "unsure: " if result["confidence"] < counts.limits.threshold else ""
            cells = [escape(result["path"]), escape(unsure + result["label"]), as_percent(result["confidence"])]
            table.add_row(*cells, "unlike" if result["unlike"] else "")
        out.print(table)
        if (rest := counts.images - len(results)) > 0:
            out.print(f"and {rest:,} more; use --csv FILE for all of them")
    parts = [f"{label}: {count:,}" for label, count in counts.labels.most_common()]
    threshold = counts.limits.threshold
    parts += [f"unsure (confidence below {threshold:g}): {counts.unsure:,}"] if threshold else []
    parts += [f"unlike the training images: {counts.unlike:,}"] if counts.unlike else []
    parts += [f"errors: {counts.errors:,}"] if counts.errors else []
    if parts:
        out.print(escape(", ".join(parts)), soft_wrap=True)
    already = f", {earlier.rows:,} were already in {csv_file}" if earlier.rows else ""
    images = f"{counts.images:,} image{'' if counts.images == 1 else 's'}"
    pace = f", {counts.rate:.0f} images/s" if counts.images else ""
    out.print(escape(f"{images}{pace}{already}"), soft_wrap=True)
