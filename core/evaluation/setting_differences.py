"""Differences between runs: settings, augmentation, images, edits, weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.augmentation import PARAMETERS
from core.errors import PawlabError
from core.runs.run import Run
from core.runs.settings import TrainingConfig

AUGMENTATION = "augmentation."
# Facts that are not settings but can explain a difference, read from run.json, which a run without a model lacks.
FACTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "fine-tuning": lambda summary: _second_stage(summary.get("fine_tuning")),
    "training images": lambda summary: sum(summary["counts"]["train"].values()),
    "validation images": lambda summary: sum(summary["counts"]["validation"].values()),
    "excluded by edits": lambda summary: summary["edits"]["excluded"],
    "relabelled by edits": lambda summary: summary["edits"]["relabelled"],
    "images' fingerprint": lambda summary: str(summary["fingerprint"])[:8],
    "pre-trained weights": lambda summary: f"{summary['weights']['description']} ({summary['weights']['digest'][:8]})",
    "TensorFlow": lambda summary: summary["versions"]["tensorflow"],
    "ONNX Runtime": lambda summary: summary["versions"]["onnxruntime"],
}


@dataclass(frozen=True)
class Difference:
    """One difference between runs.

    `name` is a field of `TrainingConfig`, a field of `AugmentationConfig` after `AUGMENTATION`, "dataset" or one of
    `FACTS`. `values` holds one value per run: None where it is unknown or does not apply.
    """

    name: str
    values: tuple[object, ...]

    def marked(self, reference: int = 0) -> tuple[bool, ...]:
        """For each run, whether its value differs from that of the run at `reference`."""
        return tuple(value != self.values[reference] for value in self.values)


def differences(runs: Sequence[Run]) -> tuple[Difference, ...]:
    """Everything that is not the same in all of `runs`, settings first."""
    settings = [name for name in TrainingConfig.model_fields if name != "augmentation"]
    candidates = [Difference(name, tuple(getattr(run.config, name) for run in runs)) for name in settings]
    candidates += [
        Difference(
            AUGMENTATION + name,
            # Without copies nothing is augmented, whatever the settings say.
            tuple(getattr(run.config.augmentation, name) if run.config.copies else None for run in runs),
        )
        for name in PARAMETERS
    ]
    candidates.append(Difference("dataset", tuple(run.source for run in runs)))
    facts = [_facts(run) for run in runs]
    candidates += [Difference(name, tuple(of_run.get(name) for of_run in facts)) for name in FACTS]
    return tuple(candidate for candidate in candidates if _differs(candidate))


def _second_stage(settings: dict[str, Any] | None) -> str:
    if not settings:
        return "none"
    layers, epochs, rate = (settings[name] for name in ("layers", "epochs", "learning_rate"))
    return f"the last {layers} layers, {epochs} epochs at most, learning rate {rate:g}"


def _differs(difference: Difference) -> bool:
    """None is not a value: an unknown value differs from nothing."""
    known = [value for value in difference.values if value is not None]
    return any(value != known[0] for value in known[1:])


def _facts(run: Run) -> dict[str, object]:
    if not run.has_model():
        return {}
    try:
        summary = run.summary()
    except PawlabError:
        return {}
    facts = {}
    for name, read in FACTS.items():
        try:
            facts[name] = read(summary)
        except (KeyError, TypeError, ValueError, AttributeError):  # an older run, or a broken summary
            continue
    return facts
