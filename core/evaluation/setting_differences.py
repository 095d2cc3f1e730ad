"""In what runs differ: settings, augmentation, pictures, edits, weights. Only what differs is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.augmentation import PARAMETERS
from core.errors import PawlabError
from core.training.recipe import TrainingConfig
from core.training.runs import Run

AUGMENTATION = "augmentation."
# What is no setting but can explain a difference, read from run.json: a run without a model does not tell.
FACTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "fine-tuning": lambda summary: _second_stage(summary.get("fine_tuning")),
    "training pictures": lambda summary: sum(summary["counts"]["train"].values()),
    "validation pictures": lambda summary: sum(summary["counts"]["validation"].values()),
    "excluded by edits": lambda summary: summary["edits"]["excluded"],
    "relabelled by edits": lambda summary: summary["edits"]["relabelled"],
    "pictures' fingerprint": lambda summary: str(summary["fingerprint"])[:8],
    "pre-trained weights": lambda summary: f"{summary['weights']['description']} ({summary['weights']['digest'][:8]})",
    "TensorFlow": lambda summary: summary["versions"]["tensorflow"],
    "ONNX Runtime": lambda summary: summary["versions"]["onnxruntime"],
}


@dataclass(frozen=True)
class Difference:
    """One thing in which runs differ.

    `name` is a field of `TrainingConfig`, a field of `AugmentationConfig` after `AUGMENTATION`, "dataset" or one of
    `FACTS`. `values` holds one a run: None where it is not known or means nothing there.
    """

    name: str
    values: tuple[object, ...]

    def marked(self, reference: int = 0) -> tuple[bool, ...]:
        """For each run, whether it differs from the one at `reference`."""
        return tuple(value != self.values[reference] for value in self.values)


def differences(runs: Sequence[Run]) -> tuple[Difference, ...]:
    """What is not the same in all of `runs`, settings first."""
    found = [Difference(name, tuple(getattr(run.config, name) for run in runs)) for name in _settings()]
    found += [
        Difference(
            AUGMENTATION + name,
            # Without copies nothing is augmented, whatever the settings say.
            tuple(getattr(run.config.augmentation, name) if run.config.copies else None for run in runs),
        )
        for name in PARAMETERS
    ]
    found.append(Difference("dataset", tuple(run.source for run in runs)))
    told = [_facts(run) for run in runs]
    found += [Difference(name, tuple(facts.get(name) for facts in told)) for name in FACTS]
    return tuple(one for one in found if _differs(one))


def _settings() -> list[str]:
    return [name for name in TrainingConfig.model_fields if name != "augmentation"]


def _second_stage(settings: dict[str, Any] | None) -> str:
    if not settings:
        return "none"
    layers, epochs, rate = (settings[name] for name in ("layers", "epochs", "learning_rate"))
    return f"the last {layers} layers, {epochs} epochs at most, learning rate {rate:g}"


def _differs(difference: Difference) -> bool:
    """None is no value of its own: a run that does not tell differs in nothing."""
    known = [value for value in difference.values if value is not None]
    return any(value != known[0] for value in known[1:])


def _facts(run: Run) -> dict[str, object]:
    if not run.has_model():
        return {}
    try:
        summary = run.summary()
    except PawlabError:
        return {}
    told = {}
    for name, read in FACTS.items():
        try:
            told[name] = read(summary)
        except (KeyError, TypeError, ValueError, AttributeError):  # an older run, or a broken summary
            continue
    return told
