"""The command classify: pictures, folders of any size and zips, with a table that can be gone on with."""

import time
from collections import Counter, deque
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table

from core.cli_data import Json
from core.console import out, print_json, progress_bars
from core.errors import Cancelled, ConfigError, ImageError, InputError
from core.evaluation.chosen import chosen_threshold
from core.files import check_place
from core.inference.classifier import Answer, Classifier
from core.inference.inputs import WANTED, Found, Pictures, find_pictures
from core.inference.table import Earlier, TableWriter, check_replaceable, read_table
from core.progress import Progress
from core.training.shelf import find_run

SHOWN = 50
"""Answers printed where there is no CSV."""
CHECKED = 3
"""Pictures classified once more before a table is gone on with: enough to tell one run from another."""


def classify(
    inputs: Annotated[list[Path], typer.Argument(help="Pictures, folders or zips.")],
    run_name: Annotated[str, typer.Option("--run", help="A run's id, name or folder.")],
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write the answers to a table.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after what the --csv file holds already.")] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Count answers of less confidence as unsure, 0 to 1.", show_default="what was chosen for the run"
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Classify pictures with a finished run. Ctrl-C stops; --csv FILE --resume goes on."""
    if resume and csv_file is None:
        raise ConfigError("Received --resume without --csv", "the table to go on with", "Add --csv FILE")
    if threshold is not None and not 0 <= threshold <= 1:
        raise ConfigError(f"Received {threshold} for --threshold", "0 to 1")
    if csv_file:
        check_place(csv_file) if resume else check_replaceable(csv_file)
    run = find_run(run_name)
    classifier = Classifier.open(run)
    counts = Tally(chosen_threshold(run) if threshold is None else threshold)
    results: list[dict[str, Any]] = []  # grows with --json, which prints one object; else what the screen shows
    earlier, total = Earlier(), 0
    try:
        with progress_bars() as progress, find_pictures(inputs, progress, csv_file) as pictures, ExitStack() as stack:
            if csv_file and resume:
                earlier = read_table(csv_file, classifier.classes)
            total = _survey(pictures, earlier, classifier, progress)
            table = stack.enter_context(TableWriter(csv_file, classifier.classes, earlier)) if csv_file else None
            answered = stack.enter_context(closing(_answers(pictures, earlier, classifier, counts)))
            for picture, answer in answered:
                if table:
                    table.write(picture, answer)
                counts.add(answer)
                if json or (not csv_file and counts.pictures <= SHOWN):
                    results.append(_row(picture, answer))
                progress("classify", counts.pictures, total)
    except KeyboardInterrupt:
        raise _stopped(counts.pictures, total, csv_file) from None
    if json:
        summary = {"errors": counts.errors, "unsure": counts.unsure, "already_answered": earlier.rows}
        print_json({"results": results, "images_per_second": round(counts.rate, 1), **summary})
    else:
        _print(results, counts, earlier, csv_file)


@dataclass
class Tally:
    """What came, in numbers that do not grow with it."""

    threshold: float
    labels: Counter[str] = field(default_factory=Counter)
    pictures: int = 0
    errors: int = 0
    unsure: int = 0
    began: float = 0.0
    last: float = 0.0

    def add(self, answer: Answer | ImageError) -> None:
        self.pictures += 1
        self.last = time.perf_counter()
        if isinstance(answer, ImageError):
            self.errors += 1
        elif answer.confidence < self.threshold:
            self.unsure += 1
        else:
            self.labels[answer.label] += 1

    @property
    def rate(self) -> float:
        """Pictures a second."""
        return self.pictures / max(self.last - self.began, 1e-9)


def _survey(pictures: Pictures, earlier: Earlier, classifier: Classifier, progress: Progress) -> int:
    """How many pictures wait for an answer; a listing takes a thousandth of the time that classifying takes.

    Raises:
        InputError: There are no files, or the table is not this run's or of other pictures.
    """
    found = waiting = checked = 0
    for found, picture in enumerate(pictures, 1):
        if picture.path not in earlier:
            waiting += 1
        elif picture.path in earlier.samples and checked < CHECKED:
            earlier.check(picture, classifier)
            checked += 1
        if found % 1000 == 0:
            progress("find", found, 0)
    if not found:
        raise InputError("There are no files in what was given", WANTED)
    if earlier.samples and not checked:
        raise InputError(
            f"The first pictures in {earlier.file} are not among the ones given",
            "the same pictures, folders or zips as before, written in the same way",
            "Name another --csv file for other pictures",
        )
    progress("find", found, found)
    return waiting


def _answers(
    pictures: Pictures, earlier: Earlier, classifier: Classifier, counts: Tally
) -> Generator[tuple[Found, Answer | ImageError], None, None]:
    ahead: deque[Found] = deque()  # a little: what `classify_all` has taken and not answered

    def files() -> Iterator[Path]:
        for picture in pictures:
            if picture.path not in earlier:
                counts.began = counts.began or time.perf_counter()  # after those that are passed over
                ahead.append(picture)
                yield picture.file

    with closing(classifier.classify_all(files())) as answers:
        for answer in answers:
            picture = ahead.popleft()
            yield picture, ImageError(picture.problem) if picture.problem else answer


def _row(picture: Found, answer: Answer | ImageError) -> dict[str, Any]:
    if isinstance(answer, ImageError):
        return {"path": picture.path, "error": answer.received}
    values = {"label": answer.label, "confidence": answer.confidence, "probabilities": answer.probabilities}
    return {"path": picture.path, **values}


def _stopped(done: int, total: int, csv_file: Path | None) -> Cancelled:
    if not done:
        return Cancelled("Stopped before the first answer")
    where = f"{csv_file} holds their answers" if csv_file else "Their answers are not kept"
    fix = "Go on with the same command and --resume" if csv_file else "With --csv FILE they are, and --resume goes on"
    return Cancelled(f"Stopped after {done:,} of {total:,} pictures. {where}", fix=fix)


def _print(results: list[dict[str, Any]], counts: Tally, earlier: Earlier, csv_file: Path | None) -> None:
    if results:
        table = Table(Column("picture", overflow="fold"), "label", "confidence")
        for result in results:
            if "error" in result:
                table.add_row(escape(result["path"]), escape(result["error"]), "")
                continue
            unsure = "unsure: " if result["confidence"] < counts.threshold else ""
            table.add_row(escape(result["path"]), escape(unsure + result["label"]), f"{result['confidence']:.1%}")
        out.print(table)
        if (rest := counts.pictures - len(results)) > 0:
            out.print(f"and {rest:,} more; --csv FILE writes them all")
    parts = [f"{label}: {count:,}" for label, count in counts.labels.most_common()]
    parts += [f"unsure (confidence below {counts.threshold:g}): {counts.unsure:,}"] if counts.threshold else []
    parts += [f"errors: {counts.errors:,}"] if counts.errors else []
    if parts:
        out.print(escape(", ".join(parts)), soft_wrap=True)
    already = f", {earlier.rows:,} were in {csv_file} already" if earlier.rows else ""
    pictures = f"{counts.pictures:,} picture{'' if counts.pictures == 1 else 's'}"
    pace = f", {counts.rate:.0f} a second" if counts.pictures else ""
    out.print(escape(f"{pictures}{pace}{already}"), soft_wrap=True)
