"""A report on a run as one HTML file, to keep, hand in or print. It loads nothing from anywhere and needs no script:
figures are SVG, images are in the file. Names come from strangers: all text is escaped, and a policy in the file
forbids whatever might still slip through.
"""

import base64
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import PawlabError
from core.evaluation.conformal import LIMITS, measured_in_words
from core.evaluation.confusion import Counts, Score, confused_pairs, rates
from core.evaluation.report.content import Material, Misclassified, caveats, gather
from core.evaluation.report.figures import figures, training_figures
from core.evaluation.report.markup import bullets, date, named, table
from core.evaluation.report.provenance import data, provenance, settings, training
from core.evaluation.splits import TEST, VALIDATION, WHY_TEST, SplitSummary
from core.evaluation.summary import ClassSummary, CleanAccuracy, Summary
from core.evaluation.temperature import run_scaling_in_words
from core.evaluation.threshold import coverage_point
from core.evaluation.words import DECIMAL, PERCENT, as_percent, confidence_interval, decimal, interval, percent
from core.jobs.progress import Progress, silent
from core.runs.run import Run
from core.storage.files import write_atomic
from core.text.markup import escape_html as text

FEW = 8
"""Up to so many classes have cells in the matrix that are large enough for two figures."""
MAX_PAIRS = 20
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write_report(run: Run, target: Path, progress: Progress = silent, on: str | Path = VALIDATION) -> None:
    """Writes the report on a run with a model to `target`, whole or not at all.

    Args:
        progress, on: As `core.evaluation.report.content.gather`.

    Raises:
        RunError: The run has no model, or its files are broken.
        DatasetError: There are no images to score it on.
        PawlabError: The file cannot be written.
        Cancelled: From `progress`.
    """
    content = report_html(gather(run, progress, on))
    try:
        write_atomic(target, content)
    except OSError as error:
        raise PawlabError(f"{target} cannot be written: {error.strerror}", "a file in a folder that exists") from error


def report_html(material: Material) -> str:
    """The whole document."""
    run = material.run
    sections = [
        ("Scores", _scores(material)),
        *([("Test split", _test(material.test))] if material.test else []),
        ("Confusion matrix", _matrix(material)),
        ("Scores per class", _class_table(material.scores.classes)),
        ("Curves", _figures(figures(material))),
        ("Confidence threshold", _threshold(material)),
        ("Sets of classes", _sets(material)),
        ("Most confident errors", _errors(material)),
        ("Training", _figures(training_figures(material.history)) + training(material)),
        ("Data", data(material)),
        ("Settings", settings(material)),
        ("Pre-trained weights and versions", provenance(material)),
        ("Limits of these numbers", bullets(text(sentence) for sentence in caveats(material))),
    ]
    body = "".join(f"<section><h2>{title}</h2>{content}</section>" for title, content in sections)
    title = f"Report on {text(run.name)}"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_style()}</style></head><body><main><header><h1><bdi>{text(run.name)}</bdi></h1>"
        f"<p>{_headline(material)}</p></header>{body}"
        f"<footer>Written by Pawlab on {date(time.time())}. Run {text(run.id)}.</footer></main></body></html>\n"
    )


def _headline(material: Material) -> str:
    score = material.scores.accuracy
    names = material.scores.predictions.classes
    shown = ", ".join(map(named, names[:8])) + (f" and {len(names) - 8:,} more" if len(names) > 8 else "")
    return (
        f"A classifier of {shown}, trained on {date(material.run.created)}. Its accuracy on "
        f"{len(material.scores.predictions):,} {material.images}{_where(material)} is {percent(score)} "
        f"({confidence_interval(score)})."
    )


def _where(material: Material) -> str:
    return "" if material.on in (VALIDATION, TEST) else f" of {named(material.on)}"


def _scores(material: Material) -> str:
    scores = material.scores
    note = f"<p>{text(WHY_TEST)}</p>" if material.on == TEST else ""
    if words := run_scaling_in_words(material.run):
        note += f"<p>{text(words)}</p>"
    if scores.no_images:
        note += f"<p>The images can no longer be opened: {text(scores.no_images)}.</p>"
    else:
        note += _notes(scores.notes)
    return _score_table(scores, scores.clean, material.images) + note


def _test(test: SplitSummary) -> str:
    """Apart from the other scores, because it is the only split that chose nothing."""
    words = f"<p>{len(test.predictions):,} images. {text(WHY_TEST)}</p>"
    scores, classes = _score_table(test, test.clean, "test images"), _class_table(test.classes)
    if len(test.classes) > FEW:
        classes = f"<details><summary>Scores per class, on the test split</summary>{classes}</details>"
    else:
        classes = f"<h3>Per class, on the test split</h3>{classes}"
    return words + scores + classes + _notes(test.notes)


def _notes(notes: Sequence[str]) -> str:
    return bullets(map(text, notes)) if notes else ""


def _score_table(scores: Summary, clean: CleanAccuracy | None, images: str) -> str:
    rows = [("Accuracy", scores.accuracy, PERCENT, f"The share of the {images} that are classified correctly.")]
    if clean is not None:
        words = (
            f"Without {clean.leaks:,} images that also occur in the training set and {clean.excluded:,} that were "
            f"excluded since; {clean.relabelled:,} are judged by a label that was corrected since."
        )
        rows.append(("Clean accuracy", clean.accuracy, PERCENT, words))
    words = "The mean over the classes of F1, which combines precision and recall; a rare class counts as much."
    rows.append(("F1, macro average", scores.macro_f1, PERCENT, words))
    for k, score in scores.top_k.items():
        words = f"The share of the {images} whose true class is among the {k} most probable."
        rows.append((f"Top-{k} accuracy", score, PERCENT, words))
    if len(scores.classes) == 2:
        negative, positive = scores.classes
        words = f"The probability that a random image of {positive.name} ranks above one of {negative.name}."
        rows.append(("ROC area", positive.roc_area, DECIMAL, words))
        words = f"The area under the precision–recall curve of {positive.name}."
        rows.append(("Average precision", positive.average_precision, DECIMAL, words))
    words = "The average gap between confidence and accuracy; 0 = perfectly calibrated."
    rows.append(("Expected calibration error", scores.calibration_error, DECIMAL, words))
    cells = [
        (
            text(title),
            percent(score) if form == PERCENT else decimal(score),
            f"<span>{interval(score, form)}</span>",
            text(words),
        )
        for title, score, form, words in rows
    ]
    return table(("score", "value", "95% CI", "meaning"), cells)


def _matrix(material: Material) -> str:
    names, counts = material.scores.predictions.classes, material.scores.predictions.matrix()
    shares, dense = rates(counts), len(names) > FEW
    head = "".join(f'<th scope="col"><span>{named(name)}</span></th>' for name in names)
    lines = []
    for row, name in enumerate(names):
        cells = "".join(_matrix_cell(row, column, counts, shares[row, column]) for column in range(len(names)))
        lines.append(f'<tr><th scope="row">{named(name)}</th>{cells}</tr>')
    figures = "Counts; cells without images are blank" if dense else "Counts, and percentages of each row"
    return (
        f"<p>Rows: true class. Columns: predicted class. {figures}.</p>"
        f'<div class="wide"><table class="matrix{" dense" if dense else ""}"><tr><td></td>{head}</tr>{"".join(lines)}'
        f"</table></div>{_pairs(names, counts, shares) if dense else ''}"
    )


def _matrix_cell(row: int, column: int, counts: Counts, share: float) -> str:
    count = counts[row, column]
    large = f"<b>{count:,}</b><br>{as_percent(share)}"
    small = f"{count:,}" if count else ""
    figures = large if len(counts) <= FEW else small
    return f'<td class="{"right" if row == column else "wrong"}" style="--share:{share:.3f}">{figures}</td>'


def _pairs(names: Sequence[str], counts: Counts, shares: NDArray[np.float64]) -> str:
    rows = [
        (named(names[row]), named(names[column]), f"{counts[row, column]:,}", as_percent(shares[row, column]))
        for row, column in confused_pairs(counts)[:MAX_PAIRS]
    ]
    return f"<h3>Most confused pairs</h3>{table(('true class', 'predicted as', 'images', 'of the class'), rows)}"


def _class_table(classes: Sequence[ClassSummary]) -> str:
    head = ("class", "images", "precision", "recall", "F1", "ROC area", "average precision")
    rows = [
        (
            named(of_class.name),
            f"{of_class.scores.support:,}",
            *(_with_interval(score) for score in (of_class.scores.precision, of_class.scores.recall, of_class.f1)),
            *(_with_interval(score, DECIMAL) for score in (of_class.roc_area, of_class.average_precision)),
        )
        for of_class in classes
    ]
    return table(head, rows) + "<p>Small figures: 95% confidence intervals.</p>"


def _threshold(material: Material) -> str:
    predictions, threshold = material.scores.predictions, material.threshold
    if not threshold:
        return "<p>No threshold was chosen for this run: the model decides every image.</p>"
    point = coverage_point(predictions.labels, predictions.probabilities, threshold)
    matrix = predictions.matrix(threshold)
    right, decided = int(matrix.trace()), int(matrix.sum())
    words = (
        f"Chosen for this run: {threshold:g}. Below it the model says “unsure”. Of {len(predictions):,} images, "
        f"{right:,} are right, {decided - right:,} wrong and {len(predictions) - decided:,} unsure: coverage "
        f"{percent(point.coverage)}"
    )
    if decided:
        words += (
            f", accuracy of the images it decides {percent(point.accuracy)} ({confidence_interval(point.accuracy)})"
        )
    return f"<p>{text(words)}.</p>"


def _sets(material: Material) -> str:
    """Measured on the test split where there is one: the validation images set the cutoff."""
    predictions, images = material.scores.predictions, material.images
    if material.test:
        predictions, images = material.test.predictions, "test images"
    words = measured_in_words(material.run, predictions, on_validation=images == "validation images")
    return f"<p>{len(predictions):,} {text(images)}: {text(words)}.</p><p>{text(LIMITS)}</p>"


def _errors(material: Material) -> str:
    if not material.errors:
        return "<p>No image is misclassified.</p>"
    total = len(material.scores.predictions.misclassified)
    images = f"{total:,} images are" if total > 1 else "1 image is"
    words = (
        f"{images} misclassified; these are the most confident errors, which are often wrong labels. Beside each image "
        "its Grad-CAM: red marks the strongest evidence for the predicted class."
    )
    return f"<p>{words}</p><div class='errors'>{''.join(map(_error, material.errors))}</div>"


def _error(error: Misclassified) -> str:
    copy = f", augmented copy {error.copy}" if error.copy else ""
    words = f"{named(error.label)} → {named(error.prediction)}, {as_percent(error.confidence)}{copy}"
    images = f"<p>{text(error.reason or 'not shown')}</p>"
    if error.image:
        alt = f"{text(error.label)} predicted as {text(error.prediction)}"
        images = _image(error.image, alt) + _image(error.evidence, f"Grad-CAM of {text(error.prediction)}")
    path = f"<small>{named(error.path)}</small>" if error.path else ""
    return f"<figure><div>{images}</div><figcaption>{words}<br>{path}</figcaption></figure>"


def _image(content: bytes, alt: str) -> str:
    return f'<img alt="{alt}" src="data:image/jpeg;base64,{base64.b64encode(content).decode()}">'


def _figures(drawn: Sequence[tuple[str, str, str]]) -> str:
    cells = "".join(
        f"<figure><h3>{text(title)}</h3>{svg}<figcaption>{text(words)}</figcaption></figure>"
        for title, svg, words in drawn
    )
    return f'<div class="figures">{cells}</div>'


def _with_interval(score: Score, form: str = PERCENT) -> str:
    value = percent(score) if form == PERCENT else decimal(score)
    return f"{value}<br><small><span>{interval(score, form)}</span></small>" if score.known else value


@cache
def _style() -> str:
    return (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
