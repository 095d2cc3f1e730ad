"""A report on a run as one HTML file: to hand in, to keep, to print. Nothing in it asks another host for anything, and
it needs no script: figures are SVG, pictures are in the file. Every name in it was a stranger's: all text is escaped,
and a policy in the file forbids whatever might still slip through.
"""

import base64
import time
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from core.addresses import is_address
from core.errors import PawlabError
from core.evaluation.confusion import Score, rates
from core.evaluation.markup import text
from core.evaluation.report import Material, Mistake, caveats, gather
from core.evaluation.report_figures import figures, training_figures
from core.evaluation.threshold import trade
from core.evaluation.words import confident, interval, percent
from core.files import write_atomic
from core.progress import Progress, silent
from core.training.recipe import TrainingConfig
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
        ("Training", _figures(training_figures(material.history)) + _training(material)),
        ("Data", _data(material)),
        ("Settings", _settings(material)),
        ("Pre-trained weights and versions", _provenance(material)),
        ("What these numbers do not say", _list(text(one) for one in caveats(material))),
    ]
    body = "".join(f"<section><h2>{title}</h2>{content}</section>" for title, content in sections)
    title = f"Report on {text(run.name)}"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_style()}</style></head><body><main><header><h1><bdi>{text(run.name)}</bdi></h1>"
        f"<p>{_headline(material)}</p></header>{body}"
        f"<footer>Written by Pawlab on {_date(time.time())}. Run {text(run.id)}.</footer></main></body></html>\n"
    )


def _name(value: object) -> str:
    return f"<bdi>{text(value)}</bdi>"


def _headline(material: Material) -> str:
    score = material.scores.accuracy
    names = material.answers.classes
    shown = ", ".join(_name(one) for one in names[:8]) + (f" and {len(names) - 8:,} more" if len(names) > 8 else "")
    return (
        f"A classifier of {shown}, trained on {_date(material.run.created)}. It answers {percent(score)} of "
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
    return _table(("score", "value", "95 % interval", "what it is"), cells) + note


def _matrix(material: Material) -> str:
    names, counts = material.answers.classes, material.answers.matrix()
    shares = rates(counts)
    head = "".join(f'<th scope="col">{_name(one)}</th>' for one in names)
    lines = []
    for row, name in enumerate(names):
        cells = "".join(
            f'<td class="{"right" if row == column else "wrong"}" style="--share:{shares[row, column]:.3f}">'
            f"<b>{counts[row, column]:,}</b><br>{shares[row, column]:.1%}</td>"
            for column in range(len(names))
        )
        lines.append(f'<tr><th scope="row">{_name(name)}</th>{cells}</tr>')
    return (
        "<p>Rows: what it is. Columns: what the model answered. Counts, and shares of the row.</p>"
        f'<div class="wide"><table class="matrix"><tr><td></td>{head}</tr>{"".join(lines)}</table></div>'
    )


def _classes(material: Material) -> str:
    head = ("class", "pictures", "precision", "recall", "F1", "ROC area", "average precision")
    rows = [
        (
            _name(one.name),
            f"{one.scores.support:,}",
            *map(
                _with_interval,
                (one.scores.precision, one.scores.recall, one.f1, one.roc_area, one.average_precision),
            ),
        )
        for one in material.scores.classes
    ]
    return _table(head, rows)


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
    words = f"Is {_name(one.label)}, answered {_name(one.answer)} ({confident(one.confidence)}){copy}"
    pictures = f"<p>{text(one.reason or 'not shown')}</p>"
    if one.picture:
        alt = f"{text(one.label)} answered as {text(one.answer)}"
        pictures = _image(one.picture, alt) + _image(one.evidence, f"Evidence for {text(one.answer)}")
    path = f"<small>{_name(one.path)}</small>" if one.path else ""
    return f"<figure><div>{pictures}</div><figcaption>{words}<br>{path}</figcaption></figure>"


def _image(content: bytes, alt: str) -> str:
    return f'<img alt="{alt}" src="data:image/jpeg;base64,{base64.b64encode(content).decode()}">'


def _training(material: Material) -> str:
    about, seconds = material.about, material.about.get("seconds", {})
    words = f"Best epoch {about.get('best_epoch')} of {about.get('epochs')}"
    if isinstance(seconds, dict) and isinstance(seconds.get("total"), int | float):
        words += f", {seconds['total']:,.0f} seconds in all"
    return f"<p>{text(words)}.</p>"


def _data(material: Material) -> str:
    about, source = material.about, material.run.source
    shown = source if is_address(source) else Path(source).name or source  # no folder of whoever writes the report
    counts = about.get("counts", {})
    names = material.answers.classes
    rows = [(text(split), *(f"{numbers.get(name, 0):,}" for name in names)) for split, numbers in counts.items()]
    edits = about.get("edits", {})
    facts = [
        ("source", _name("drawn sample" if source == "sample" else shown)),
        (
            "edits before training",
            text(f"{edits.get('excluded', 0):,} excluded, {edits.get('relabelled', 0):,} relabelled"),
        ),
        ("fingerprint of the pictures", f"<code>{text(about.get('fingerprint', ''))}</code>"),
    ]
    return _facts(facts) + _table(("split", *map(_name, names)), rows, escaped=True)


def _settings(material: Material) -> str:
    stored = material.about.get("settings")
    known = stored if isinstance(stored, dict) else material.run.config.model_dump(mode="json")
    rows = []
    for name, value in known.items():
        field = TrainingConfig.model_fields.get(name)
        if not isinstance(value, dict):
            rows.append(
                (f"<span><code>{text(name)}</code></span>", text(value), text(field.description if field else ""))
            )
    inner = known.get("augmentation", {})
    more = ""
    if isinstance(inner, dict) and known.get("copies"):
        pairs = [(f"<span><code>{text(name)}</code></span>", text(value)) for name, value in inner.items()]
        more = f"<details><summary>Augmentation of the copies</summary>{_table(('setting', 'value'), pairs)}</details>"
    return _table(("setting", "value", "what it is"), rows) + more


def _provenance(material: Material) -> str:
    weights, versions = material.about.get("weights", {}), material.about.get("versions", {})
    location = str(weights.get("location", ""))
    if weights.get("source") != "package index" and not is_address(location):
        location = Path(location).name
    facts = [
        ("weights", text(weights.get("description", "not known"))),
        ("where from", text(f"{weights.get('source', 'not known')}: {location}")),
        ("digest of the numbers", f"<code>{text(weights.get('digest', ''))}</code>"),
        ("SHA-256 of the file", f"<code>{text(weights.get('file_sha256', ''))}</code>"),
        ("versions", text(", ".join(f"{name} {number}" for name, number in versions.items()))),
    ]
    return _facts(facts)


def _figures(drawn: Sequence[tuple[str, str, str]]) -> str:
    cells = "".join(
        f"<figure><h3>{text(title)}</h3>{svg}<figcaption>{text(words)}</figcaption></figure>"
        for title, svg, words in drawn
    )
    return f'<div class="figures">{cells}</div>'


def _with_interval(score: Score) -> str:
    return f"{percent(score)}<br><small><span>{interval(score)}</span></small>" if score.known else "–"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], escaped: bool = False) -> str:
    """Cells are HTML already; so is the head where it is `escaped`."""
    top = "".join(f'<th scope="col">{one if escaped else text(one)}</th>' for one in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{top}</tr>{body}</table></div>'


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<dt>{text(name)}</dt><dd>{value}</dd>' for name, value in pairs)}</dl>"


def _list(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{one}</li>' for one in items)}</ul>"


def _date(moment: float) -> str:
    return time.strftime("%d %B %Y, %H:%M", time.localtime(moment))


@cache
def _style() -> str:
    return (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
