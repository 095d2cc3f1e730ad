"""A report on a run as one HTML file: to hand in, to keep, to print. Nothing in it asks another host for anything, and
it needs no script: figures are SVG, pictures are in the file. Every name in it was a stranger's: all text is escaped,
and a policy in the file forbids whatever might still slip through.
"""

import base64
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from core.errors import PawlabError
from core.evaluation.confusion import Score, rates
from core.evaluation.markup import bullets, date, named, table, text
from core.evaluation.report import Material, Mistake, caveats, gather
from core.evaluation.report_figures import figures, training_figures
from core.evaluation.report_origin import data, provenance, settings, training
from core.evaluation.threshold import trade
from core.evaluation.words import confident, interval, percent
from core.files import write_atomic
from core.progress import Progress, silent
from core.training.runs import Run

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write_report(run: Run, target: Path, progress: Progress = silent) -> None:
    """Writes the report on a run that left a model to `target`, whole or not at all.

    Args:
        progress: As `core.evaluation.report.gather`.

    Raises:
        RunError: The run has no model, or what it left is broken.
        PawlabError: The file cannot be written.
        Cancelled: From `progress`.
    """
    content = report_html(gather(run, progress))
    try:
        write_atomic(target, content)
    except OSError as error:
        raise PawlabError(f"{target} cannot be written: {error.strerror}", "a file in a folder that exists") from error


def report_html(material: Material) -> str:
    """The whole document."""
    run = material.run
    sections = [
        ("Scores", _scores(material)),
        ("What was taken for what", _matrix(material)),
        ("Each class", _classes(material)),
        ("Curves", _figures(figures(material))),
        ("Confidence threshold", _threshold(material)),
        ("The surest mistakes", _mistakes(material)),
        ("Training", _figures(training_figures(material.history)) + training(material)),
        ("Data", data(material)),
        ("Settings", settings(material)),
        ("Pre-trained weights and versions", provenance(material)),
        ("What these numbers do not say", bullets(text(one) for one in caveats(material))),
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
    names = material.answers.classes
    shown = ", ".join(named(one) for one in names[:8]) + (f" and {len(names) - 8:,} more" if len(names) > 8 else "")
    return (
        f"A classifier of {shown}, trained on {date(material.run.created)}. It answers {percent(score)} of "
        f"{len(material.answers):,} validation pictures right; on endless pictures of this kind likely (95&nbsp;%) "
        f"{interval(score)}."
    )


def _scores(material: Material) -> str:
    scores, honest = material.scores, material.honest
    rows = [("Accuracy", scores.accuracy, "The share of the validation pictures that is answered right.")]
    if honest is not None:
        words = (
            f"Without {honest.leaks:,} that training has seen too and {honest.excluded:,} excluded since; "
            f"{honest.relabelled:,} judged by a class that was corrected since."
        )
        rows.append(("Accuracy without leaks and excluded", honest.accuracy, words))
    rows.append(("F1, mean of classes", scores.macro_f1, "Precision and recall in one; a rare class counts as much."))
    if len(scores.classes) == 2:
        one = scores.classes[1]
        rows.append(("ROC area", one.roc_area, "The chance that a picture of the second class ranks before another."))
        rows.append(("Average precision", one.average_precision, f"Of the class {one.name}."))
    error = "How far confidence and accuracy lie apart on average. 0 is best."
    rows.append(("Calibration error", scores.calibration_error, error))
    cells = [
        (text(name), percent(score), f"<span>{interval(score)}</span>", text(words)) for name, score, words in rows
    ]
    note = "" if honest else f"<p>The pictures cannot be opened any more: {text(material.no_pictures)}.</p>"
    return table(("score", "value", "95 % interval", "what it is"), cells) + note


def _matrix(material: Material) -> str:
    names, counts = material.answers.classes, material.answers.matrix()
    shares = rates(counts)
    head = "".join(f'<th scope="col">{named(one)}</th>' for one in names)
    lines = []
    for row, name in enumerate(names):
        cells = "".join(
            f'<td class="{"right" if row == column else "wrong"}" style="--share:{shares[row, column]:.3f}">'
            f"<b>{counts[row, column]:,}</b><br>{shares[row, column]:.1%}</td>"
            for column in range(len(names))
        )
        lines.append(f'<tr><th scope="row">{named(name)}</th>{cells}</tr>')
    return (
        "<p>Rows: what it is. Columns: what the model answered. Counts, and shares of the row.</p>"
        f'<div class="wide"><table class="matrix"><tr><td></td>{head}</tr>{"".join(lines)}</table></div>'
    )


def _classes(material: Material) -> str:
    head = ("class", "pictures", "precision", "recall", "F1", "ROC area", "average precision")
    rows = [
        (
            named(one.name),
            f"{one.scores.support:,}",
            *map(
                _with_interval,
                (one.scores.precision, one.scores.recall, one.f1, one.roc_area, one.average_precision),
            ),
        )
        for one in material.scores.classes
    ]
    return table(head, rows)


def _threshold(material: Material) -> str:
    answers, threshold = material.answers, material.threshold
    if not threshold:
        chosen = "None was chosen for this run: every picture gets an answer."
    else:
        found = trade(answers.labels, answers.probabilities, threshold)
        matrix = answers.matrix(threshold)
        right, answered = int(matrix.trace()), int(matrix.sum())
        chosen = (
            f"Chosen for this run: {threshold:g}. Below it the answer is “unsure”. Of {len(answers):,} pictures "
            f"{right:,} are answered right, {answered - right:,} wrong, and {len(answers) - answered:,} are unsure: "
            f"{percent(found.coverage)} get an answer"
        )
        chosen += (
            f", and {percent(found.accuracy)} of these are right ({interval(found.accuracy)})." if answered else "."
        )
    return f"<p>{text(chosen)}</p>"


def _mistakes(material: Material) -> str:
    if not material.mistakes:
        return "<p>No validation picture was answered wrong.</p>"
    total = int((~material.answers.correct).sum())
    words = (
        f"{total:,} answers are wrong; here are those that the model was surest of. They are often wrong labels. "
        "Beside each: where it saw the evidence for its answer (red most)."
    )
    return f"<p>{words}</p><div class='mistakes'>{''.join(map(_one_mistake, material.mistakes))}</div>"


def _one_mistake(one: Mistake) -> str:
    copy = f", augmented copy {one.copy}" if one.copy else ""
    words = f"Is {named(one.label)}, answered {named(one.answer)} ({confident(one.confidence)}){copy}"
    pictures = f"<p>{text(one.reason or 'not shown')}</p>"
    if one.picture:
        alt = f"{text(one.label)} answered as {text(one.answer)}"
        pictures = _image(one.picture, alt) + _image(one.evidence, f"Evidence for {text(one.answer)}")
    path = f"<small>{named(one.path)}</small>" if one.path else ""
    return f"<figure><div>{pictures}</div><figcaption>{words}<br>{path}</figcaption></figure>"


def _image(content: bytes, alt: str) -> str:
    return f'<img alt="{alt}" src="data:image/jpeg;base64,{base64.b64encode(content).decode()}">'


def _figures(drawn: Sequence[tuple[str, str, str]]) -> str:
    cells = "".join(
        f"<figure><h3>{text(title)}</h3>{svg}<figcaption>{text(words)}</figcaption></figure>"
        for title, svg, words in drawn
    )
    return f'<div class="figures">{cells}</div>'


def _with_interval(score: Score) -> str:
    return f"{percent(score)}<br><small><span>{interval(score)}</span></small>" if score.known else "–"


@cache
def _style() -> str:
    return (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
