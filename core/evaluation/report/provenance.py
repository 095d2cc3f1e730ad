"""The provenance of a run for its report: training, data, settings, weights and versions, as HTML."""

from pathlib import Path
from typing import Any

from core.config import Settings
from core.datasets.source import DRAWN
from core.evaluation.report.content import Material
from core.evaluation.report.markup import facts, named, table
from core.net.addresses import is_address
from core.runs.fine_tuning import FineTuningConfig
from core.runs.settings import TrainingConfig
from core.text.markup import escape_html as text


def training(material: Material) -> str:
    about, seconds = material.about, material.about.get("seconds", {})
    words = f"Best epoch {about.get('best_epoch')} of {about.get('epochs')}"
    if isinstance(seconds, dict) and isinstance(seconds.get("total"), int | float):
        words += f", {seconds['total']:,.0f} seconds in total"
    return f"<p>{text(words)}.</p>{_second_stage(about)}"


def _second_stage(about: dict[str, Any]) -> str:
    """The run that a fine-tuned one continued; "" for other runs."""
    origin, stage = about.get("fine_tuned_from"), about.get("fine_tuning")
    if not isinstance(origin, dict) or not isinstance(stage, dict):
        return ""
    words = (
        f", which had {origin.get('epochs')} epochs and a validation accuracy of {origin.get('val_accuracy', 0):.1%}. "
        f"From there, the last {stage.get('layers')} layers of the base model were trained with the head."
    )
    if about.get("best_epoch", 0) <= origin.get("epochs", 0):
        words += " No epoch of it lowered the validation loss, so this is the first stage's model."
    return f"<p>The second stage, fine-tuning, continued {named(origin.get('name'))}{text(words)}</p>"


def data(material: Material) -> str:
    about, source = material.about, material.run.source
    shown = source if is_address(source) else Path(source).name or source  # no folder of whoever writes the report
    counts = about.get("counts", {})
    names = material.scores.predictions.classes
    rows = [(text(split), *(f"{numbers.get(name, 0):,}" for name in names)) for split, numbers in counts.items()]
    edits = about.get("edits", {})
    pairs = [
        ("source", named(DRAWN.get(source, shown))),
        (
            "edits before training",
            text(f"{edits.get('excluded', 0):,} excluded, {edits.get('relabelled', 0):,} relabelled"),
        ),
        ("fingerprint of the images", f"<code>{text(about.get('fingerprint', ''))}</code>"),
    ]
    return facts(pairs) + table(("split", *map(named, names)), rows, escaped=True)


def settings(material: Material) -> str:
    stored = material.about.get("settings")
    known = stored if isinstance(stored, dict) else material.run.config.model_dump(mode="json")
    more = ""
    if isinstance(stage := material.about.get("fine_tuning"), dict):
        more += f"<h3>Fine-tuning</h3>{_explained(stage, FineTuningConfig)}"
    inner = known.get("augmentation", {})
    if isinstance(inner, dict) and known.get("copies"):
        pairs = [(_code(name), text(value)) for name, value in inner.items()]
        more += f"<details><summary>Augmentation</summary>{table(('setting', 'value'), pairs)}</details>"
    return _explained(known, TrainingConfig) + more


def _explained(values: dict[str, Any], kind: type[Settings]) -> str:
    """Settings with their meaning, except for nested groups."""
    rows = []
    for name, value in values.items():
        field = kind.model_fields.get(name)
        if not isinstance(value, dict):
            rows.append((_code(name), text(value), text(field.description if field else "")))
    return table(("setting", "value", "meaning"), rows)


def _code(name: str) -> str:
    return f"<span><code>{text(name)}</code></span>"


def provenance(material: Material) -> str:
    weights, versions = material.about.get("weights", {}), material.about.get("versions", {})
    location = str(weights.get("location", ""))
    if weights.get("source") != "package index" and not is_address(location):
        location = Path(location).name
    pairs = [
        ("weights", text(weights.get("description", "not known"))),
        ("origin", text(f"{weights.get('source', 'not known')}: {location}")),
        ("digest of the weights", f"<code>{text(weights.get('digest', ''))}</code>"),
        ("SHA-256 of the file", f"<code>{text(weights.get('file_sha256', ''))}</code>"),
        ("versions", text(", ".join(f"{name} {number}" for name, number in versions.items()))),
    ]
    if digest := material.about.get("fine_tuned_digest"):
        pairs.append(("digest after fine-tuning", f"<code>{text(digest)}</code>"))
    return facts(pairs)
