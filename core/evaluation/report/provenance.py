"""What the report says of where a run came from: its training, data, settings, weights and versions, as HTML."""

from pathlib import Path
from typing import Any

from core.addresses import is_address
from core.config import Settings
from core.evaluation.markup import facts, named, table, text
from core.evaluation.report import Material
from core.training.fine_tuning import FineTuningConfig
from core.training.recipe import TrainingConfig


def training(material: Material) -> str:
    about, seconds = material.about, material.about.get("seconds", {})
    words = f"Best epoch {about.get('best_epoch')} of {about.get('epochs')}"
    if isinstance(seconds, dict) and isinstance(seconds.get("total"), int | float):
        words += f", {seconds['total']:,.0f} seconds in all"
    return f"<p>{text(words)}.</p>{_second_stage(about)}"


def _second_stage(about: dict[str, Any]) -> str:
    """What a fine-tuned run went on from; nothing of another one."""
    origin, stage = about.get("fine_tuned_from"), about.get("fine_tuning")
    if not isinstance(origin, dict) or not isinstance(stage, dict):
        return ""
    words = (
        f", which had {origin.get('epochs')} epochs and answered {origin.get('val_accuracy', 0):.1%} right. From there "
        f"the last {stage.get('layers')} layers of the base changed with the head."
    )
    if about.get("best_epoch", 0) <= origin.get("epochs", 0):
        words += " No epoch of it had a lower validation loss, so this is the first stage's model."
    return f"<p>The second stage, fine-tuning, went on from {named(origin.get('name'))}{text(words)}</p>"


def data(material: Material) -> str:
    about, source = material.about, material.run.source
    shown = source if is_address(source) else Path(source).name or source  # no folder of whoever writes the report
    counts = about.get("counts", {})
    names = material.answers.classes
    rows = [(text(split), *(f"{numbers.get(name, 0):,}" for name in names)) for split, numbers in counts.items()]
    edits = about.get("edits", {})
    told = [
        ("source", named("drawn sample" if source == "sample" else shown)),
        (
            "edits before training",
            text(f"{edits.get('excluded', 0):,} excluded, {edits.get('relabelled', 0):,} relabelled"),
        ),
        ("fingerprint of the pictures", f"<code>{text(about.get('fingerprint', ''))}</code>"),
    ]
    return facts(told) + table(("split", *map(named, names)), rows, escaped=True)


def settings(material: Material) -> str:
    stored = material.about.get("settings")
    known = stored if isinstance(stored, dict) else material.run.config.model_dump(mode="json")
    more = ""
    if isinstance(stage := material.about.get("fine_tuning"), dict):
        more += f"<h3>Of the second stage</h3>{_explained(stage, FineTuningConfig)}"
    inner = known.get("augmentation", {})
    if isinstance(inner, dict) and known.get("copies"):
        pairs = [(_code(name), text(value)) for name, value in inner.items()]
        more += f"<details><summary>Augmentation of the copies</summary>{table(('setting', 'value'), pairs)}</details>"
    return _explained(known, TrainingConfig) + more


def _explained(values: dict[str, Any], kind: type[Settings]) -> str:
    """Settings and what they are, but for groups of them."""
    rows = []
    for name, value in values.items():
        field = kind.model_fields.get(name)
        if not isinstance(value, dict):
            rows.append((_code(name), text(value), text(field.description if field else "")))
    return table(("setting", "value", "what it is"), rows)


def _code(name: str) -> str:
    return f"<span><code>{text(name)}</code></span>"


def provenance(material: Material) -> str:
    weights, versions = material.about.get("weights", {}), material.about.get("versions", {})
    location = str(weights.get("location", ""))
    if weights.get("source") != "package index" and not is_address(location):
        location = Path(location).name
    told = [
        ("weights", text(weights.get("description", "not known"))),
        ("where from", text(f"{weights.get('source', 'not known')}: {location}")),
        ("digest of the numbers", f"<code>{text(weights.get('digest', ''))}</code>"),
        ("SHA-256 of the file", f"<code>{text(weights.get('file_sha256', ''))}</code>"),
        ("versions", text(", ".join(f"{name} {number}" for name, number in versions.items()))),
    ]
    if digest := material.about.get("fine_tuned_digest"):
        told.append(("digest after fine-tuning", f"<code>{text(digest)}</code>"))
    return facts(told)
