"""The command `classify`: images, folders of any size and zips, with a table that can be resumed."""

import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.classify_parts import classify_into_parts
from core.cli.console import note, print_json, progress_bars, say
from core.cli.parameters import RUN, Json
from core.cli.predictions import Tally, as_json, counts_in_words, print_predictions
from core.cli.scale import Address, EngineName, Out, Workers, check_parts
from core.cli.stdin import with_paths_of_stdin
from core.errors import Cancelled, ConfigError, ImageError, InputError
from core.images.files import read_image_file
from core.inference.classifier import Classifier, Prediction
from core.inference.inputs import WANTED, InputFile, InputFiles, find_images
from core.inference.sorting import FolderSorter
from core.inference.table import STDOUT, Earlier, TableWriter, check_replaceable, is_stream, read_table
from core.jobs.pool import POOL
from core.jobs.progress import Progress
from core.runs.limits import limits_of
from core.runs.store import find_run
from core.storage.files import check_place

SHOWN = 50
"""Predictions printed where there is no CSV."""
CHECKED = 3
"""Images classified again before a table is resumed: enough to recognise its run."""


def classify(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT", help="Images, folders or zips; - reads their paths from stdin.")
    ],
    run_name: Annotated[str, typer.Option("--run", help=RUN)],
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write the predictions to a CSV file, or to stdout: -")
    ] = None,
    out: Out = "",
    engine: EngineName = "local",
    address: Address = "",
    workers: Workers = 0,
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume the --csv file, or the parts of --out, after what is there.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the --csv file if it exists.")] = False,
    threshold: Annotated[
        float | None,
        typer.Option(help="Count predictions with a lower confidence as unsure, 0 to 1.", show_default="the run's own"),
    ] = None,
    sort_into: Annotated[
        Path | None,
        typer.Option("--sort-into", help="Copy the images into this folder, one folder per class."),
    ] = None,
    json: Json = False,
) -> int:
    """Classify images with the model of a run. Exits with 1 where an image has no prediction. Ctrl-C stops; --csv FILE
    --resume continues.

    --sort-into DIR copies each image into DIR/CLASS, unsure ones into DIR/unsure, and those unlike the training images
    into DIR/unlike. Originals stay, nothing is overwritten.

    --out DIR writes a folder of Parquet parts, which a cluster can fill too; its inputs may also be addresses such as
    s3://bucket/pets, and lists of paths (.txt, .parquet)."""
    check_parts(out, engine, address, workers)
    if threshold is not None and not 0 <= threshold <= 1:
        raise ConfigError(f"Received {threshold} for --threshold", "0 to 1")
    if out:
        if csv_file or sort_into or force:
            raise ConfigError("Received --csv, --force or --sort-into with --out", "--out without them")
        return classify_into_parts(
            inputs, find_run(run_name), out, (engine, address, workers), threshold, resume=resume, json=json
        )
    csv_file = STDOUT if csv_file == Path("-") else csv_file
    if resume and (csv_file is None or is_stream(csv_file)):
        raise ConfigError("Received --resume without a --csv file", "the table to resume", "Add --csv FILE")
    if json and csv_file == STDOUT:
        raise ConfigError("Received --json and a CSV for stdout", "one of them")
    if csv_file:
        check_place(csv_file) if resume else check_replaceable(csv_file, force=force)
    run = find_run(run_name)
    paths = with_paths_of_stdin([Path(text) for text in inputs])
    POOL.start()  # they import while ours opens the model
    classifier = Classifier.open(run)
    limits = limits_of(run, classifier.neighbours)
    counts = Tally(limits if threshold is None else replace(limits, threshold=threshold))
    sorter = FolderSorter(sort_into, classifier.classes, counts.limits, paths) if sort_into else None
    results: list[dict[str, Any]] = []  # grows with --json, which prints one object; else what the screen shows
    earlier, total = Earlier(), 0
    try:
        written = [path for path in (csv_file, sort_into) if path]
        with progress_bars() as progress, find_images(paths, progress, written) as images, ExitStack() as stack:
            if csv_file and resume:
                earlier = read_table(csv_file, classifier.classes)
            total = _survey(images, earlier, classifier, progress)
            table = TableWriter(csv_file, classifier.classes, counts.limits, earlier) if csv_file else None
            if table:
                stack.enter_context(table)
            classified = stack.enter_context(closing(_predictions(images, earlier, classifier, counts)))
            for image, prediction in classified:
                if sorter and not isinstance(prediction, ImageError):  # first: what the table has is not done again
                    sorter.copy(image.path, read_image_file(image.file), prediction)
                if table:
                    table.write(image, prediction)
                counts.add(image, prediction)
                if json or (not csv_file and counts.images <= SHOWN):
                    results.append(as_json(image, prediction, counts.limits))
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
        lines = counts_in_words(counts)
        if results:
            print_predictions(results, counts.limits)
        if results and (rest := counts.images - len(results)) > 0:
            lines.insert(0, f"and {rest:,} more; use --csv FILE for all of them")
        if earlier.rows:
            lines[-1] += f", {earlier.rows:,} were already in {csv_file}"
        if sorter:
            folders = ", ".join(f"{name}: {number:,}" for name, number in sorted(sorter.counts.items())) or "no image"
            lines.append(f"copied into {sort_into}: {folders}")
        for line in lines:
            note(line) if csv_file == STDOUT else say(line)
        if classifier.without_distance:
            note(classifier.without_distance)
    if counts.errors:
        note(f"{counts.errors:,} of {counts.images:,} images have no prediction. The first: {counts.first_error}")
    return 1 if counts.errors else 0


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


def _stopped(done: int, total: int, csv_file: Path | None) -> Cancelled:
    if not done:
        return Cancelled("Stopped before the first prediction")
    if csv_file and is_stream(csv_file):
        csv_file = None
    where = f"Their predictions are in {csv_file}" if csv_file else "Their predictions were not saved"
    fix = "Run the same command with --resume" if csv_file else "Use --csv FILE to keep them, and --resume to continue"
    return Cancelled(f"Stopped after {done:,} of {total:,} images. {where}", fix=fix)
